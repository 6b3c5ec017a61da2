"""The command `note-terms`."""

import io
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from inspect import getdoc
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from classifier import __version__
from classifier.annotation.commands import annotation_app
from classifier.errors import NoteTermsError
from classifier.notices import notices, warn

# spaCy, pandas and Arrow are imported by the commands that need them, so that --help comes at once.

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    # Not Markdown, whose import is a fifth of the time of the help.
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help=(
        "Tag what clinical notes say of a cancer's spread, recurrence, relapse or second cancer, and flag the notes "
        'whose "advanced" may mean locally advanced or metastatic. Nothing leaves this machine.\n\n'
        "Examples:\n\n"
        "    note-terms tag notes.csv -o tags.parquet --summary notes_summary.csv\n"
        '    note-terms show "Breast ca, 3/17 axillary nodes positive, no evidence of mets."\n\n'
        "Exit status: 0 done, 1 some rows were set aside and are listed, 2 wrong use."
    ),
)
app.add_typer(annotation_app)


class Format(StrEnum):
    """Kinds of tables."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


def main() -> None:
    """Run the command; errors come as one line."""
    for command in (*app.registered_commands, *annotation_app.registered_commands):
        command.help = _paragraphs(getdoc(command.callback) or "")
    if isinstance(sys.stdout, io.TextIOWrapper):
        # What a terminal has no character for is shown as a question mark; tables are UTF-8 all the same.
        sys.stdout.reconfigure(errors="replace")
    try:
        app()
    except NoteTermsError as error:
        _refuse(error)
    except BrokenPipeError:
        # The reader of standard output has gone (`| head`): nobody is left to tell.
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        # What the system refuses wherever a file is named, such as a name that is too long.
        problem = f"{error.filename or 'A file'} cannot be used: {error.strerror or type(error).__name__}."
        _refuse(NoteTermsError("E102", problem, "Mend that, or name another."))


def _refuse(error: NoteTermsError) -> NoReturn:
    print(f"note-terms: {error}", file=sys.stderr)
    sys.exit(2)


def _paragraphs(text: str) -> str:
    """A docstring with each paragraph on one line, for the terminal to wrap; examples, which are indented, stay."""
    paragraphs = text.split("\n\n")
    return "\n\n".join(part if part.startswith(" ") else part.replace("\n", " ") for part in paragraphs)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"note-terms {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take the options of the command itself."""


