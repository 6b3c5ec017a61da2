"""brat: a folder with a .txt and an .ann (standoff) a note, and annotation.conf. Offsets are characters."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from classifier.annotation.files import file_name, new_folder, note_id_of
from classifier.annotation.notes import FACTS, LABELS, WORDS, GoldNote, Mark, facts_of
from classifier.annotation.readings import Reading
from classifier.annotation.shapes import understood
from classifier.errors import NoteTermsError

ENDINGS = (".txt", ".ann", ".conf")
# brat reads .ann by Python's own notion of lines, so no part of a phrase may hold what ends a line there.
_BREAKS = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_PART = re.compile(r"(\d+) (\d+)")


def read(path: Path) -> Iterator[Reading]:
    """Yield one reading a .txt; a note without .ann was never saved in brat, and has no marks."""
    texts = sorted(path.glob("*.txt"))
    if not texts:
        raise NoteTermsError("E501", f"{path} has no .txt file.", "Give the folder that brat annotates.")
    for file in texts:
        reading = Reading(file.name, note_id_of(file.stem))
        with understood(reading, "a .txt and an .ann in UTF-8"):
            reading.text = file.read_bytes().decode("utf-8")
            annotations = file.with_suffix(".ann")
            content = annotations.read_bytes().decode("utf-8") if annotations.exists() else ""
            reading.marks = _marks(annotations.name, content)
        yield reading


def _marks(name: str, content: str) -> list[Mark]:
    marks: dict[str, Mark] = {}
    facts: list[tuple[str, list[str]]] = []
    for number, line in enumerate(content.replace("\r\n", "\n").split("\n"), start=1):
        where = f"{name}, line {number}"
        kind, fields = line[:1], line.split("\t")
        if kind == "T":
            label, places = fields[1].split(" ", 1)
            parts = [(int(start), int(end)) for start, end in _PART.findall(places)]
            marks[fields[0]] = {"label": label, "start": parts[0][0], "end": parts[-1][1]}
            if len(parts) == 1:
                marks[fields[0]]["text"] = "\t".join(fields[2:])
        elif kind in ("A", "M"):
            facts.append((where, fields[1].split(" ")))
        elif kind not in ("", "#"):
            raise NoteTermsError(
                "E514", f"{where} is of the kind {fields[0]!r}.", "Expected T (phrases), A (their facts) and # (notes)."
            )
    for where, (fact, target, *words) in facts:
        if fact.lower() not in FACTS or target not in marks:
            raise NoteTermsError(
                "E514",
                f"{where} has the attribute {fact!r} of {target!r}.",
                f"Expected {', '.join(map(str.capitalize, FACTS))} of a phrase: use the annotation.conf of the export.",
            )
        marks[target][fact.lower()] = words[0] if words else True
    return list(marks.values())


def write(notes: Iterable[GoldNote], path: Path) -> None:
    """Write the folder. brat keeps neither genre nor score.

    Raises
    ------
    NoteTermsError
        E523 for a phrase that begins or ends with a line end, which brat cannot hold.
    """
    with new_folder(path, ENDINGS) as folder:
        (folder / "annotation.conf").write_text(_configuration(), encoding="utf-8")
        for note in notes:
            text = folder / file_name(note.note_id, ".txt")
            text.write_bytes(note.text.encode())
            text.with_suffix(".ann").write_bytes("".join(_lines(note)).encode())


def _lines(note: GoldNote) -> Iterator[str]:
    facts = 0
    for number, mark in enumerate(note.marks, start=1):
        parts = _parts(note, mark)
        places = ";".join(f"{start} {end}" for start, end in parts)
        phrase = " ".join(note.text[start:end] for start, end in parts)
        yield f"T{number}\t{mark['label']} {places}\t{phrase}\n"
        for name in facts_of(mark["label"]):
            if mark.get(name):
                facts += 1
                word = "" if name == "historical" else f" {mark[name]}"
                yield f"A{facts}\t{name.capitalize()} T{number}{word}\n"


def _parts(note: GoldNote, mark: Mark) -> list[tuple[int, int]]:
    """The lines of a phrase, each a part of what brat calls a discontinuous span."""
    start, end = mark["start"], mark["end"]
    breaks = [(start + found.start(), start + found.end()) for found in _BREAKS.finditer(note.text[start:end])]
    bounds = [start, *(place for pair in breaks for place in pair), end]
    parts = list(zip(bounds[::2], bounds[1::2], strict=True))
    if any(first == last for first, last in parts):
        raise NoteTermsError(
            "E523",
            f"Note {note.note_id}: {mark['label']} at {start}-{end} begins or ends with a line end.",
            "brat cannot hold that: mark the words alone, or use another format.",
        )
    return parts


def _configuration() -> str:
    lines = ["[entities]", *LABELS, "", "[relations]", "", "[events]", "", "[attributes]"]
    for name in FACTS:
        having = "|".join(label for label in LABELS if name in facts_of(label))
        values = f", Value:{'|'.join(WORDS[name])}" if name in WORDS else ""
        lines.append(f"{name.capitalize()} Arg:{having}{values}")
    return "\n".join(lines) + "\n"
