"""One gold out of two annotators: what they agree on, and the rulings on what they do not."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classifier.annotation.annotators import Annotators, identity
from classifier.annotation.disagreements import Disagreement, differences, disagreements
from classifier.annotation.matching import link
from classifier.annotation.notes import FACTS, IGNORE, Mark, checked
from classifier.batch.tables import read_table
from classifier.errors import NoteTermsError, some_of
from classifier.labels import Label

_REQUIRED: dict[str, tuple[str, ...]] = {Label.ADVANCED: ("sense",), Label.SECOND_CANCER: ("status",), IGNORE: ()}
_HOW = 'A ruling is "a", "b", "neither", "both", or an object with the fields of the span.'
_SPAN_FIELDS = ("start", "end", "label", *FACTS, "text")


@dataclass(frozen=True, slots=True)
class Ruling:
    """What is ruled on one disagreement."""

    where: str
    """File and line, for errors."""
    content: Any
    """As given."""


def adjudicate(annotators: Annotators, rulings: Path, undecided: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield gold, one note after the other, as JSON objects.

    Parameters
    ----------
    annotators : Annotators
        Two.
    rulings : Path
        The list of `classifier.annotation.disagreements` with its field `ruling` filled: `a`, `b`, `neither`, `both`,
        or an object with the fields of the span. Fields that it leaves out are those that the annotators agree on.
    undecided : str, optional
        What becomes of disagreements without ruling: `a`, `b`, or `drop` for neither; default an error.

    Raises
    ------
    NoteTermsError
        E550 for a line that is no disagreement, E551 for one that is of other annotators, E552 for one that the files
        do not have or no longer have, E553 for one that is ruled on twice, E554 for disagreements without ruling,
        E555 for a ruling that is none, E556 for a ruling that puts the same span twice; and what
        `classifier.annotation.notes.checked` raises.
    """
    open_cases = {_key(one.note_id, one.annotators): one for one in disagreements(annotators)}
    ruled = _read(rulings, annotators, open_cases)
    left = [one for key, one in open_cases.items() if key not in ruled]
    if left and undecided is None:
        places = some_of([f"note {one.note_id!r} {one.start}-{one.end}" for one in left])
        raise NoteTermsError(
            "E554",
            f"{rulings} has no ruling on {len(left)} disagreements: {places}.",
            "Fill them in, or say what to do with them by --undecided a, b or drop.",
        )
    otherwise = Ruling("--undecided", "neither" if undecided == "drop" else undecided)
    for note_id, sides in annotators.notes.items():
        gold: dict[tuple, Mark] = {}
        for unit in link(sides):
            pair = {name: unit.get(side) for side, name in enumerate(annotators.names)}
            if not differences(unit, 2):
                ruling, spans = None, [_joined(unit[0], unit[1])]
            else:
                ruling = ruled.get(_key(note_id, pair), otherwise)
                spans = _apply(ruling, list(pair.values()), annotators.names, annotators.texts.get(note_id))
            for span in spans:
                if gold.setdefault((span["start"], span["end"], span["label"]), span) is not span:
                    raise NoteTermsError(
                        "E556",
                        f"{ruling.where if ruling else rulings}: the note has two spans {span['label']} at "
                        f"{span['start']}-{span['end']}.",
                        "Rule for one of them.",
                    )
        yield _as_gold(note_id, annotators.texts.get(note_id), list(gold.values()))


def _key(note_id: str, pair: dict[str, Mark | None]) -> tuple:
    return (note_id, *(None if span is None else identity(span) for span in pair.values()))


