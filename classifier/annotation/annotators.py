"""What several annotators say of the same notes: read, checked, and brought side by side."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classifier.annotation.annotations import AnnotatedNote, read_annotations
from classifier.annotation.notes import Mark, checked
from classifier.batch.notes import Row
from classifier.errors import NoteTermsError
from classifier.labels import Label


@dataclass(frozen=True, slots=True)
class Annotators:
    """The notes that all annotators have."""

    names: list[str]
    """Of their files, in the order given."""
    notes: dict[str, list[list[Mark]]]
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
        files; and what `read_annotations` and `classifier.annotation.notes.checked` raise.
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


def identity(span: Mark) -> tuple[Any, ...]:
    """Return all that is compared of a span, in an order in which spans can be sorted."""
    names = ("extent", "status", "sense")
    return (
        span["start"],
        span["end"],
        str(span["label"]),
        *(span.get(name) or "" for name in names),
        bool(span.get("historical")),
    )


def _spans(note: AnnotatedNote, text: str | None, where: str) -> list[Mark]:
    uses = [use | {"label": Label.ADVANCED.value} for use in note.advanced]
    # The same thing said twice is said once.
    spans = {identity(span): span for span in (_compared(where, span, text) for span in [*note.spans, *uses])}
    return [spans[key] for key in sorted(spans)]


def _compared(where: str, span: Mark, text: str | None) -> Mark:
    span = checked(where, span, text)
    if span["label"] == Label.ADVANCED:
        # Of "advanced", the sense is compared: gold has no status of it.
        return {name: value for name, value in span.items() if name not in ("status", "historical")}
    return span


def _is_table(file: dict[str, AnnotatedNote]) -> bool:
    return all(note.of_table for note in file.values())
