"""Frames of notes in, frames of tags out: pandas, Arrow, and whatever speaks Arrow, such as Polars."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pandas as pd
import pyarrow as pa

from classifier.batch.notes import row_of
from classifier.errors import NoteTermsError
from classifier.tags import Tag, record_batch, tags_schema, tags_table

_TAGS = 1024
_BYTES = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view, pa.types.is_fixed_size_binary)
_NAME_THEM = "Name the columns with text=… and note_id=…."


def tag_frame(
    notes: Any, text: str, note_id: str, tag: Callable[[Iterable[tuple[str, str]]], Iterator[list[Tag]]]
) -> Any:
    """Tag the notes of a frame and return the tags as a frame of the same kind.

    Parameters
    ----------
    notes : DataFrame, Table, RecordBatch, RecordBatchReader or other frame that speaks Arrow
        One row a note.
    text, note_id : str
        Columns of the texts and the ids.
    tag : callable
        Yields the tags of each of the pairs (note_id, text) that it is given.

    Raises
    ------
    NoteTermsError
        E101 when a column is missing or there twice, E129 when it is no frame, E130 when the texts are bytes.
    """
    if isinstance(notes, pd.DataFrame):
        check_columns(notes.columns, (text, note_id), _NAME_THEM)
        _check_texts(text, any(isinstance(value, bytes) for value in notes[text]))
        return _table(tag(_pairs(_values(notes[note_id]), _values(notes[text])))).to_pandas()
    if isinstance(notes, pa.RecordBatchReader):
        _check_schema(notes.schema, text, note_id)
        return pa.RecordBatchReader.from_batches(tags_schema(), _batches(tag(_stream(notes, text, note_id))))
    table = as_arrow(notes)
    _check_schema(table.schema, text, note_id)
    tagged = tag(_pairs(table[note_id].to_pylist(), table[text].to_pylist()))
    if isinstance(notes, pa.RecordBatch):
        return record_batch((tag for note in tagged for tag in note), tags_schema())
    return like(notes, _table(tagged))


def as_arrow(frame: Any) -> Any:
    """Return a frame that is not of pandas as an Arrow table; a table and a batch as they are.

    Raises
    ------
    NoteTermsError
        E129 when it is no frame.
    """
    if isinstance(frame, pa.Table | pa.RecordBatch):
        return frame
    # A column speaks Arrow as well.
    if not hasattr(frame, "__arrow_c_stream__") or not hasattr(frame, "columns"):
        raise NoteTermsError(
            "E129",
            f"A {type(frame).__name__} is no frame.",
            "Give a pandas or Polars DataFrame, or an Arrow table, batch or reader.",
        )
    return pa.table(frame)


def like(frame: Any, table: Any) -> Any:
    """Return an Arrow table as a frame of the kind that `as_arrow` was given."""
    return table if isinstance(frame, pa.Table | pa.RecordBatch) else type(frame)(table)


def check_columns(columns: Iterable[Any], needed: Iterable[str], remedy: str) -> None:
    """Check that a frame has the columns that are needed.

    Raises
    ------
    NoteTermsError
        E101 when one is missing or there twice.
    """
    names = list(columns)
    for column in needed:
        count = names.count(column)
        if count != 1:
            said = f"There are {count} columns" if count else "There is no column"
            raise NoteTermsError("E101", f"{said} {column!r}; the columns are {', '.join(map(str, names))}.", remedy)


def _check_schema(schema: pa.Schema, text: str, note_id: str) -> None:
    check_columns(schema.names, (text, note_id), _NAME_THEM)
    kind = schema.field(text).type
    _check_texts(text, any(is_bytes(kind) for is_bytes in _BYTES))


def _check_texts(column: str, holds_bytes: bool) -> None:
    if holds_bytes:
        raise NoteTermsError("E130", f"The column {column!r} holds bytes, not text.", "Decode them first.")


def _pairs(ids: Iterable[Any], texts: Iterable[Any]) -> Iterator[tuple[str, str]]:
    rows = (row_of(number, name, text) for number, (name, text) in enumerate(zip(ids, texts, strict=True), start=1))
    return ((row.note_id, row.text) for row in rows if row.note_id is not None and row.text is not None)


def _values(column: pd.Series) -> list[Any]:
    """The values of a column, None where pandas has one of its ways to say that there is none."""
    return column.astype(object).where(column.notna(), None).tolist()


def _stream(notes: pa.RecordBatchReader, text: str, note_id: str) -> Iterator[tuple[str, str]]:
    for batch in notes:
        yield from _pairs(batch[note_id].to_pylist(), batch[text].to_pylist())


def _table(tags: Iterable[list[Tag]]) -> pa.Table:
    return tags_table(tag for note in tags for tag in note)


def _batches(tags: Iterable[list[Tag]]) -> Iterator[pa.RecordBatch]:
    waiting: list[Tag] = []
    for note in tags:
        waiting += note
        if len(waiting) >= _TAGS:
            yield record_batch(waiting, tags_schema())
            waiting = []
    yield record_batch(waiting, tags_schema())