def _read(path: Path, annotators: Annotators, open_cases: dict[tuple, Disagreement]) -> dict[tuple, Ruling]:
    """Return the rulings that there are, by the disagreement."""
    lines: dict[tuple, int] = {}
    ruled: dict[tuple, Ruling] = {}
    stale: list[int] = []
    for number, row in read_table(path):
        where = f"{path}, line {number}"
        pair: Any = row.get("annotators")
        if "note_id" not in row or "ruling" not in row or not _is_pair(pair):
            raise NoteTermsError(
                "E550", f"{where} has no note_id, annotators or ruling.", "Give the list of `agree --disagreements`."
            )
        if sorted(pair) != sorted(annotators.names):
            raise NoteTermsError(
                "E551",
                f"{where} is of {' and '.join(pair)}, and not of {' and '.join(annotators.names)}.",
                "Give the files that were compared, under the names they had.",
            )
        if list(pair) != annotators.names and row["ruling"] in ("a", "b"):
            raise NoteTermsError(
                "E551",
                f"{where}: {next(iter(pair))} comes first there.",
                "Give the files in the order of the list.",
            )
        spans = {name: None if pair[name] is None else checked(where, pair[name]) for name in annotators.names}
        key = _key(str(row["note_id"]), spans)
        if key not in open_cases:
            stale.append(number)
        elif key in lines:
            raise NoteTermsError("E553", f"{where} is the same disagreement as line {lines[key]}.", "Keep one of them.")
        lines[key] = number
        ruling = row["ruling"].strip() if isinstance(row["ruling"], str) else row["ruling"]
        if ruling not in (None, ""):
            ruled[key] = Ruling(where, ruling)
    if stale:
        raise NoteTermsError(
            "E552",
            f"{path}: the files do not disagree in this way, or no longer: {len(stale)} lines ({some_of(stale)}).",
            "Run `note-terms agree A B --disagreements` again, and move the rulings over.",
        )
    return ruled


def _is_pair(pair: Any) -> bool:
    return isinstance(pair, dict) and all(span is None or isinstance(span, dict) for span in pair.values())


def _apply(ruling: Ruling, pair: list[Mark | None], names: list[str], text: str | None) -> list[Mark]:
    """Return the spans that a ruling leaves of a disagreement."""
    content = ruling.content
    given = [span for span in pair if span is not None]
    if isinstance(content, dict):
        unknown = sorted(set(content) - set(_SPAN_FIELDS))
        if unknown:
            raise NoteTermsError(
                "E555", f"{ruling.where}: a span has no field {unknown[0]!r}.", f"It has {', '.join(_SPAN_FIELDS)}."
            )
        return [_ruled_span(content, given, text, ruling.where)]
    choices = {"a": pair[:1], "b": pair[1:], "neither": [], "both": pair} | dict(
        zip(names, ([one] for one in pair), strict=True)
    )
    if not isinstance(content, str) or content not in choices:
        raise NoteTermsError("E555", f"{ruling.where}: {content!r} is no ruling.", _HOW)
    return [span for span in choices[content] if span is not None]


def _ruled_span(content: Mark, given: list[Mark], text: str | None, where: str) -> Mark:
    """Return the span of a ruling, with what the annotators agree on where it says nothing."""
    agreed = {name: value for name, value in given[0].items() if all(span.get(name) == value for span in given)}
    if content.get("label", agreed.get("label")) != agreed.get("label"):
        # Extents belong to labels.
        agreed.pop("extent", None)
    if {"start", "end"} & set(content):
        agreed.pop("text", None)
    span = {**agreed, **content}
    for name in ("start", "end", "label", *_REQUIRED.get(span.get("label", ""), ("extent", "status"))):
        if span.get(name) is None:
            raise NoteTermsError(
                "E555", f"{where}: the span has no {name}, and the annotators do not agree on one.", "Name it."
            )
    return checked(where, span, text)


def _joined(first: Mark, second: Mark) -> Mark:
    """What both say; the evidence for a sense is not compared, and either may have left it out."""
    return {name: second.get(name) if value is None else value for name, value in first.items()}


def _as_gold(note_id: str, text: str | None, spans: list[Mark]) -> dict[str, Any]:
    spans = sorted(spans, key=identity)
    advanced = [span for span in spans if span["label"] == Label.ADVANCED]
    return {
        "note_id": note_id,
        **({} if text is None else {"text": text}),
        "spans": [span for span in spans if span["label"] != Label.ADVANCED],
        "advanced": [{name: value for name, value in span.items() if name != "label"} for span in advanced],
    }
