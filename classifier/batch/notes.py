"""The notes of an export on their way: Arrow record batches, each with what is wrong with a row."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from classifier.text.surrogates import whole

BATCH_ROWS, BATCH_CHARACTERS = 256, 1_000_000
"""A batch ends when it holds so many rows, or so many characters."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of an export."""

    number: int
    """Its number among the rows, from 1; for JSONL the number of the line."""
    note_id: str | None
    """As given, where it could be read."""
    text: str | None
    """The note exactly as given; None where `problem` says why the row cannot be tagged."""
    problem: str | None = None
    """Code and reason for setting the row aside; never note text."""


SCHEMA = pa.schema([("number", pa.int64()), ("note_id", pa.string()), ("text", pa.string()), ("problem", pa.string())])
"""The columns of a batch of notes: the fields of `Row`."""


def row_of(number: int, note_id: Any, text: Any) -> Row:
    """Return a row as it was read, with what is wrong with it."""
    name = None if note_id is None or note_id == "" else str(note_id)
    if name is None:
        return Row(number, None, None, "E123 the row has no id")
    if not isinstance(text, str) or not text.strip():
        return Row(number, name, None, "E124 the row has no text")
    return Row(number, name, text)


def batches(rows: Iterable[Row], unique: bool = True) -> Iterator[pa.RecordBatch]:
    """Pack rows into record batches, in order; where ids are unique, a row whose id was there before is set aside.

    The same rows give the same batches. A lone half of a surrogate pair, which JSON can spell and Arrow cannot hold,
    becomes U+FFFD: one character for one, so that offsets stay.
    """
    ids = _Ids()
    for chunk in _chunks(rows):
        if not unique:
            yield _record_batch(chunk)
            continue
        again = ids.add([row.note_id for row in chunk if row.problem is None and row.note_id is not None])
        repeated = iter(again.tolist())
        yield _record_batch(
            [
                replace(row, text=None, problem="E125 the id was there in an earlier row")
                if row.problem is None and row.note_id is not None and next(repeated)
                else row
                for row in chunk
            ]
        )


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    chunk: list[Row] = []
    characters = 0
    for row in rows:
        chunk.append(row)
        characters += len(row.text or "")
        if len(chunk) == BATCH_ROWS or characters >= BATCH_CHARACTERS:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk


def _record_batch(rows: list[Row]) -> pa.RecordBatch:
    columns = [[getattr(row, name) for row in rows] for name in SCHEMA.names]
    try:
        return pa.record_batch(columns, schema=SCHEMA)
    except UnicodeEncodeError:
        return pa.record_batch([[whole(value) for value in column] for column in columns], schema=SCHEMA)


class _Ids:
    """The ids that were there, as hashes of 8 bytes in sorted arrays, each at least twice as long as the next."""

    def __init__(self) -> None:
        self._sorted: list[np.ndarray] = []

    def add(self, ids: list[str]) -> np.ndarray:
        """Add ids; return for each whether it was there before, or earlier among these."""
        digests = (hashlib.blake2b(id.encode("utf-8", "surrogatepass"), digest_size=8).digest() for id in ids)
        hashes = np.frombuffer(b"".join(digests), dtype=np.uint64)
        new, firsts = np.unique(hashes, return_index=True)
        again = np.ones(len(hashes), dtype=bool)
        again[firsts] = False
        for known in self._sorted:
            places = np.searchsorted(known, hashes)
            again |= known[np.minimum(places, len(known) - 1)] == hashes
        if len(new):
            self._sorted.append(new)
        while len(self._sorted) > 1 and len(self._sorted[-2]) < 2 * len(self._sorted[-1]):
            longer = np.concatenate([self._sorted.pop(), self._sorted.pop()])
            longer.sort(kind="stable")
            self._sorted.append(longer)
        return again
