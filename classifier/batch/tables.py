"""Read a tags table back, row by row: what `classifier.batch.writers` wrote as CSV, JSONL or Parquet."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from classifier.batch.writers import undefused
from classifier.errors import NoteTermsError
from classifier.json_text import parse_json
from classifier.tags import tags_schema

Row = dict[str, Any]

NEEDED = {"note_id", "start", "end", "label"}
"""Columns without which a table is no tags table."""

_BATCH = 4096


def read_table(path: Path) -> Iterator[tuple[int, Row]]:
    """Yield (line or row number, row) of a table; memory does not grow with their number.

    The ending .csv or .parquet says the kind (.csv also gzipped); whatever else is read as JSONL. Values of a CSV get
    the types of `classifier.tags.Tag`, and are None where it leaves them empty.

    Raises
    ------
    NoteTermsError
        E540 for a file that is not there, E541 for one that is damaged or no table, E542 for a value of the wrong type.
    """
    if not path.exists() or path.is_dir():
        raise NoteTermsError("E540", f"{path} does not exist or is a folder.", "Give a .jsonl, .csv or .parquet file.")
    name = path.name.lower()
    try:
        if name.endswith(".parquet"):
            yield from _read_parquet(path)
            return
        with gzip.open(path) if name.endswith(".gz") else path.open("rb") as stream:
            lines = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
            table = name.removesuffix(".gz").endswith(".csv")
            yield from _read_csv(lines, path) if table else _read_jsonl(lines, path)
    except (EOFError, OSError, UnicodeDecodeError, csv.Error, pa.ArrowInvalid, zlib.error) as error:
        raise NoteTermsError(
            "E541", f"{path} is damaged or no table ({type(error).__name__}).", "Write or copy the file again."
        ) from None


def read_tags(path: Path) -> Iterator[tuple[int, Row]]:
    """Yield (line or row number, tag) of a tags table.

    Raises
    ------
    NoteTermsError
        What `read_table` raises; E561 for a line that is no tag.
    """
    for number, row in read_table(path):
        if any(row.get(name) is None for name in NEEDED):
            raise NoteTermsError(
                "E561", f"{path}, line {number} is no tag.", "Give a tags table, as `note-terms tag` writes it."
            )
        yield number, row


def _read_jsonl(lines: Iterator[str], path: Path) -> Iterator[tuple[int, Row]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = parse_json(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise NoteTermsError("E541", f"{path}, line {number} is no JSON object.", "Each line is one JSON object.")
        yield number, row


def _read_csv(lines: Iterator[str], path: Path) -> Iterator[tuple[int, Row]]:
    csv.field_size_limit(2**31 - 1)
    reader = csv.DictReader(lines, strict=True)
    _check_columns(list(reader.fieldnames or ()), path)
    kinds = {field.name: field.type for field in tags_schema()}
    for row in reader:
        try:
            yield reader.line_num, {name: _value(text, kinds.get(name)) for name, text in row.items()}
        except (ValueError, KeyError):
            raise NoteTermsError(
                "E542", f"{path}, line {reader.line_num} has a value of the wrong type.", "See docs/columns.md."
            ) from None


def _read_parquet(path: Path) -> Iterator[tuple[int, Row]]:
    number = 0
    with pq.ParquetFile(path) as file:
        _check_columns(file.schema_arrow.names, path)
        for batch in file.iter_batches(batch_size=_BATCH):
            for row in batch.to_pylist():
                number += 1
                yield number, row


def _check_columns(columns: list[str], path: Path) -> None:
    missing = sorted(NEEDED - set(columns))
    if missing:
        raise NoteTermsError("E541", f"{path} has no column {', '.join(missing)}.", "See docs/columns.md.")


def _value(text: str | None, kind: pa.DataType | None) -> Any:
    if text is None or text == "":
        return None
    if kind == pa.int64():
        return int(text)
    if kind == pa.float64():
        return float(text)
    if kind == pa.bool_():
        return {"true": True, "false": False}[text.lower()]
    return undefused(text)
