"""Read notes from CSV, TSV, JSONL, Parquet, a folder of text files or standard input, in record batches."""

import codecs
import csv
import gzip
import io
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from classifier.batch.notes import Row, batches, row_of
from classifier.errors import NoteTermsError, some_of
from classifier.json_text import parse_json
from classifier.text.surrogates import whole

FORMATS = (".csv", ".tsv", ".jsonl", ".parquet", ".csv.gz", ".tsv.gz", ".jsonl.gz")
"""Endings of the files that are read; a folder is read as text files, and `-` as JSONL from standard input."""


_LONGEST_FIELD = 64_000_000
_NAME = re.compile(r"[\w.:-]{1,40}")

Warn = Callable[[str], None]


def read_notes(source: str, text_column: str, id_column: str, warn: Warn) -> Iterator[pa.RecordBatch]:
    """Yield the notes of an export in record batches (see `classifier.batch.notes`), in order.

    Memory does not grow with their number, but for 8 bytes an id.

    Parameters
    ----------
    source : str
        A path, or `-` for JSONL on standard input.
    text_column, id_column : str
        Columns of the text and the id. A folder has neither: the id is the file's name without .txt.
    warn : callable
        Gets one line for each thing that the user should know, such as bytes that are not UTF-8.

    Raises
    ------
    NoteTermsError
        E101 for a column that is missing or there twice, E110 for a source that is not there, E111 for a kind of file
        that is not read, E112 for a truncated or damaged file, E113 for a CSV that cannot be parsed, E114 for an empty
        file, E115 for text of another encoding than UTF-8, Windows-1252, or UTF-16 with a byte order mark.
    """
    return batches(read_rows(source, text_column, id_column, warn))


def read_rows(source: str, text_column: str, id_column: str, warn: Warn) -> Iterator[Row]:
    """Yield the notes of an export row by row; takes and raises what `read_notes` does. Ids may be repeated."""
    if source == "-":
        lines = _lines(standard_input(), "standard input", warn)
        yield from _read_jsonl(lines, "standard input", text_column, id_column)
        return
    path = Path(source)
    if path.is_dir():
        yield from _read_folder(path, warn)
        return
    if not path.is_file():
        raise NoteTermsError(
            "E110", f"{path} does not exist.", "Give a file, a folder of .txt files, or - for standard input."
        )
    name = path.name.lower()
    ending = next((ending for ending in FORMATS if name.endswith(ending)), None)
    if ending is None:
        raise NoteTermsError(
            "E111", f"{path} is none of the kinds that are read.", f"Use {', '.join(FORMATS)} or a folder."
        )
    if ending == ".parquet":
        if path.stat().st_size == 0:
            raise _empty(str(path))
        yield from _read_parquet(path, text_column, id_column)
        return
    try:
        with gzip.open(path) if ending.endswith(".gz") else path.open("rb") as stream:
            lines = _lines(stream, str(path), warn)  # type: ignore[arg-type]
            if ending.startswith(".jsonl"):
                yield from _read_jsonl(lines, str(path), text_column, id_column)
            else:
                yield from _read_csv(lines, path, "\t" if ending.startswith(".tsv") else ",", text_column, id_column)
    except (EOFError, OSError, zlib.error) as error:
        raise NoteTermsError(
            "E112", f"{path} is damaged or cut short ({type(error).__name__}).", "Export or copy the file again."
        ) from None


def standard_input() -> IO[bytes]:
    """Return standard input.

    Raises
    ------
    NoteTermsError
        E110 when it is closed.
    """
    if sys.stdin is None:
        raise NoteTermsError("E110", "Standard input is closed.", "Give a file, or open it.")
    return sys.stdin.buffer


def read_texts(source: str, text_column: str, id_column: str, warn: Warn) -> tuple[dict[str, str], int]:
    """Return the notes by their ids, and the number of rows that cannot be read, which are told and left out.

    Takes and raises what `read_notes` does. Of a repeated id the first note counts.
    """
    texts: dict[str, str] = {}
    left_out = 0
    for row in read_rows(source, text_column, id_column, warn):
        if row.note_id is None or row.text is None:
            left_out += 1
            warn(f"{source}, row {row.number} (id {row.note_id}) left out: {row.problem}")
        else:
            texts.setdefault(row.note_id, row.text)
    return texts, left_out


