"""What several annotators say of the same notes: read, checked, and brought side by side."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classifier.batch.notes import Row
from classifier.errors import NoteTermsError
from classifier.labels import Evidence, Extent, Label, Sense, Status
from classifier.training.evaluate import AnnotatedNote, Span, read_annotations

IGNORE = "IGNORE"
"""Label of a phrase that is neither right nor wrong."""

_FIELDS = {label: ("extent", "status", "historical") for label in Label} | {
    Label.ADVANCED: ("sense", "evidence"),
    IGNORE: (),
}
_VALUES = {"extent": Extent, "status": Status, "sense": Sense, "evidence": Evidence, "historical": (True, False)}


@dataclass(frozen=True, slots=True)
class Annotators:
    """The notes that all annotators have."""

    names: list[str]
    """Of their files, in the order given."""
    notes: dict[str, list[list[Span]]]
    """By note id: the spans of each annotator, uses of "advanced" among them under the label ADVANCED."""
    texts: dict[str, str]
    """By note id, where the files or the notes have it."""
    left_out: list[str]
    """Ids of notes that some annotator does not have."""


def read_annotators(paths: Sequence[Path], notes: Iterable[Row] | None = None) -> Annotators:
    """Read gold or tags tables of the same notes.

    A tags table says nothing of notes that have no tag. Where the notes are given, it is taken to cover them all.

    Parameters
    ----------
    paths : sequence of Path
        One file an annotator.
    notes : iterable of Row, optional
        From `classifier.batch.readers.read_rows`, where the files do not hold the texts.

    Raises
    ------
    NoteTermsError
        E544 for a file given twice, E545 for a note whose text differs between the files, E546 where no note is in all
        files, E547 for a span that cannot be; and what `read_annotations` raises.
    """
    if len({path.resolve() for path in paths}) < len(paths):
        raise NoteTermsError("E544", "A file is given twice.", "Give one file an annotator.")
    files = [read_annotations(path) for path in paths]
    named = set().union(*files)
    covers_all = [_is_table(file) for file in files]
    in_gold = [set(file) for file, covers in zip(files, covers_all, strict=True) if not covers]
    wanted = set.intersection(*in_gold) if in_gold else None
    texts: dict[str, str] = {}
    for row in notes or ():
        if row.note_id is not None and row.text is not None and (wanted is None or row.note_id in wanted):
            texts.setdefault(row.note_id, row.text)
    for file, covers in zip(files, covers_all, strict=True):
        if covers:
            file.update({note_id: AnnotatedNote() for note_id in texts if note_id not in file})
    shared = [note_id for note_id in files[0] if all(note_id in file for file in files)]
    if not shared:
        raise NoteTermsError("E546", "No note is in all files.", "The note_id must be the same in all of them.")
    for path, file in zip(paths, files, strict=True):
        for note_id in shared:
            text = file[note_id].text
            if text is not None and texts.setdefault(note_id, text) != text:
                raise NoteTermsError(
                    "E545",
                    f"{path} has another text of note {note_id!r} than the notes or the other files.",
                    "Offsets count in one text: annotate the same one.",
                )
    alone = len({path.name for path in paths}) == len(paths)
    return Annotators(
        [path.name if alone else str(path) for path in paths],
        {
            note_id: [
                _spans(file[note_id], texts.get(note_id), f"{path}, note {note_id!r}")
                for path, file in zip(paths, files, strict=True)
            ]
            for note_id in shared
        },
        {note_id: texts[note_id] for note_id in shared if note_id in texts},
        sorted(named - set(shared)),
    )


def checked(span: Span, text: str | None, where: str) -> Span:
    """Return the fields of a span that its label has, with its phrase where that is known.

    Raises
    ------
    NoteTermsError
        E547 for a label, an offset or a value that cannot be.
    """
    if not isinstance(span, dict):
        raise NoteTermsError("E547", f"{where}: a span is no object.", "See docs/columns.md.")
    start, end, label = span.get("start"), span.get("end"), span.get("label")
    if not _is_place(start, end, text):
        raise NoteTermsError(
            "E547",
            f"{where}: {start} to {end} is no place in the note.",
            "Offsets are characters into the text as given; the end is greater than the start.",
        )
    if label not in _FIELDS:
        raise NoteTermsError("E547", f"{where}: {label!r} at {start} is no label.", f"Use one of {', '.join(_FIELDS)}.")
    fields = {name: span.get(name) for name in _FIELDS[label]}
    if "historical" in fields:
        fields["historical"] = fields["historical"] or False
    for name, value in fields.items():
        if value is not None and value not in list(_VALUES[name]):
            allowed = ", ".join(str(allowed) for allowed in _VALUES[name])
            raise NoteTermsError("E547", f"{where}: {value!r} at {start} is no {name}.", f"Use one of {allowed}.")
    phrase = span.get("text") if text is None else text[start:end]
    return {"start": start, "end": end, "label": label, **fields} | ({} if phrase is None else {"text": phrase})


def identity(span: Span) -> tuple[Any, ...]:
    """Return all that is compared of a span, in an order in which spans can be sorted."""
    names = ("extent", "status", "sense")
    return (
        span["start"],
        span["end"],
        str(span["label"]),
        *(span.get(name) or "" for name in names),
        bool(span.get("historical")),
    )


def _spans(note: AnnotatedNote, text: str | None, where: str) -> list[Span]:
    if not isinstance(note.spans, list) or not isinstance(note.advanced, list):
        raise NoteTermsError("E547", f"{where}: spans or advanced is no list.", "See docs/columns.md.")
    uses = [use | {"label": Label.ADVANCED.value} if isinstance(use, dict) else use for use in note.advanced]
    # The same thing said twice is said once.
    spans = {identity(span): span for span in (checked(span, text, where) for span in [*note.spans, *uses])}
    return [spans[key] for key in sorted(spans)]


def _is_place(start: Any, end: Any, text: str | None) -> bool:
    whole = all(isinstance(offset, int) and not isinstance(offset, bool) for offset in (start, end))
    return whole and 0 <= start < end and (text is None or end <= len(text))


def _is_table(file: dict[str, AnnotatedNote]) -> bool:
    # Only a row of a table repeats the note's id, and no table has a note without spans.
    spans = [[*note.spans, *note.advanced] for note in file.values()]
    return all(found and all("note_id" in span for span in found) for found in spans)
