"""Write a table as CSV, JSONL or Parquet: to a temporary file, then renamed, so that none is half-written."""

import csv
import gzip
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import astuple
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from classifier.errors import NoteTermsError
from classifier.tags import as_rows

FORMATS = ("csv", "jsonl", "parquet")
"""Kinds of tables that are written; csv and jsonl also gzipped, by the ending .gz."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet runs a cell that begins like this as a formula; in CSV it gets a leading apostrophe."""
_ROW_GROUP = 50_000


def format_of(path: Path, chosen: str | None) -> str:
    """Return the kind of table a path is for.

    Raises
    ------
    NoteTermsError
        E131 when neither the ending nor the option says it.
    """
    if chosen is not None:
        return chosen
    name = path.name.lower().removesuffix(".gz")
    ending = name.rsplit(".", 1)[-1]
    if ending not in FORMATS:
        raise NoteTermsError(
            "E131",
            f"{path} does not say what kind of table it is.",
            "End it in .csv, .jsonl or .parquet, or use --format.",
        )
    return ending


class TableWriter:
    """Writes records to a file, or to standard output where the path is None.

    Use it as a context: the file appears under its name at the end, and not at all after an error.
    """

    def __init__(self, path: Path | None, kind: str, schema: pa.Schema, force: bool = False) -> None:
        """Open the table.

        Raises
        ------
        NoteTermsError
            E132 when the file exists and `force` is not set, E133 when its folder cannot be written to, E134 when
            Parquet is asked for on standard output.
        """
        self._path, self._kind, self._schema = path, kind, schema
        if path is None:
            if kind == "parquet":
                raise NoteTermsError("E134", "Parquet cannot be written to standard output.", "Name a file with -o.")
            self._temporary = None
            self._sink: Any = _text_sink(sys.stdout, kind, schema)
            return
        check_writable(path, force)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
        self._temporary = Path(name)
        if kind == "parquet":
            self._sink = _ParquetSink(self._temporary, schema)
        else:
            stream: IO[str]
            if path.name.lower().endswith(".gz"):
                # No time stamp: the same tags give the same bytes.
                stream = io.TextIOWrapper(gzip.GzipFile(self._temporary, "wb", mtime=0), encoding="utf-8", newline="")
            else:
                stream = self._temporary.open("w", encoding="utf-8", newline="")
            self._sink = _text_sink(stream, kind, schema)

    def write(self, records: Iterable[Any]) -> None:
        """Append records, instances of the dataclass that the schema is of."""
        self._sink.write(records)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._temporary is None or self._path is None:
            return
        try:
            self._sink.close()
            if kind is None:
                _publish(self._temporary, self._path)
        finally:
            self._temporary.unlink(missing_ok=True)


def replace_file(path: Path, data: bytes) -> None:
    """Write a file under its name at once, or not at all."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
    _publish(Path(name), path)


def _publish(temporary: Path, path: Path) -> None:
    # mkstemp makes the file private; a table is as readable as the user's other files.
    mask = os.umask(0)
    os.umask(mask)
    temporary.chmod(0o666 & ~mask)
    temporary.replace(path)


def check_writable(path: Path, force: bool) -> None:
    """Raise where a table may not or cannot be written: see `TableWriter`."""
    if path.is_dir() or (path.exists() and not force):
        raise NoteTermsError("E132", f"{path} exists.", "Use --force to overwrite it, or another name.")
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise NoteTermsError(
            "E133", f"The folder {path.parent} is not there or cannot be written to.", "Make it first."
        )


def _text_sink(stream: IO[str], kind: str, schema: pa.Schema) -> "_CsvSink | _JsonlSink":
    return _CsvSink(stream, schema) if kind == "csv" else _JsonlSink(stream)


class _CsvSink:
    def __init__(self, stream: IO[str], schema: pa.Schema) -> None:
        self._stream = stream
        self._writer = csv.writer(stream)
        self._writer.writerow(schema.names)

    def write(self, records: Iterable[Any]) -> None:
        for record in records:
            self._writer.writerow([_cell(value) for value in astuple(record)])

    def close(self) -> None:
        self._stream.close()


class _JsonlSink:
    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, records: Iterable[Any]) -> None:
        for row in as_rows(records):
            self._stream.write(json.dumps(row, ensure_ascii=False) + "\n")

    def close(self) -> None:
        self._stream.close()


class _ParquetSink:
    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(path, schema)
        self._rows: list[dict[str, Any]] = []

    def write(self, records: Iterable[Any]) -> None:
        self._rows += as_rows(records)
        if len(self._rows) >= _ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows = []

    def close(self) -> None:
        self._flush()
        self._writer.close()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(FORMULA):
        return "'" + value
    return value
