"""The commands for people who annotate: export, import, agree, adjudicate, sample."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from classifier.annotation.formats import FOLDERS, FormatName, annotation_format, beside
from classifier.errors import NoteTermsError, some_of
from classifier.notices import warn

# What is heavy is imported by the commands that need it, as in `classifier.cli`.
if TYPE_CHECKING:
    from classifier.annotation.annotators import Annotators

annotation_app = typer.Typer()

_Notes = Annotated[
    str | None,
    typer.Option(
        metavar="NOTES",
        help="The notes, in any form that `tag` reads: needed where a file lacks the texts, or is a tags table.",
    ),
]
_TextColumn = Annotated[str, typer.Option(help="Column of the texts in NOTES.")]
_IdColumn = Annotated[str, typer.Option(help="Column of the ids in NOTES.")]
_Force = Annotated[bool, typer.Option("--force", help="Overwrite a file that exists.")]


@annotation_app.command()
def export(
    tags: Annotated[
        Path,
        typer.Argument(metavar="TAGS", help="A tags table (.csv, .jsonl (each also .gz) or .parquet), or gold JSONL."),
    ],
    to: Annotated[FormatName, typer.Option("--to", help="The tool that the notes go to.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file; for brat and inception the folder.")],
    notes: _Notes = None,
    text_column: _TextColumn = "text",
    id_column: _IdColumn = "note_id",
    force: _Force = False,
) -> None:
    """Write tagged notes for an annotation tool: labels, extents, statuses and senses, for people to correct.

    Beside the tasks stand the settings that the tool needs: the labelling configuration for Label Studio (.xml), the
    labels for Prodigy (.labels.txt), annotation.conf for brat, TypeSystem.xml for INCEpTION. NOTES may be some of
    those tagged, such as what `note-terms sample` chose.

    Examples:

        note-terms tag notes.csv -o tags.jsonl
        note-terms export tags.jsonl --notes notes.csv --to label-studio -o tasks.json
    """
    from classifier.annotation.tables import notes_with_tags

    _check_target(out, to, [tags, notes], force)
    texts, left_out = _texts(notes, text_column, id_column)
    found = list(notes_with_tags(tags, texts, warn))
    if not found:
        raise NoteTermsError("E502", "There is no note to export.", "Give notes that have text.")
    annotation_format(to).write(found, out)
    warn(f"{len(found)} notes, {sum(len(note.marks) for note in found)} tags written to {out}")
    if left_out:
        raise typer.Exit(1)


@annotation_app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What the tool exported: a file, or a folder.")],
    form: Annotated[FormatName, typer.Option("--from", help="The tool that it comes from.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Gold JSONL, for `note-terms train` and `evaluate`.")],
    notes: _Notes = None,
    text_column: _TextColumn = "text",
    id_column: _IdColumn = "note_id",
    annotator: Annotated[
        str | None, typer.Option(help="Whose work to take, where several annotated the same notes.")
    ] = None,
    predictions: Annotated[
        bool, typer.Option("--predictions", help="Take the predictions of notes that nobody annotated.")
    ] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out notes that cannot be used, each with a line that says why.")
    ] = False,
    force: _Force = False,
) -> None:
    """Read annotations back from a tool, check each, and write gold JSONL.

    A note that was skipped, was not annotated, was annotated by several people, has another text than in NOTES, or
    has a mark that does not fit stops the import; with --skip-bad it is named and left out, and the exit status is 1.

    Example:

        note-terms import project-1.json --from label-studio --notes notes.csv -o gold.jsonl
    """
    from classifier.annotation.readings import annotated_notes

    _check_target(out, FormatName.GOLD, [file, notes], force)
    texts, _ = _texts(notes, text_column, id_column)
    good, bad = [], 0
    for note in annotated_notes(annotation_format(form).read(file), texts, annotator, predictions):
        if not isinstance(note, NoteTermsError):
            good.append(note)
        elif skip_bad:
            bad += 1
            warn(f"left out: {note}")
        else:
            raise NoteTermsError(note.code, note.problem, f"{note.remedy} --skip-bad imports the rest.")
    if not good:
        raise NoteTermsError("E515", f"{file} has no note that can be imported.", "Annotate the notes in the tool.")
    annotation_format(FormatName.GOLD).write(good, out)
    warn(f"{len(good)} notes, {sum(len(note.marks) for note in good)} tags written to {out}; {bad} left out")
    if bad:
        raise typer.Exit(1)


@annotation_app.command()
def agree(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="A B [C]", help="One file an annotator: gold JSONL, or a tags table."),
    ],
    notes: _Notes = None,
    text_column: _TextColumn = "text",
    id_column: _IdColumn = "note_id",
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    disagreements: Annotated[
        Path | None, typer.Option(help="Also write what they differ on, as JSONL, for `note-terms adjudicate`.")
    ] = None,
    resamples: Annotated[int, typer.Option(min=0, help="Resamples of the notes, for the intervals.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the resamples.")] = 0,
    force: _Force = False,
) -> None:
    """Measure how well annotators agree, a row a label, each figure with its 95 % interval.

    F1 of spans in the same place and of spans that overlap (the mean over pairs of annotators); Cohen's kappa, or
    Fleiss' for three and more, over tokens; Krippendorff's alpha of the status. Only notes that all annotators have are
    compared. The classifier is an annotator too: give its tags table, and --notes.

    Examples:

        note-terms agree anna.jsonl ben.jsonl --disagreements list.jsonl
        note-terms agree anna.jsonl tags.parquet --notes notes.csv
    """
    from classifier.annotation.agreement import agreement, as_json
    from classifier.annotation.disagreements import disagreements as differing
    from classifier.annotation.figures import agreement_tables
    from classifier.annotation.files import write_lines
    from classifier.batch.writers import check_writable

    if len(files) < 2:
        raise NoteTermsError("E548", "One file agrees with itself.", "Give two or more, one an annotator.")
    if disagreements is not None:
        check_writable(disagreements, force, [*files, notes])
    annotators = _read(files, notes, text_column, id_column)
    if lacking := len(annotators.notes) - len(annotators.texts):
        warn(f"{lacking} notes have no text here, so there is no kappa over tokens; --notes gives them")
    result = agreement(annotators, resamples, seed)
    if json:
        typer.echo(as_json(result, annotators.left_out))
    else:
        Console(highlight=False).print(agreement_tables(result))
    if disagreements is not None:
        found = list(differing(annotators))
        write_lines(map(asdict, found), disagreements)
        warn(f"{len(found)} disagreements in {disagreements}")


@annotation_app.command()
def adjudicate(
    a: Annotated[Path, typer.Argument(metavar="A", help="The first annotator's file.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="The second annotator's file.")],
    rulings: Annotated[
        Path, typer.Argument(metavar="RULINGS", help="The list of `agree --disagreements`, with `ruling` filled.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Gold JSONL, for `train` and `evaluate`.")],
    notes: _Notes = None,
    text_column: _TextColumn = "text",
    id_column: _IdColumn = "note_id",
    undecided: Annotated[
        Literal["a", "b", "drop"] | None,
        typer.Option(help="What to do where there is no ruling: take A's, take B's, or take neither. Default: stop."),
    ] = None,
    force: _Force = False,
) -> None:
    """Make one gold of two annotators' files, by rulings on what they differ on.

    A ruling is "a", "b", "neither", "both", the name of a file, or an object with the fields of the right span; what it
    leaves out is taken from what both annotators say. Only notes that both have come out.

    Example:

        note-terms adjudicate anna.jsonl ben.jsonl list.jsonl -o gold.jsonl
    """
    from classifier.annotation.adjudication import adjudicate as merge
    from classifier.annotation.files import write_lines
    from classifier.batch.writers import check_writable

    check_writable(out, force, [a, b, rulings, notes])
    annotators = _read([a, b], notes, text_column, id_column)
    gold = list(merge(annotators, rulings, undecided))
    write_lines(gold, out)
    spans = sum(len(note["spans"]) + len(note["advanced"]) for note in gold)
    warn(f"{len(gold)} notes, {spans} spans in {out}")


@annotation_app.command()
def sample(
    notes: Annotated[str, typer.Argument(metavar="NOTES", help="The notes, in any form that `tag` reads but -.")],
    tags: Annotated[Path, typer.Option(help="Their tags table, as `tag` wrote it, with scores.")],
    size: Annotated[int, typer.Option("--size", "-n", min=1, help="How many notes to choose.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="JSONL with note_id, text and reason. Default: standard output.")
    ] = None,
    random_share: Annotated[
        float, typer.Option(min=0, max=1, help="Share that is drawn at random from all notes.")
    ] = 0.2,
    exclude: Annotated[
        list[Path] | None, typer.Option(help="Gold or tags table of notes that are annotated already; may be repeated.")
    ] = None,
    text_column: _TextColumn = "text",
    id_column: _IdColumn = "note_id",
    seed: Annotated[int, typer.Option(help="The same seed chooses the same notes.")] = 0,
    force: _Force = False,
) -> None:
    """Choose the notes that are most worth annotating next, and say why.

    A random share for an estimate without bias; the rest in turn from notes with uncertain scores, notes where the
    model decides other than the rules, and notes with rare labels, extents, statuses or senses. They come out in the
    order of NOTES, with reason, stratum and inclusion_probability (of the random share; else null).

    Example:

        note-terms sample notes.csv --tags tags.parquet --size 200 -o next.jsonl
    """
    from classifier.annotation.annotations import read_annotations
    from classifier.annotation.sampling import ChosenNote, choose, with_texts
    from classifier.batch.readers import read_rows
    from classifier.batch.writers import TableWriter, check_writable
    from classifier.tags import record_batch, record_schema

    if notes == "-":
        raise NoteTermsError("E563", "The notes are read twice, which standard input cannot be.", "Give a file.")
    if out is not None:
        check_writable(out, force, [notes, tags, *(exclude or [])])
    done = {note_id for path in exclude or [] for note_id in read_annotations(path)}
    rows = read_rows(notes, text_column, id_column, warn)
    chosen = choose(rows, tags, size, seed=seed, random_share=random_share, exclude=done)
    schema = record_schema(ChosenNote)
    with TableWriter(out, "jsonl", schema, force) as table:
        table.write(
            record_batch(with_texts(read_rows(notes, text_column, id_column, lambda line: None), chosen), schema)
        )
    strata = [choice.stratum for choice in chosen.values()]
    warn(", ".join([f"{len(chosen)} notes", *(f"{strata.count(name)} {name}" for name in dict.fromkeys(strata))]))
    if len(chosen) < size:
        warn(f"{size - len(chosen)} fewer than asked for: nothing more stands out. Raise --random-share for more.")


def _texts(notes: str | None, text_column: str, id_column: str) -> tuple[dict[str, str] | None, int]:
    """What `read_texts` returns, where there are notes."""
    from classifier.batch.readers import read_texts

    return (None, 0) if notes is None else read_texts(notes, text_column, id_column, warn)


def _check_target(out: Path, form: FormatName, sources: list[Path | str | None], force: bool) -> None:
    """Raise where the output would take the place of what must stay."""
    from classifier.batch.writers import check_replaceable, check_writable

    if form in FOLDERS:
        check_replaceable(out, force, sources)
    else:
        check_writable(out, force, sources)
        check_writable(beside(out, form), force, sources)


def _read(files: list[Path], notes: str | None, text_column: str, id_column: str) -> "Annotators":
    from classifier.annotation.annotators import read_annotators
    from classifier.batch.readers import read_rows

    annotators = read_annotators(files, None if notes is None else read_rows(notes, text_column, id_column, warn))
    if left_out := annotators.left_out:
        warn(f"{len(left_out)} notes are not in all files and are left out: {some_of(left_out)}")
    return annotators
