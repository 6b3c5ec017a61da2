"""doccano: JSONL for sequence labelling; a label says all of its span. Offsets are UTF-16 units, as in JavaScript."""

from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

from classifier.annotation.files import read_lines, write_lines
from classifier.annotation.full_labels import joined, parted
from classifier.annotation.notes import GoldNote
from classifier.annotation.readings import Reading
from classifier.annotation.shapes import id_of, understood
from classifier.errors import NoteTermsError

_UNIT = 0x10000


def read(path: Path) -> Iterator[Reading]:
    """Yield one reading a line; of a folder, one a line of each file, named after its annotator."""
    if not path.is_dir():
        yield from _read_file(path, None)
        return
    files = sorted(path.glob("*.jsonl"))
    if not files:
        raise NoteTermsError("E502", f"{path} has no .jsonl file.", "Unpack doccano's archive there.")
    for file in files:
        yield from _read_file(file, file.stem)


def _read_file(path: Path, annotator: str | None) -> Iterator[Reading]:
    for where, line in read_lines(path):
        if isinstance(line, NoteTermsError):
            yield Reading(where, problem=line)
            continue
        reading = Reading(where, id_of(line.get("note_id")), line.get("text"), genre=line.get("genre"))
        reading.annotator = annotator
        with understood(reading, "text, note_id, and label with [start, end, label]"):
            characters = _characters(line["text"])
            reading.marks = [
                {**parted(where, label), "start": characters(start), "end": characters(end)}
                for start, end, label in _spans(line)
            ]
        yield reading


def _spans(line: dict[str, Any]) -> list[tuple[int, int, str]]:
    """The spans of a line, which a project with relations writes as objects."""
    if "entities" in line:
        return [(entity["start_offset"], entity["end_offset"], entity["label"]) for entity in line["entities"]]
    return line["label"]


def write(notes: Iterable[GoldNote], path: Path) -> None:
    """Write one note a line, in ASCII, so that doccano cannot guess the encoding wrong."""

    def lines() -> Iterator[dict[str, Any]]:
        for note in notes:
            units = _units(note.text)
            spans = [[units[mark["start"]], units[mark["end"]], joined(mark)] for mark in note.marks]
            genre = {"genre": note.genre} if note.genre else {}
            yield {"note_id": note.note_id, **genre, "text": note.text, "label": spans}

    write_lines(lines(), path, ascii_only=True)


def _units(text: str) -> list[int]:
    """The UTF-16 offset of each character, and of the end."""
    return [0, *accumulate(2 if ord(character) >= _UNIT else 1 for character in text)]


def _characters(text: str) -> Callable[[int], int]:
    """A function from UTF-16 offsets to characters; an offset that is none stays outside the text."""
    places = {unit: place for place, unit in enumerate(_units(text))}
    return lambda unit: places.get(unit, -1)