@app.command()
def tag(
    notes: Annotated[
        str,
        typer.Argument(
            metavar="NOTES",
            help="CSV, TSV, JSONL (each also .gz) or Parquet; a folder of .txt files; or - for JSONL on stdin.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="The tags table: .csv, .jsonl (each also .gz) or .parquet. Default: JSONL on standard output.",
        ),
    ] = None,
    text_column: Annotated[str, typer.Option(help="Column of the texts.")] = "text",
    id_column: Annotated[str, typer.Option(help="Column of the ids.")] = "note_id",
    scheme: Annotated[
        str,
        typer.Option(help="Names of the spread: ccs (as SEER Summary Stage), acs, tnm, or the path of a TOML file."),
    ] = "ccs",
    summary: Annotated[
        Path | None,
        typer.Option(
            help='Also write one row a note: counts, farthest extent, and whether its "advanced" is ambiguous.'
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Also write a page for people: numbers, ambiguous notes, tags in their sentences. .html"),
    ] = None,
    no_text: Annotated[
        bool, typer.Option("--no-text", help="Leave all text of the notes out of the report; their ids stay.")
    ] = False,
    report_limit: Annotated[
        int, typer.Option(min=1, help="So many tags are listed in the report; all are counted.")
    ] = 5000,
    model: Annotated[
        str, typer.Option(help="default for the model of the package, none for the rules alone, or a model file.")
    ] = "default",
    sha256: Annotated[
        str | None, typer.Option(help="The digest of a model file of your own; it is opened only if it has it.")
    ] = None,
    threshold: Annotated[
        float, typer.Option(min=0, max=1, help="Leave out tags whose score (0 to 1, calibrated) is lower.")
    ] = 0.0,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite tables that exist, and begin anew unless --resume is given.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where the same command was stopped; the tables come out the same.")
    ] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Worker processes.")] = 1,
    format: Annotated[
        Format | None, typer.Option(help="Kind of the tags table, where its ending does not say it.")
    ] = None,
) -> None:
    """Tag an export: one row a tag, with its place in the note, extent, status, cue and rule.

    Rows without text or id, rows that cannot be read and repeated ids are set aside in OUT.errors.jsonl, and the rest
    goes on. A run that was stopped, by whatever, goes on with --resume from what stands in OUT.progress. In CSV a value
    that a spreadsheet would run as a formula gets a leading apostrophe.

    Examples:

        note-terms tag notes.csv -o tags.parquet --summary notes_summary.csv
        note-terms tag notes.parquet --text-column body --id-column id -o tags.csv --jobs 2 --resume
    """
    from classifier.batch.progress import unfinished
    from classifier.batch.readers import read_notes
    from classifier.batch.runner import errors_file, run
    from classifier.batch.tagging import SetAside, Settings
    from classifier.batch.writers import check_writable, format_of
    from classifier.report.contents import ReportOptions

    kind = format_of(out, format, ", or use --format") if out else str(format or Format.JSONL)
    summary_kind = format_of(summary) if summary else "csv"
    if report is None and no_text:
        raise NoteTermsError("E570", "--no-text is about the report.", "Name one with --report.")
    if report is not None and report.suffix.lower() not in (".html", ".htm"):
        raise NoteTermsError("E571", f"{report} is no name of a page.", "End it in .html.")
    for target in (out, summary, report):
        if target is not None:
            check_writable(target, force or (resume and unfinished(out)), [notes])
    written = (out, summary, report, errors_file(out) if out else None)
    named = [target.parent.resolve() / target.name for target in written if target is not None]
    if len(set(named)) < len(named):
        raise NoteTermsError(
            "E136", "Two of the tags, OUT.errors.jsonl, the summary and the report have one name.", "Give each its own."
        )
    page = None if report is None else ReportOptions(report, text=not no_text, limit=report_limit)

    def tell(row: SetAside) -> None:
        if out is None:
            warn(f"row {row.row} (id {row.note_id}) set aside: {row.reason}")

    began = time.monotonic()
    try:
        with _progress() as advance:
            result = run(
                read_notes(notes, text_column, id_column, warn),
                out,
                kind,
                summary=summary,
                summary_kind=summary_kind,
                source=notes if notes == "-" else str(Path(notes).absolute()),
                settings=Settings(scheme, model, sha256, threshold),
                report=page,
                force=force,
                resume=resume,
                jobs=jobs,
                on_notes=advance,
                on_set_aside=tell,
            )
    except KeyboardInterrupt:
        warn("stopped; no table was written" + (". Go on with --resume." if out else "."))
        raise typer.Exit(130) from None
    where = "" if out is None or not result.set_aside else f" (listed in {out}.errors.jsonl)"
    aside = f", {result.set_aside} rows set aside{where}" if result.set_aside else ""
    warn(f"{result.notes} notes, {result.tags} tags, {time.monotonic() - began:.1f} s{aside}")
    if result.set_aside:
        raise typer.Exit(1)


@contextmanager
def _progress() -> Iterator:
    """A count of the notes on a terminal; nothing in a pipe."""
    if not notices.is_terminal:
        yield lambda count: None
        return
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("notes tagged:"), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=notices, transient=True) as progress:
        task = progress.add_task("notes", total=None)
        yield lambda count: progress.advance(task, count)


@app.command()
def show(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="A note, or - for standard input.")] = "-",
    scheme: Annotated[
        str, typer.Option(help="Names of the spread: ccs, acs, tnm, or the path of a TOML file.")
    ] = "ccs",
    model: Annotated[
        str, typer.Option(help="default for the model of the package, none for the rules alone, or a model file.")
    ] = "default",
    sha256: Annotated[
        str | None, typer.Option(help="The digest of a model file of your own; it is opened only if it has it.")
    ] = None,
) -> None:
    """Print a note with its tags in colour, and a line on each with the cue and the rule that decided."""
    from classifier.batch.readers import decoded, standard_input
    from classifier.display import render
    from classifier.tagging import doc_tags, pipeline

    # Of an argument Python keeps the bytes that are no text, in a form that cannot be shown.
    given = standard_input() if text == "-" else io.BytesIO(os.fsencode(text))
    note = "".join(decoded(given, "the note", warn))
    doc = pipeline(scheme, model=model, sha256=sha256)(note)
    Console(highlight=False).print(render(note, doc_tags(doc), doc._.advanced_reason))


