"""What is exported: the tags of a table, or gold, put together with the notes that they are of."""

import csv
import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from classifier.annotation.formats import gold
from classifier.annotation.notes import GoldNote, Mark, gold_note
from classifier.annotation.readings import annotated_notes
from classifier.batch.writers import format_of, undefused
from classifier.errors import NoteTermsError
from classifier.resources import read_jsonl

_COLUMNS = ("note_id", "start", "end", "label")


def notes_with_tags(path: Path, texts: Mapping[str, str] | None) -> Iterator[GoldNote]:
    """Yield the notes to export, each with its tags; of a tags table also the notes that have none.

    Parameters
    ----------
    path : Path
        A tags table (CSV, JSONL, each also .gz, or Parquet), or gold JSONL.
    texts : mapping of str to str, optional
        The notes by their ids; gold that holds the texts needs none.

    Raises
    ------
    NoteTermsError
        E131 for a file of another kind, E501 and E502 for one that cannot be read, E504 where the notes are missing,
        E522 for a table with other columns, E520 for tags of no note, and the errors of
        `classifier.annotation.notes.gold_note`.
    """
    if not path.is_file():
        raise NoteTermsError("E501", f"{path} is no file.", "Give a tags table, or gold JSONL.")
    kind = format_of(path, None)
    if kind == "jsonl" and not path.name.endswith(".gz") and _is_gold(path):
        for note in annotated_notes(gold.read(path), texts):
            if isinstance(note, NoteTermsError):
                raise note
            yield note
        return
    if texts is None:
        raise NoteTermsError("E504", f"{path} has tags and no notes.", "Give the notes with --notes.")
    marks: dict[str, list[Mark]] = {note_id: [] for note_id in texts}
    for number, row in enumerate(_rows(path, kind), start=1):
        if any(row.get(column) is None for column in _COLUMNS):
            raise NoteTermsError(
                "E522",
                f"{path}, row {number} lacks one of {', '.join(_COLUMNS)}.",
                "Give a table that `note-terms tag` wrote.",
            )
        note_id = str(row["note_id"])
        if note_id not in marks:
            raise NoteTermsError(
                "E520", f"{path}, row {number} is of note {note_id!r}, which is not among the notes.", "Give its NOTES."
            )
        marks[note_id].append(row)
    for note_id, text in texts.items():
        yield gold_note(f"{path.name}, note {note_id}", note_id, text, "", marks[note_id])


def _is_gold(path: Path) -> bool:
    return any("spans" in line for _, line in read_jsonl(path))


def _rows(path: Path, kind: str) -> Iterator[Mark]:
    try:
        if kind == "parquet":
            yield from pq.read_table(path).to_pylist()
        elif kind == "jsonl":
            with _opened(path) as lines:
                yield from (json.loads(line) for line in lines if line.strip())
        else:
            with _opened(path) as lines:
                yield from (_typed(row) for row in csv.DictReader(lines))
    except (pa.ArrowInvalid, OSError, EOFError, ValueError) as error:
        raise NoteTermsError(
            "E501", f"{path} is damaged or no {kind} ({type(error).__name__}).", "Write the tags table again."
        ) from None


def _opened(path: Path) -> Any:
    opener = gzip.open if path.name.lower().endswith(".gz") else open
    return opener(path, "rt", encoding="utf-8", newline="")


def _typed(row: dict[str, str]) -> Mark:
    """A row of CSV with the types of a tag: an empty cell is null, and no apostrophe stands before a formula."""
    mark: Mark = {name: undefused(value) if value else None for name, value in row.items()}
    for name, kind in (("start", int), ("end", int), ("score", float)):
        if mark.get(name) is not None:
            mark[name] = kind(mark[name])
    mark["historical"] = mark.get("historical") == "true"
    return mark
