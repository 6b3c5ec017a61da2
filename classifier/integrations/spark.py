"""Tag the notes of a Spark DataFrame on its workers."""

import sys
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

from classifier.batch.notes import Row, batches, row_of
from classifier.batch.tagging import FAILED, Settings, tag_batch
from classifier.errors import NoteTermsError
from classifier.tags import tags_schema

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_SPARK = {pa.string(): "string", pa.int64(): "bigint", pa.bool_(): "boolean", pa.float64(): "double"}


def tag(
    df: "DataFrame",
    text: str = "text",
    note_id: str = "note_id",
    scheme: str = "ccs",
    model: str = "default",
    sha256: str | None = None,
    threshold: float = 0.0,
    skip_failures: bool = False,
) -> "DataFrame":
    """Tag the notes of a Spark DataFrame; nothing runs until its rows are asked for.

    The classifier is loaded once in each Python worker. Rows without text or id have no tags, and ids are not checked
    for repeats: that would move all notes between the machines.

    Parameters
    ----------
    df : DataFrame
        One row a note.
    text, note_id : str
        Columns of the texts and the ids.
    scheme, model, sha256, threshold
        As for `classifier.load`; paths are those on the workers.
    skip_failures : bool, default False
        Go on where tagging a note fails, with a line on the standard error of the worker; otherwise the task fails.

    Returns
    -------
    DataFrame
        One row a tag, with the columns of `classifier.tags.Tag`.

    Raises
    ------
    NoteTermsError
        E101 when a column is missing, E590 when pyspark is not installed; on the workers E591 when tagging a note
        fails, and what `classifier.load` raises.
    """
    try:
        from pyspark.sql import functions
    except ImportError:
        raise NoteTermsError(
            "E590", "pyspark is not installed.", "Install it with: pip install 'note-terms[spark]'"
        ) from None
    for column in (text, note_id):
        if column not in df.columns:
            raise NoteTermsError(
                "E101",
                f"There is no column {column!r}; the columns are {', '.join(df.columns)}.",
                "Name the columns with text=… and note_id=….",
            )
    # By name as it stands: a dot in it would else lead into a structure.
    chosen = [functions.col(f"`{name.replace('`', '``')}`").cast("string") for name in (note_id, text)]
    notes = df.select(chosen[0].alias("note_id"), chosen[1].alias("text"))
    settings = Settings(scheme, model, sha256, threshold)
    return notes.mapInArrow(partial(_tag, settings=settings, skip_failures=skip_failures), spark_schema())


def spark_schema() -> str:
    """Return the columns of a tags table as Spark writes a schema."""
    return ", ".join(
        f"`{field.name}` {_SPARK[field.type]}{'' if field.nullable else ' NOT NULL'}" for field in tags_schema()
    )


def _tag(parts: Iterable[pa.RecordBatch], settings: Settings, skip_failures: bool) -> Iterator[pa.RecordBatch]:
    """Tag the notes of a partition, in a Python worker."""
    for notes in batches(_rows(parts), unique=False):
        done = tag_batch(notes, settings)
        for row in done.aside.to_pylist():
            if not row["reason"].startswith(FAILED):
                continue
            error = NoteTermsError(
                "E591", f"Note {row['note_id']}: {row['reason']}.", "Go on without such notes with skip_failures=True."
            )
            if not skip_failures:
                raise error
            print(f"note-terms: {error}", file=sys.stderr)
        yield done.tags


def _rows(parts: Iterable[pa.RecordBatch]) -> Iterator[Row]:
    number = 0
    for part in parts:
        for note_id, text in zip(part["note_id"].to_pylist(), part["text"].to_pylist(), strict=True):
            number += 1
            yield row_of(number, note_id, text)
