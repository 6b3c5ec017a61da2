"""Gold JSONL of this project: what `note-terms train` and `evaluate` read. Offsets are characters."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from classifier.annotation.files import read_lines, write_lines
from classifier.annotation.notes import GoldNote
from classifier.annotation.readings import Reading, annotated_notes
from classifier.annotation.shapes import id_of, mark_of, understood
from classifier.errors import NoteTermsError
from classifier.labels import Label


def read(path: Path) -> Iterator[Reading]:
    """Yield one reading a line; the text is None where the file keeps none."""
    for where, line in read_lines(path):
        if isinstance(line, NoteTermsError):
            yield Reading(where, problem=line)
            continue
        reading = Reading(where, id_of(line.get("note_id")), line.get("text"), genre=line.get("genre"))
        with understood(reading, "note_id, spans and advanced"):
            uses = [{**use, "label": str(Label.ADVANCED)} for use in line.get("advanced", [])]
            reading.marks = [mark_of(span) for span in [*line["spans"], *uses]]
        yield reading


def read_notes(path: Path, texts: Mapping[str, str] | None = None) -> Iterator[GoldNote]:
    """Yield the notes, each checked.

    Parameters
    ----------
    path : Path
        Gold JSONL.
    texts : mapping of str to str, optional
        The notes by their ids, for gold that does not hold the texts.

    Raises
    ------
    NoteTermsError
        E501, E502 for a file that cannot be read, E503 to E509 and E514 for a note that cannot be used.
    """
    for note in annotated_notes(read(path), texts):
        if isinstance(note, NoteTermsError):
            raise note
        yield note


def write(notes: Iterable[GoldNote], path: Path) -> None:
    """Write one note a line."""
    write_lines(
        ({key: value for key, value in asdict(note).items() if key != "genre" or value} for note in notes), path
    )
