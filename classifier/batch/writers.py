"""Write a table as CSV, JSONL or Parquet: to a temporary file, then renamed, so that none is half-written."""

import csv
import gzip
import io
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from classifier.errors import NoteTermsError

FORMATS = ("csv", "jsonl", "parquet")
"""Kinds of tables that are written; csv and jsonl also gzipped, by the ending .gz."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet runs a cell that begins like this as a formula; in CSV it gets a leading apostrophe.

So does one that has apostrophes of its own before such a sign: what is read back must be what was written."""
_ROW_GROUP = 50_000


def format_of(path: Path, chosen: str | None = None, otherwise: str = "") -> str:
    """Return the kind of table a path is for.

    Parameters
    ----------
    path : Path
        The table.
    chosen : str, optional
        The kind, where an option says it; default by the ending.
    otherwise : str, optional
        What else could say it, for the remedy.

    Raises
    ------
    NoteTermsError
        E131 when neither the ending nor the option says it, and for Parquet under a name in .gz, which it is not.
    """
    name = path.name.lower()
    kind = chosen or name.removesuffix(".gz").rsplit(".", 1)[-1]
    if kind not in FORMATS or (kind == "parquet" and name.endswith(".gz")):
        raise NoteTermsError(
            "E131",
            f"{path} does not say what kind of table it is.",
            f"End it in .csv or .jsonl (each also .gz) or .parquet{otherwise}.",
        )
    return kind


class TableWriter:
    """Writes Arrow batches to a file, or to standard output where the path is None; text is UTF-8.

    Use it as a context: the file appears under its name at the end, and not at all after an error.

    Parameters
    ----------
    path : Path or None
        The table.
    kind : str
        `csv`, `jsonl` or `parquet`.
    schema : Schema
        Of the batches.
    force : bool, default False
        Overwrite a table that is there.
    keep_empty : bool, default True
        Write a table also where it has no rows; otherwise one that was there is removed.

    Raises
    ------
    NoteTermsError
        E132 when the file exists and `force` is not set, E133 when its folder cannot be written to, E134 when
        Parquet is asked for on standard output, E139 when it cannot be written, as on a full disk, or
        standard output is closed.
    """

    def __init__(
        self, path: Path | None, kind: str, schema: pa.Schema, force: bool = False, keep_empty: bool = True
    ) -> None:
        self._path, self._keep_empty, self._rows = path, keep_empty, 0
        self._sink: _CsvSink | _JsonlSink | _ParquetSink
        if path is None:
            if kind == "parquet":
                raise NoteTermsError("E134", "Parquet cannot be written to standard output.", "Name a file with -o.")
            if sys.stdout is None:
                raise NoteTermsError("E139", "Standard output is closed.", "Name a file with -o.")
            if isinstance(sys.stdout, io.TextIOWrapper):
                # As in a file, whatever the locale.
                sys.stdout.reconfigure(encoding="utf-8", newline="")
            self._temporary = None
            self._sink = _text_sink(sys.stdout, kind, schema)
            return
        check_writable(path, force)
        # Always the same name: what a killed run left is written over by the next one.
        self._temporary = path.with_name(f".{path.name}.part")
        with told(path):
            file = self._temporary.open("wb")
            if kind == "parquet":
                self._sink = _ParquetSink(file, schema)
            else:
                # No name and no time stamp: the same tags give the same bytes.
                packed = path.name.lower().endswith(".gz")
                binary = gzip.GzipFile("", "wb", fileobj=file, mtime=0) if packed else file
                text = io.TextIOWrapper(binary, encoding="utf-8", newline="")
                self._sink = _text_sink(text, kind, schema)
        self._file = file

    def write(self, batch: pa.RecordBatch) -> None:
        """Append a batch."""
        self._rows += batch.num_rows
        with told(self._path):
            self._sink.write(batch)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._temporary is None or self._path is None:
            with told(None):
                sys.stdout.flush()
            return
        try:
            with told(self._path) if kind is None else suppress(OSError):
                self._sink.close()
                self._file.close()
            if kind is None and (self._rows or self._keep_empty):
                _publish(self._temporary, self._path)
            elif kind is None:
                self._path.unlink(missing_ok=True)
        finally:
            self._temporary.unlink(missing_ok=True)


