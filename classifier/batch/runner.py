"""One run: rows in, tables out, and what could not be tagged set aside."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import joblib
import pyarrow as pa
from joblib.externals.loky.process_executor import TerminatedWorkerError

from classifier.batch.progress import Progress, record
from classifier.batch.readers import Row
from classifier.batch.writers import TableWriter, check_writable, replace_file
from classifier.errors import NoteTermsError
from classifier.report.contents import Contents, ReportOptions
from classifier.tagging import Classifier, load
from classifier.tags import Context, NoteSummary, Tag, TaggedNote, summary_schema, tags_schema

_BATCH, _BATCH_CHARACTERS = 64, 1_000_000
# So many rows are kept as a part, and are lost at most when a run is stopped.
_PART, _PART_CHARACTERS = 2048, 32_000_000
_MOST_DEATHS = 5


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
    source: str = "",
    summary: Path | None = None,
    summary_kind: str = "csv",
    settings: Settings = Settings(),
    report: ReportOptions | None = None,
    force: bool = False,
    resume: bool = False,
    jobs: int = 1,
    on_notes: Callable[[int], None] = lambda count: None,
    on_set_aside: Callable[[SetAside], None] = lambda row: None,
) -> RunResult:
    """Tag the rows of an export and write the tables.

    Finished parts are kept in `<out>.progress` until the tables stand: a run that was stopped goes on there, and its
    tables are those of a run that was not.

    Parameters
    ----------
    rows : iterable of Row
        From `classifier.batch.readers.read_notes`.
    out : Path or None
        The tags table; None for standard output. What is set aside goes to `<out>.errors.jsonl`.
    kind, summary_kind : str
        `csv`, `jsonl` or `parquet`.
    source : str
        Names the export: a run goes on only with the same.
    summary : Path, optional
        The table of one row a note.
    settings : Settings
        What the classifier is made from.
    report : ReportOptions, optional
        The page for people.
    force : bool, default False
        Overwrite tables that exist.
    resume : bool, default False
        Go on where a run with the same options stopped.
    jobs : int, default 1
        Worker processes; the order of the notes is kept.
    on_notes, on_set_aside : callable
        Called with the number of notes done since the last call, and with each row set aside.

    Raises
    ------
    NoteTermsError
        E127 when a batch killed its workers again and again; E132 to E134 from `classifier.batch.writers.TableWriter`;
        E137 from `classifier.batch.progress.Progress`; E211 for a scheme that is not there; E401 to E403 for a model
        that cannot be opened.
    """
    parts = _chunks(_without_repeats(rows), _PART, _PART_CHARACTERS)
    contents = None if report is None else Contents(report, source, settings.scheme, settings.model, settings.threshold)
    contexts = report is not None and report.text
    if out is None:
        done = (
            _records(batch, outcomes) for part in parts for batch, outcomes in _tagged(part, settings, jobs, contexts)
        )
        return _write(done, None, kind, summary, summary_kind, contents, force, on_notes, on_set_aside)
    check_writable(out.with_name(out.name + ".errors.jsonl"), force or resume)
    progress = Progress(out, {"source": source, "kind": kind, "contexts": contexts, **asdict(settings)}, resume)
    try:
        for number, part in enumerate(parts):
            if number < progress.parts:
                on_notes(len(part))
                continue
            records: list[dict[str, Any]] = []
            for batch, outcomes in _tagged(part, settings, jobs, contexts):
                records += _records(batch, outcomes)
                on_notes(len(batch))
            progress.add(records)
    except BaseException:
        if not progress.parts:
            progress.clear()
        raise
    result = _write(progress, out, kind, summary, summary_kind, contents, force, lambda count: None, on_set_aside)
    progress.clear()
    return result


def _chunks(rows: Iterable[Row], most_rows: int, most_characters: int) -> Iterator[list[Row]]:
    """Cut rows into lists that end when they hold so many rows, or so many characters."""
    chunk: list[Row] = []
    characters = 0
    for row in rows:
        chunk.append(row)
        characters += len(row.text or "")
        if len(chunk) == most_rows or characters >= most_characters:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk


def _records(batch: list[Row], outcomes: list[TaggedNote | str]) -> list[dict[str, Any]]:
    """What becomes of a batch, as records of a part."""
    records: list[dict[str, Any]] = []
    for row, outcome in zip(batch, outcomes, strict=True):
        if isinstance(outcome, TaggedNote):
            records += [record("tag", tag) for tag in outcome.tags]
            records += [record("context", context) for context in outcome.contexts]
            records.append(record("summary", outcome.summary))
        else:
            records.append(record("aside", SetAside(row.number, row.note_id, outcome)))
    return records


def _write(
    parts: Iterable[list[dict[str, Any]]],
    out: Path | None,
    kind: str,
    summary: Path | None,
    summary_kind: str,
    contents: Contents | None,
    force: bool,
    on_notes: Callable[[int], None],
    on_set_aside: Callable[[SetAside], None],
) -> RunResult:
    """Write the tables, and the page, from finished parts."""
    result = RunResult()
    errors = None if out is None else out.with_name(out.name + ".errors.jsonl")
    with ExitStack() as stack:
        tags_table = stack.enter_context(TableWriter(out, kind, tags_schema(), force))
        summary_table = (
            stack.enter_context(TableWriter(summary, summary_kind, summary_schema(), force)) if summary else None
        )
        aside: list[SetAside] = []
        for part in parts:
            found: dict[str, list[Any]] = {each: [] for each in _RECORDS}
            for entry in part:
                name = entry.pop("kind")
                found[name].append(_RECORDS[name](**entry))
            tags_table.write(found["tag"])
            if summary_table is not None:
                summary_table.write(found["summary"])
            if contents is not None:
                contents.add(found["tag"], found["context"], found["summary"], len(found["aside"]))
            for left in found["aside"]:
                on_set_aside(left)
            aside += found["aside"]
            result.notes += len(found["summary"])
            result.tags += len(found["tag"])
            on_notes(len(found["summary"]) + len(found["aside"]))
        result.set_aside = len(aside)
        if contents is not None:
            from classifier.report.page import page

            replace_file(contents.options.path, page(contents).encode())
    if errors is not None and aside:
        with TableWriter(errors, "jsonl", _aside_schema(), force=True) as table:
            table.write(aside)
    elif errors is not None:
        errors.unlink(missing_ok=True)
    return result


_RECORDS: dict[str, Callable[..., Any]] = {
    "tag": Tag,
    "context": Context,
    "summary": NoteSummary,
    "aside": SetAside,
}


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


def _tagged(
    rows: list[Row], settings: Settings, jobs: int, contexts: bool
) -> Iterator[tuple[list[Row], list[TaggedNote | str]]]:
    """Yield each batch of rows with its outcomes: a tagged note, or the reason for setting it aside."""
    batches = list(_chunks(rows, _BATCH, _BATCH_CHARACTERS))
    if jobs == 1:
        for batch in batches:
            yield _tag_batch(batch, settings, contexts)
        return
    done, deaths = 0, 0
    while done < len(batches):
        parallel = joblib.Parallel(n_jobs=jobs, return_as="generator", pre_dispatch="2*n_jobs", batch_size=1)
        try:
            for outcome in parallel(joblib.delayed(_tag_batch)(batch, settings, contexts) for batch in batches[done:]):
                yield outcome
                done, deaths = done + 1, 0
        except TerminatedWorkerError:
            # A worker was killed: others take its place, and what was not done is done again.
            deaths += 1
            if deaths == _MOST_DEATHS:
                first, last = batches[done][0].number, batches[done][-1].number
                raise NoteTermsError(
                    "E127",
                    f"Workers were killed {deaths} times at the rows {first} to {last}.",
                    "There may be too little memory: try fewer --jobs, then --resume.",
                ) from None


@lru_cache(maxsize=1)
def _classifier(settings: Settings) -> Classifier:
    """The classifier of this process: the rules are compiled once."""
    return load(settings.scheme, model=settings.model, sha256=settings.sha256, threshold=settings.threshold)


def _tag_batch(batch: list[Row], settings: Settings, contexts: bool) -> tuple[list[Row], list[TaggedNote | str]]:
    classifier = _classifier(settings)
    notes = [(row.note_id, row.text) for row in batch if row.text is not None and row.note_id is not None]
    try:
        tagged: Iterator[TaggedNote | str] = iter(list(classifier.tag_notes(notes, contexts=contexts)))
    except Exception:  # One note must not end a night's run: they are tagged one by one to find it.
        tagged = (_tag_one(classifier, note_id, text, contexts) for note_id, text in notes)
    outcomes = [
        next(tagged) if row.text is not None and row.note_id is not None else row.problem or "E124 the row has no text"
        for row in batch
    ]
    # The texts need not travel back from a worker.
    return [Row(row.number, row.note_id, None) for row in batch], outcomes


def _tag_one(classifier: Classifier, note_id: str, text: str, contexts: bool) -> TaggedNote | str:
    try:
        return next(classifier.tag_notes([(note_id, text)], contexts=contexts))
    except Exception as error:  # Its class says enough without its text.
        return f"E126 tagging failed with {type(error).__name__}"
