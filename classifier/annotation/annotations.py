"""The marks of many notes, read from gold or from a tags table."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from classifier.annotation.notes import Mark, checked
from classifier.batch.tables import NEEDED, read_table
from classifier.errors import NoteTermsError
from classifier.labels import Label


@dataclass(slots=True)
class AnnotatedNote:
    """The spans of one note."""

    spans: list[Mark] = field(default_factory=list)
    """Spans with start, end, label, extent, status, historical; label IGNORE counts for nothing."""
    advanced: list[Mark] = field(default_factory=list)
    """Uses of "advanced" with start, end, sense."""
    text: str | None = None
    """The note, where gold has it."""
    of_table: bool = False
    """It is of a tags table, which does not name the notes without tags."""


def read_annotations(path: Path) -> dict[str, AnnotatedNote]:
    """Read gold (one note a line, with `spans` and `advanced`) or a tags table (one tag a row), by note id.

    Raises
    ------
    NoteTermsError
        E540 to E542 from `classifier.batch.tables.read_table`; E141 for a line that is neither shape; E543 for a note
        of gold that comes twice; what `classifier.annotation.notes.checked` raises for a span.
    """
    notes: dict[str, AnnotatedNote] = {}
    for number, row in read_table(path):
        if "note_id" not in row or not (_is_gold(row) if "spans" in row else set(row) >= NEEDED):
            raise NoteTermsError(
                "E141", f"{path}, line {number} is neither gold nor a tag.", "See docs/columns.md for the two shapes."
            )
        name = str(row["note_id"])
        if "spans" in row:
            if name in notes:
                raise NoteTermsError("E543", f"{path}, line {number} has note {name!r} again.", "Keep one of the two.")
            notes[name] = AnnotatedNote(text=row.get("text"))
            spans = [*row["spans"], *({**use, "label": str(Label.ADVANCED)} for use in row.get("advanced") or [])]
        else:
            notes.setdefault(name, AnnotatedNote(of_table=True))
            spans = [row]
        note = notes[name]
        for span in spans:
            span = checked(f"{path}, line {number}", span, note.text)
            (note.advanced if span["label"] == Label.ADVANCED else note.spans).append(span)
    return notes


def _is_gold(row: dict[str, Any]) -> bool:
    lists = (row["spans"], row.get("advanced") or [])
    spans = all(isinstance(found, list) and all(isinstance(span, dict) for span in found) for found in lists)
    return spans and isinstance(row.get("text"), str | None)
