"""Label Studio: JSON tasks with predictions, and the labelling configuration that they need. Offsets are characters."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from classifier import __version__
from classifier.annotation.files import read_json
from classifier.annotation.formats import FormatName, beside
from classifier.annotation.notes import LABELS, WORDS, GoldNote, Mark, facts_of
from classifier.annotation.readings import Reading, State
from classifier.annotation.shapes import id_of, understood
from classifier.batch.writers import replace_file
from classifier.errors import NoteTermsError

_LABEL, _TEXT, _HISTORICAL = "label", "text", "historical"
_COLOURS = {
    "LOCAL_SPREAD": "#2e7d32",
    "REGIONAL_SPREAD": "#b8860b",
    "DISTANT_SPREAD": "#c62828",
    "RECURRENCE": "#ad1457",
    "RELAPSE": "#7b1fa2",
    "SECOND_CANCER": "#00838f",
    "ADVANCED": "#1565c0",
    "IGNORE": "#757575",
}


def read(path: Path) -> Iterator[Reading]:
    """Yield one reading an annotation, and one for a task that has none, with its last predictions."""
    tasks = read_json(path)
    if not isinstance(tasks, list):
        raise NoteTermsError("E501", f"{path} is no list of tasks.", "Export from Label Studio in the format JSON.")
    for number, task in enumerate(tasks, start=1):
        yield from _readings(path.name, number, task)


def _readings(name: str, number: int, task: Any) -> Iterator[Reading]:
    identity = task.get("id", number) if isinstance(task, dict) else number
    where = f"{name}, task {identity}"
    whole = Reading(where)
    expected = "tasks with data, and annotations or predictions: the export format JSON, not JSON-MIN"
    with understood(whole, expected):
        data = task["data"]
        annotations, predictions = (list(task.get(name) or ()) for name in ("annotations", "predictions"))
        given = {"note_id": id_of(data.get("note_id")), "text": data.get(_TEXT), "genre": data.get("genre")}
        whole.note_id = given["note_id"]
    if whole.problem is not None:
        yield whole
        return
    for annotation in annotations:
        reading = Reading(where, **given)
        with understood(reading, expected):
            reading.annotator = _person(annotation.get("completed_by"))
            reading.state = State.SKIPPED if annotation.get("was_cancelled") else State.DONE
            reading.marks = _marks(where, annotation["result"])
        yield reading
    if not annotations:
        reading = Reading(where, **given, state=State.UNTOUCHED)
        with understood(reading, expected):
            reading.marks = _marks(where, predictions[-1]["result"]) if predictions else []
        yield reading


def _person(completed_by: Any) -> str | None:
    if isinstance(completed_by, dict):
        completed_by = completed_by.get("email") or completed_by.get("id")
    return None if completed_by is None else str(completed_by)


def _marks(where: str, results: list[dict[str, Any]]) -> list[Mark]:
    """Put together the results that share the id of a region."""
    regions: dict[str, Mark] = {}
    for result in results:
        control, value = result.get("from_name"), result.get("value", {})
        if control not in (_LABEL, *WORDS, _HISTORICAL) or result["type"] not in ("labels", "choices"):
            raise NoteTermsError(
                "E514",
                f"{where} has a result of the control {control!r} (type {result.get('type')!r}).",
                f"Expected {', '.join((_LABEL, *WORDS, _HISTORICAL))}: use the labelling configuration of the export.",
            )
        region = regions.setdefault(result["id"], {"start": value.get("start"), "end": value.get("end"), "label": None})
        words = value[result["type"]]
        if control == _HISTORICAL:
            region[_HISTORICAL] = bool(words)
        elif words:
            if len(words) > 1:
                raise NoteTermsError(
                    "E506", f"{where} has a region with {control} {', '.join(words)}.", "Choose one of them."
                )
            region[control] = words[0]
        if control == _LABEL and result.get("score") is not None:
            region["score"] = result["score"]
    return list(regions.values())


def write(notes: Iterable[GoldNote], path: Path) -> None:
    """Write the tasks, and beside them the labelling configuration of their project."""
    tasks = [_task(note) for note in notes]
    replace_file(path, json.dumps(tasks, ensure_ascii=False, indent=1).encode())
    replace_file(beside(path, FormatName.LABEL_STUDIO), labelling_configuration().encode())


def _task(note: GoldNote) -> dict[str, Any]:
    results = [result for number, mark in enumerate(note.marks, start=1) for result in _results(f"mark{number}", mark)]
    scores = [mark["score"] for mark in note.marks if mark.get("score") is not None]
    prediction: dict[str, Any] = {"model_version": f"note-terms {__version__}", "result": results}
    if scores:
        # A note is as sure as its least sure tag, so that the data manager can sort by doubt.
        prediction["score"] = min(scores)
    data = {_TEXT: note.text, "note_id": note.note_id} | ({"genre": note.genre} if note.genre else {})
    return {"data": data, "predictions": [prediction]}


def _results(identity: str, mark: Mark) -> Iterator[dict[str, Any]]:
    place = {"start": mark["start"], "end": mark["end"], "text": mark["text"]}
    shared = {"id": identity, "to_name": _TEXT}
    score = {} if mark.get("score") is None else {"score": mark["score"]}
    yield {**shared, "from_name": _LABEL, "type": "labels", "value": {**place, "labels": [mark["label"]]}, **score}
    for name in facts_of(mark["label"]):
        word = name if name == _HISTORICAL and mark.get(name) else mark.get(name)
        if word:
            yield {**shared, "from_name": name, "type": "choices", "value": {**place, "choices": [word]}}


def labelling_configuration() -> str:
    """Return the XML of a project: labels on the text, and the facts of the mark that is selected."""
    view = ElementTree.Element("View")
    labels = ElementTree.SubElement(view, "Labels", name=_LABEL, toName=_TEXT)
    for label in LABELS:
        ElementTree.SubElement(labels, "Label", value=label, background=_COLOURS[label])
    ElementTree.SubElement(view, "Text", name=_TEXT, value=f"${_TEXT}", granularity="symbol")
    for name in (*WORDS, _HISTORICAL):
        having = ",".join(label for label in LABELS if name in facts_of(label))
        box = ElementTree.SubElement(view, "View", visibleWhen="region-selected", whenLabelValue=having)
        ElementTree.SubElement(box, "Header", value=name.capitalize(), size="6")
        choices = ElementTree.SubElement(
            box, "Choices", name=name, toName=_TEXT, perRegion="true", whenLabelValue=having, showInline="true"
        )
        choices.set("choice", "multiple" if name == _HISTORICAL else "single-radio")
        for word in [_HISTORICAL] if name == _HISTORICAL else WORDS[name]:
            ElementTree.SubElement(choices, "Choice", value=str(word))
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"