class _Fallback:
    """Decodes bytes that are not UTF-8 as Windows-1252, and counts them."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, error: UnicodeError) -> tuple[str, int]:
        assert isinstance(error, UnicodeDecodeError)
        damaged = error.object[error.start : error.end]
        self.count += len(damaged)
        # Five bytes have no character in Windows-1252; Latin-1 has one for each byte.
        return "".join(
            bytes([b]).decode("cp1252", "ignore") or bytes([b]).decode("latin-1") for b in damaged
        ), error.end


def decoded(stream: IO[bytes], name: str, warn: Warn) -> Iterator[str]:
    """Yield the lines of a stream with their line ends as they are; bytes that are not UTF-8 as Windows-1252."""
    buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream)  # type: ignore[type-var]
    start = buffered.peek(4)[:4]
    utf16 = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    fallback = _Fallback()
    codecs.register_error("windows-1252", fallback)
    encoding = "utf-16" if utf16 else "utf-8-sig"
    yield from io.TextIOWrapper(buffered, encoding=encoding, errors="windows-1252", newline="")
    if fallback.count:
        warn(f"{name}: {fallback.count} bytes are not UTF-8 and were read as Windows-1252.")


def _lines(stream: IO[bytes], name: str, warn: Warn) -> Iterator[str]:
    """Yield the lines of an export, of which there must be one that is not blank."""
    blank = True
    for number, line in enumerate(decoded(stream, name, warn)):
        # So begins UTF-16 without a byte order mark, and UTF-32.
        if number == 0 and "\0" in line[:4]:
            problem = f"{name} is not text in UTF-8, Windows-1252 or UTF-16 with a byte order mark."
            raise NoteTermsError("E115", problem, "Export it as UTF-8.")
        blank = blank and line.isspace()
        yield line
    if blank:
        raise _empty(name)


def _empty(name: str) -> NoteTermsError:
    return NoteTermsError("E114", f"{name} is empty.", "An export has at least a header or a line.")


def _read_csv(lines: Iterator[str], path: Path, delimiter: str, text_column: str, id_column: str) -> Iterator[Row]:
    # A quote that is never closed must not take the rest of a large export into memory.
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number = 0
    try:
        header = next(filter(None, reader), [])
        text_at, id_at = _columns(header, str(path), text_column, id_column)
        for number, fields in enumerate(reader, start=1):
            if not fields:
                continue
            if len(fields) != len(header):
                # Without its id: where a line break was not quoted, that is a piece of the note.
                yield Row(number, None, None, f"E121 the row has {len(fields)} fields, the header {len(header)}")
            else:
                yield row_of(number, fields[id_at], fields[text_at])
    except csv.Error as error:
        raise NoteTermsError(
            "E113",
            f"{path}, row {number + 1}, line {reader.line_num}: {error}.",
            "Mend the quotes of that row; a run with -o then goes on with --resume.",
        ) from None


def _columns(columns: list[str], name: str, text_column: str, id_column: str) -> tuple[int, int]:
    # Where the header is missing, the first row stands for it: names are told only if each is a single short word.
    named = all(map(_NAME.fullmatch, columns))
    found = f"its columns are {some_of(columns)}" if named else f"the number of its columns is {len(columns)}"
    for column, option in ((text_column, "--text-column"), (id_column, "--id-column")):
        if columns.count(column) > 1:
            raise NoteTermsError("E101", f"{name} has column {column!r} twice.", f"Rename one, or use {option}.")
        if column not in columns:
            raise NoteTermsError(
                "E101",
                f"{name} has no column {column!r}; {found}.",
                f"Name one with {option}; in a CSV the first line holds the names.",
            )
    return columns.index(text_column), columns.index(id_column)


def _read_jsonl(lines: Iterator[str], name: str, text_column: str, id_column: str) -> Iterator[Row]:
    checked = False
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            record = parse_json(line)
        except ValueError as error:
            yield Row(number, None, None, f"E122 the line is not JSON: {error}")
            continue
        if not isinstance(record, dict):
            yield Row(number, None, None, "E122 the line is not a JSON object")
            continue
        if not checked:
            _columns(list(record), name, text_column, id_column)
            checked = True
        note_id, text = record.get(id_column), record.get(text_column)
        if "\\ud" in line or "\\uD" in line:
            # Of all exports, JSON alone can spell half of a surrogate pair, which nothing can write.
            note_id, text = whole(note_id), whole(text)
        yield row_of(number, note_id, text)


def _read_parquet(path: Path, text_column: str, id_column: str) -> Iterator[Row]:
    try:
        with pq.ParquetFile(path) as file:
            _columns(file.schema_arrow.names, str(path), text_column, id_column)
            number = 0
            for batch in file.iter_batches(batch_size=512, columns=[id_column, text_column]):
                for note_id, text in zip(batch[id_column].to_pylist(), batch[text_column].to_pylist(), strict=True):
                    number += 1
                    yield row_of(number, note_id, text)
    except (pa.ArrowInvalid, OSError, UnicodeDecodeError) as error:
        raise NoteTermsError(
            "E112", f"{path} is damaged or no Parquet file ({type(error).__name__}).", "Export or copy the file again."
        ) from None


def _read_folder(folder: Path, warn: Warn) -> Iterator[Row]:
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".txt" and not path.is_dir())
    if not files:
        raise NoteTermsError("E114", f"{folder} has no .txt file.", "Give the folder that holds the notes.")
    for number, path in enumerate(files, start=1):
        try:
            with path.open("rb") as stream:
                text = "".join(decoded(stream, str(path), warn))
        except OSError as error:
            yield Row(number, path.stem, None, f"E120 the file cannot be read ({type(error).__name__})")
        else:
            yield row_of(number, path.stem, text)
