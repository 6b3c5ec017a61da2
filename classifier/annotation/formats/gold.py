"""Gold JSONL of this project: what `note-terms train` and `evaluate` read. Offsets are characters."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from classifier.annotation.files import read_lines, write_lines
from classifier.annotation.notes import GoldNote
from classifier.annotation.readings import Reading
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


def write(notes: Iterable[GoldNote], path: Path) -> None:
    """Write one note a line."""
    write_lines(
        ({key: value for key, value in asdict(note).items() if key != "genre" or value} for note in notes), path
    )