@app.command()
def explain(
    rule: Annotated[
        str | None, typer.Argument(metavar="RULE", help="The id in the column `rule`. Without it: all of them.")
    ] = None,
) -> None:
    """Print what a rule is for, the pattern, and an example."""
    import json
    from difflib import get_close_matches

    from classifier.matching.patterns import load_patterns
    from classifier.resources import RULES

    patterns = {pattern.id: pattern for pattern in load_patterns(RULES)}
    if rule is None:
        for pattern in patterns.values():
            typer.echo(f"{pattern.id:32} {pattern.label:16} {pattern.about}")
        return
    if rule not in patterns:
        near = get_close_matches(rule, patterns, n=3)
        advice = f"Near it: {', '.join(near)}." if near else "`note-terms explain` lists them all."
        raise NoteTermsError("E151", f"There is no rule {rule!r}.", advice)
    found = patterns[rule]
    typer.echo(f"{found.id}: {found.about}")
    typer.echo(f"label    {found.label}" + (f", extent {found.extent}" if found.extent else ""))
    if found.reads:
        typer.echo(f"reads    {found.reads} (how the sites around it change the extent)")
    if found.polarity:
        typer.echo(f"status   {found.polarity} by itself")
    if found.needs:
        typer.echo(f"needs    {found.needs} (where a cancer must be named)")
    typer.echo(f"example  {found.example}")
    typer.echo("pattern")
    for token in found.pattern:
        typer.echo(f"  {json.dumps(token, ensure_ascii=False)}")


@app.command()
def evaluate(
    gold: Annotated[
        Path, typer.Argument(metavar="GOLD", help="Gold JSONL: one note a line with `spans` and `advanced`.")
    ],
    predicted: Annotated[
        Path | None,
        typer.Argument(metavar="PRED", help="Tags as `note-terms tag` writes them, or gold."),
    ] = None,
    notes: Annotated[
        str | None,
        typer.Option(
            metavar="NOTES",
            help="Instead of PRED: the notes, in any form that `tag` reads; tagged by rules, by model and by both.",
        ),
    ] = None,
    text_column: Annotated[str, typer.Option(help="Column of the texts in NOTES.")] = "text",
    id_column: Annotated[str, typer.Option(help="Column of the ids in NOTES.")] = "note_id",
    html: Annotated[
        Path | None,
        typer.Option(help="Also write a page: which label for which, and F1 a genre where NOTES has a column `genre`."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a page that exists.")] = False,
) -> None:
    """Score tags against gold: precision, recall and F1 a label, status, extent, and the ambiguous "advanced" flag.

    A tag is right when it overlaps a gold span of the same label, one to one. `tag+status` asks for the status too,
    `extent` for the extent.

    Examples:

        note-terms evaluate gold.jsonl tags.jsonl
        note-terms evaluate gold.jsonl --notes notes.jsonl --html page.html
    """
    from classifier.annotation.annotations import read_annotations
    from classifier.batch.readers import read_texts
    from classifier.batch.writers import check_writable, replace_file
    from classifier.training.evaluate import annotate, as_json
    from classifier.training.evaluate import evaluate as compare
    from classifier.training.tables import comparison, scores

    if (predicted is None) == (notes is None):
        raise NoteTermsError("E142", "Give either PRED or --notes.", "See note-terms evaluate --help.")
    if html is not None:
        check_writable(html, force, [gold, predicted, notes])
    wanted = read_annotations(gold)
    console = Console(highlight=False)
    left_out = 0
    if notes is not None:
        texts, left_out = read_texts(notes, text_column, id_column, warn)
        made = annotate(texts)
        results = {way: compare(wanted, found) for way, found in made.items()}
        found, result = made["both"], results["both"]
    else:
        assert predicted is not None
        results, found = {}, read_annotations(predicted)
        result = compare(wanted, found)
    if html is not None:
        from classifier.training.page import page, read_genres

        replace_file(html, page(wanted, found, read_genres(notes, id_column) if notes else {}).encode())
    if json:
        typer.echo(as_json(result))
    else:
        if results:
            console.print(comparison(results))
        console.print(scores(result))
    if left_out:
        raise typer.Exit(1)


@app.command()
def train(
    data: Annotated[
        list[Path],
        typer.Argument(
            metavar="DATA",
            help="Folders with notes.jsonl and gold.jsonl, or JSONL with note_id, text, spans and advanced.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the model, its manifest and a picture.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite a model that is there.")] = False,
) -> None:
    """Train the model that settles what the rules cannot, and print what each of its decisions gains.

    The figures come from cross-validation, split by note. The same data give the same file, to the last bit.

    Example:

        note-terms train gold.jsonl -o my_model
    """
    from classifier.tagging import proposals
    from classifier.training.corpus import read_corpus
    from classifier.training.tables import training
    from classifier.training.train import save
    from classifier.training.train import train as fit

    if (out / "arbiter.joblib").exists() and not force:
        raise NoteTermsError("E132", f"{out / 'arbiter.joblib'} exists.", "Use --force to overwrite it.")
    trained = fit(read_corpus(data), proposals(), warn)
    save(trained, out)
    Console(highlight=False).print(training(trained))
    typer.echo(f"sha256 {trained.manifest['sha256']}")
