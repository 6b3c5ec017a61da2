"""One run: notes in, tables out, and what could not be tagged set aside."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import pyarrow as pa

from classifier import __version__
from classifier.batch.progress import Progress, unfinished
from classifier.batch.tagging import ASIDE_SCHEMA, Outcome, SetAside, Settings, tag_batch
from classifier.batch.workers import tag_batches
from classifier.batch.writers import TableWriter, check_writable, replace_file
from classifier.report.contents import Contents, ReportOptions
from classifier.schemes import load_scheme
from classifier.tags import Context, NoteSummary, Tag, summary_schema, tags_schema

# So many batches are kept as a part, and are lost at most when a run is stopped.
_PART = 8


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
    batches: Iterable[pa.RecordBatch],
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
    """Tag the notes of an export and write the tables.

    Finished parts are kept in `<out>.progress` until the tables stand: a run that was stopped goes on there, and its
    tables are those of a run that was not.

    Parameters
    ----------
    batches : iterable of RecordBatch
        From `classifier.batch.readers.read_notes`; to go on, from the same export again.
    out : Path or None
        The tags table; None for standard output. What is set aside goes to `<out>.errors.jsonl`.
    kind, summary_kind : str
        `csv`, `jsonl` or `parquet`.
    source : str
        Names the export, by its path if it has one: a run goes on only with the same.
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
        E127 from `classifier.batch.workers.tag_batches`; E132 to E134 and E139 from
        `classifier.batch.writers.TableWriter`; E135 where the export is `<out>.errors.jsonl`; E137, E138 and E140 from
        `classifier.batch.progress.Progress`; what `classifier.schemes.load_scheme` raises; E401 to E403 for a model
        that cannot be opened.
    """
    notes = iter(batches)
    # Read also where no note follows: a scheme that is not there is told before the work.
    scheme = asdict(load_scheme(settings.scheme))
    contents = None if report is None else Contents(report, source, settings.scheme, settings.model, settings.threshold)
    contexts = report is not None and report.text
    work = partial(tag_batch, settings=settings, contexts=contexts)
    if out is None:
        done = _counted((outcome for _, outcome in tag_batches(notes, work, jobs)), on_notes)
        return _write(done, None, kind, summary, summary_kind, contents, force, on_set_aside)
    check_writable(errors_file(out), force=True, sources=[source])
    force = force or (resume and unfinished(out))
    # Of the other tables too: under another name there may stand what no run of this one wrote.
    tables = {"summary": summary, "report": report.path if report else None}
    names = {name: str(path.absolute()) if path else None for name, path in tables.items()}
    # Of a scheme not the name but what it says: a file of one's own may have been edited. A model has its digest.
    chosen = {**asdict(settings), "scheme": scheme}
    options = {"source": source, "version": __version__, "contexts": contexts, **names, **chosen}
    with Progress(out, options, resume) as progress:
        for number in range(progress.parts):
            part = list(islice(notes, _PART))
            progress.check(number, part)
            on_notes(sum(batch.num_rows for batch in part))
        tagged = tag_batches(notes, work, jobs)
        while part_done := list(islice(tagged, _PART)):
            progress.add(*zip(*part_done, strict=True))
            on_notes(sum(outcome.rows for _, outcome in part_done))
        return _write(progress, out, kind, summary, summary_kind, contents, force, on_set_aside)


def _counted(outcomes: Iterable[Outcome], on_notes: Callable[[int], None]) -> Iterator[Outcome]:
    for outcome in outcomes:
        on_notes(outcome.rows)
        yield outcome


def errors_file(out: Path) -> Path:
    """Return the file of the rows set aside, which a run writes over."""
    return out.with_name(out.name + ".errors.jsonl")


def _write(
    outcomes: Iterable[Outcome],
    out: Path | None,
    kind: str,
    summary: Path | None,
    summary_kind: str,
    contents: Contents | None,
    force: bool,
    on_set_aside: Callable[[SetAside], None],
) -> RunResult:
    """Write the tables, and the page, from what became of the notes."""
    result = RunResult()
    with ExitStack() as stack:
        # The tags are named last, when all the others stand.
        tags = stack.enter_context(TableWriter(out, kind, tags_schema(), force))
        tables = {"tags": tags}
        if summary is not None:
            writer = TableWriter(summary, summary_kind, summary_schema(), force)
            tables["summaries"] = stack.enter_context(writer)
        if out is not None:
            writer = TableWriter(errors_file(out), "jsonl", ASIDE_SCHEMA, force=True, keep_empty=False)
            tables["aside"] = stack.enter_context(writer)
        for outcome in outcomes:
            for name, table in tables.items():
                table.write(getattr(outcome, name))
            if contents is not None:
                _gather(contents, outcome)
            for row in outcome.aside.to_pylist():
                on_set_aside(SetAside(**row))
            result.notes += outcome.summaries.num_rows
            result.tags += outcome.tags.num_rows
            result.set_aside += outcome.aside.num_rows
        if contents is not None:
            from classifier.report.page import page

            replace_file(contents.options.path, page(contents).encode())
    return result


def _gather(contents: Contents, outcome: Outcome) -> None:
    """Add what became of some notes to what a page holds."""
    contents.add(
        [Tag(**row) for row in outcome.tags.to_pylist()],
        [Context(**row) for row in outcome.contexts.to_pylist()],
        [NoteSummary(**row) for row in outcome.summaries.to_pylist()],
        outcome.aside.num_rows,
    )