def replace_file(path: Path, data: bytes) -> None:
    """Write a file under its name at once, or not at all.

    Raises
    ------
    NoteTermsError
        E139 when it cannot be written, as on a full disk.
    """
    temporary = path.with_name(f".{path.name}.part")
    try:
        with told(path), temporary.open("wb") as stream:
            stream.write(data)
        _publish(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _publish(temporary: Path, path: Path) -> None:
    with told(path):
        # What is named must be on the disk, also when the power fails.
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        temporary.replace(path)


@contextmanager
def told(path: Path | None) -> Iterator[None]:
    """Say in one line what the disk could not do; None is standard output."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        raise NoteTermsError(
            "E139",
            f"{path or 'Standard output'} cannot be written: {reason}.",
            "Make room, or name another file; a run with -o then goes on with --resume.",
        ) from None


def check_writable(path: Path, force: bool, sources: Iterable[Path | str | None] = ()) -> None:
    """Raise before the work where a file may not or cannot be written.

    Parameters
    ----------
    path : Path
        What is to be written.
    force : bool
        Overwrite a file that is there.
    sources : iterable of Path or str, optional
        What is read, which is never overwritten; None and `-` are passed over.

    Raises
    ------
    NoteTermsError
        E132 when the file exists and `force` is not set, E133 when its folder cannot be written to, E135 when it is
        among the sources.
    """
    if any(_same(path, source) for source in _paths(sources)):
        raise NoteTermsError("E135", f"{path} is what is read.", "Give the output another name.")
    _check_place(path, taken=path.is_dir() or (path.exists() and not force))


def _check_place(path: Path, taken: bool) -> None:
    if taken:
        raise NoteTermsError("E132", f"{path} exists.", "Use --force to overwrite it, or another name.")
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise NoteTermsError(
            "E133", f"The folder {path.parent} is not there or cannot be written to.", "Make it first."
        )


def check_replaceable(folder: Path, force: bool, sources: Iterable[Path | str | None]) -> None:
    """Raise before the work where a folder may not or cannot be made anew, which takes away all that it holds.

    Parameters
    ----------
    folder, force, sources
        As for `check_writable`.

    Raises
    ------
    NoteTermsError
        E132 when it holds something and `force` is not set, E133 when its parent cannot be written to, E135 when it is
        or holds a source, or stands within one.
    """
    for source in _paths(sources):
        pairs = [(source, place) for place in _upwards(folder)] + [(folder, place) for place in _upwards(source)]
        if any(_same(*pair) for pair in pairs):
            raise NoteTermsError(
                "E135", f"{folder} is, holds or is in {source}, which is read.", "Give the output a folder of its own."
            )
    empty = folder.is_dir() and not any(folder.iterdir())
    _check_place(folder, taken=folder.exists() and not empty and not force)


def _paths(sources: Iterable[Path | str | None]) -> list[Path]:
    return [Path(source) for source in sources if source not in (None, "-")]


def _upwards(path: Path) -> list[Path]:
    """A path and the folders that it stands in."""
    return [path, *path.resolve().parents]


def _same(a: Path, b: Path) -> bool:
    return a.exists() and b.exists() and a.samefile(b)


def _text_sink(stream: IO[str], kind: str, schema: pa.Schema) -> "_CsvSink | _JsonlSink":
    return _CsvSink(stream, schema) if kind == "csv" else _JsonlSink(stream)


class _CsvSink:
    def __init__(self, stream: IO[str], schema: pa.Schema) -> None:
        self._stream = stream
        self._writer = csv.writer(stream)
        self._writer.writerow(schema.names)

    def write(self, batch: pa.RecordBatch) -> None:
        columns = [[_cell(value) for value in column.to_pylist()] for column in batch.columns]
        self._writer.writerows(zip(*columns, strict=True))

    def close(self) -> None:
        self._stream.close()


class _JsonlSink:
    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, batch: pa.RecordBatch) -> None:
        for row in batch.to_pylist():
            self._stream.write(json.dumps(row, ensure_ascii=False) + "\n")

    def close(self) -> None:
        self._stream.close()


class _ParquetSink:
    def __init__(self, stream: IO[bytes], schema: pa.Schema) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(stream, schema)
        self._batches: list[pa.RecordBatch] = []

    def write(self, batch: pa.RecordBatch) -> None:
        self._batches.append(batch)
        if sum(batch.num_rows for batch in self._batches) >= _ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        self._writer.write_table(pa.Table.from_batches(self._batches, schema=self._schema))
        self._batches = []

    def close(self) -> None:
        self._flush()
        self._writer.close()


def undefused(cell: str) -> str:
    """Return the value of a CSV cell without the apostrophe that keeps a spreadsheet from running it."""
    return cell[1:] if cell.startswith("'") and _is_formula(cell) else cell


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and _is_formula(value):
        return "'" + value
    return value


def _is_formula(text: str) -> bool:
    return text.lstrip("'").startswith(FORMULA)
