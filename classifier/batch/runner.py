"""One run: rows in, tables out, and what could not be tagged set aside."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

import joblib
import pyarrow as pa

from classifier.batch.readers import Row
from classifier.batch.writers import TableWriter, check_writable
from classifier.tagging import Classifier, load
from classifier.tags import TaggedNote, summary_schema, tags_schema

_BATCH = 64


@dataclass(frozen=True, slots=True)
class Settings:
    """What a classifier is made from: see `classifier.tagging.load`."""

    scheme: str = "ccs"
    """Names of the spread."""
    model: str = "default"
    """`default`, `none`, or a model file."""
    sha256: str | None = None
    """Digest of a model file."""
    threshold: float = 0.0
    """Lowest score of a tag."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row that was not tagged."""

    row: int
    """Its number in the export (see `classifier.batch.readers.Row`)."""
    note_id: str | None
    """As given, where it could be read."""
    reason: str
    """Code and reason; never note text."""


@dataclass(slots=True)
class RunResult:
    """What a run did."""

    notes: int = 0
    """Notes tagged."""
    tags: int = 0
    """Tags written."""
    set_aside: int = 0
    """Rows not tagged, listed in the errors file or on standard error."""


def run(
    rows: Iterable[Row],
    out: Path | None,
    kind: str,
    *,
    summary: Path | None = None,
    summary_kind: str = "csv",
    settings: Settings = Settings(),
    force: bool = False,
    jobs: int = 1,
    on_notes: Callable[[int], None] = lambda count: None,
    on_set_aside: Callable[[SetAside], None] = lambda row: None,
) -> RunResult:
    """Tag the rows of an export and write the tables.

    Parameters
    ----------
    rows : iterable of Row
        From `classifier.batch.readers.read_notes`.
    out : Path or None
        The tags table; None for standard output. What is set aside goes to `<out>.errors.jsonl`.
    kind, summary_kind : str
        `csv`, `jsonl` or `parquet`.
    summary : Path, optional
        The table of one row a note.
    settings : Settings
        What the classifier is made from.
    force : bool, default False
        Overwrite tables that exist.
    jobs : int, default 1
        Worker processes; the order of the notes is kept.
    on_notes, on_set_aside : callable
        Called with the number of notes done since the last call, and with each row set aside.

    Raises
    ------
    NoteTermsError
        E132 to E134 from `classifier.batch.writers.TableWriter`; E211 for a scheme that is not there; E401 to E403 for
        a model that cannot be opened.
    """
    errors = None if out is None else out.with_name(out.name + ".errors.jsonl")
    if errors is not None:
        check_writable(errors, force)
    result = RunResult()
    with ExitStack() as stack:
        tags_table = stack.enter_context(TableWriter(out, kind, tags_schema(), force))
        summary_table = (
            stack.enter_context(TableWriter(summary, summary_kind, summary_schema(), force)) if summary else None
        )
        aside: list[SetAside] = []
        for batch, outcomes in _tagged(_without_repeats(rows), settings, jobs):
            for row, outcome in zip(batch, outcomes, strict=True):
                if isinstance(outcome, TaggedNote):
                    tags_table.write(outcome.tags)
                    if summary_table is not None:
                        summary_table.write([outcome.summary])
                    result.notes += 1
                    result.tags += len(outcome.tags)
                else:
                    left = SetAside(row.number, row.note_id, outcome)
                    aside.append(left)
                    on_set_aside(left)
            on_notes(len(batch))
        result.set_aside = len(aside)
        if errors is not None and aside:
            with TableWriter(errors, "jsonl", _aside_schema(), force) as table:
                table.write(aside)
        elif errors is not None:
            errors.unlink(missing_ok=True)
    return result


def _aside_schema() -> pa.Schema:
    return pa.schema([("row", pa.int64()), ("note_id", pa.string()), ("reason", pa.string())])


def _without_repeats(rows: Iterable[Row]) -> Iterator[Row]:
    """Set aside each row whose id was there before: its tags could not be told from the first's."""
    seen: set[bytes] = set()
    for row in rows:
        if row.note_id is not None and row.problem is None:
            key = hashlib.blake2b(row.note_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            if key in seen:
                row = Row(row.number, row.note_id, None, "E125 the id was there in an earlier row")
            seen.add(key)
        yield row


def _tagged(rows: Iterable[Row], settings: Settings, jobs: int) -> Iterator[tuple[list[Row], list[TaggedNote | str]]]:
    """Yield each batch of rows with its outcomes: a tagged note, or the reason for setting it aside."""
    iterator = iter(rows)
    batches = iter(lambda: list(islice(iterator, _BATCH)), [])
    if jobs == 1:
        for batch in batches:
            yield _tag_batch(batch, settings)
    else:
        parallel = joblib.Parallel(n_jobs=jobs, return_as="generator", pre_dispatch="2*n_jobs", batch_size=1)
        yield from parallel(joblib.delayed(_tag_batch)(batch, settings) for batch in batches)


@lru_cache(maxsize=1)
def _classifier(settings: Settings) -> Classifier:
    """The classifier of this process: the rules are compiled once."""
    return load(settings.scheme, model=settings.model, sha256=settings.sha256, threshold=settings.threshold)


def _tag_batch(batch: list[Row], settings: Settings) -> tuple[list[Row], list[TaggedNote | str]]:
    classifier = _classifier(settings)
    outcomes: list[TaggedNote | str] = []
    for row in batch:
        if row.text is None or row.note_id is None:
            outcomes.append(row.problem or "E124 the row has no text")
            continue
        try:
            outcomes.append(next(classifier.tag_notes([(row.note_id, row.text)])))
        except Exception as error:  # One note must not end a night's run; its class says enough without its text.
            outcomes.append(f"E126 tagging failed with {type(error).__name__}")
    # The texts need not travel back from a worker.
    return [Row(row.number, row.note_id, None) for row in batch], outcomes
