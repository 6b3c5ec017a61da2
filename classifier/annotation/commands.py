"""Commands for people who annotate: agree, adjudicate, sample."""

import json as json_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from classifier.errors import NoteTermsError

# What is heavy is imported by the commands that need it, as in `classifier.cli`.
if TYPE_CHECKING:
    from classifier.annotation.annotators import Annotators

annotation_app = typer.Typer()
_notices = Console(stderr=True, highlight=False, soft_wrap=True)
_NAMED = 5

_Notes = Annotated[
    str | None,
    typer.Option(help="The notes, as `tag` reads them: needed where the files lack the texts, or are tags tables."),
]
_TextColumn = Annotated[str, typer.Option(help="Column of the texts in NOTES.")]
_IdColumn = Annotated[str, typer.Option(help="Column of the ids in NOTES.")]
_Force = Annotated[bool, typer.Option("--force", help="Overwrite a file that exists.")]


@annotation_app.command()
def agree(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="A B [C...]", help="One file an annotator: gold JSONL, or a tags table."),
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
    """
    from classifier.annotation.agreement import agreement, as_json
    from classifier.annotation.disagreements import as_lines
    from classifier.annotation.disagreements import disagreements as differing
    from classifier.annotation.figures import agreement_tables
    from classifier.batch.writers import check_writable, replace_file

    if len(files) < 2:
        raise NoteTermsError("E548", "One file agrees with itself.", "Give two or more, one an annotator.")
    _check_not_read(disagreements, files)
    if disagreements is not None:
        check_writable(disagreements, force)
    annotators = _read(files, notes, text_column, id_column)
    if lacking := len(annotators.notes) - len(annotators.texts):
        _warn(f"{lacking} notes have no text here, so there is no kappa over tokens; --notes gives them")
    result = agreement(annotators, resamples, seed)
    if json:
        typer.echo(as_json(result, annotators.left_out))
    else:
        Console(highlight=False).print(agreement_tables(result))
    if disagreements is not None:
        found = list(differing(annotators))
        replace_file(disagreements, as_lines(found))
        _warn(f"{len(found)} disagreements in {disagreements}")


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
    """
    from classifier.annotation.adjudication import adjudicate as merge
    from classifier.batch.writers import check_writable, replace_file

    _check_not_read(out, [a, b, rulings])
    check_writable(out, force)
    annotators = _read([a, b], notes, text_column, id_column)
    gold = list(merge(annotators, rulings, undecided))
    lines = "".join(json_.dumps(note, ensure_ascii=False) + "\n" for note in gold)
    replace_file(out, lines.encode("utf-8", "surrogatepass"))
    spans = sum(len(note["spans"]) + len(note["advanced"]) for note in gold)
    _warn(f"{len(gold)} notes, {spans} spans in {out}")


@annotation_app.command()
def sample(
    notes: Annotated[str, typer.Argument(metavar="NOTES", help="The notes, in any form that `tag` reads but -.")],
    tags: Annotated[Path, typer.Option(help="Their tags table, as `tag` wrote it, with scores.")],
    size: Annotated[int, typer.Option("-n", min=1, help="How many notes to choose.")],
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
    """
    from classifier.annotation.sampling import ChosenNote, choose, with_texts
    from classifier.batch.readers import read_notes
    from classifier.batch.writers import TableWriter, check_writable
    from classifier.tags import record_schema
    from classifier.training.evaluate import read_annotations

    if notes == "-":
        raise NoteTermsError("E563", "The notes are read twice, which standard input cannot be.", "Give a file.")
    _check_not_read(out, [Path(notes), tags, *(exclude or [])])
    if out is not None:
        check_writable(out, force)
    done = {note_id for path in exclude or [] for note_id in read_annotations(path)}
    rows = read_notes(notes, text_column, id_column, _warn)
    chosen = choose(rows, tags, size, seed=seed, random_share=random_share, exclude=done)
    with TableWriter(out, "jsonl", record_schema(ChosenNote), force) as table:
        table.write(with_texts(read_notes(notes, text_column, id_column, lambda line: None), chosen))
    strata = [choice.stratum for choice in chosen.values()]
    _warn(", ".join([f"{len(chosen)} notes", *(f"{strata.count(name)} {name}" for name in dict.fromkeys(strata))]))
    if len(chosen) < size:
        _warn(f"{size - len(chosen)} fewer than asked for: nothing more stands out. Raise --random-share for more.")


def _read(files: list[Path], notes: str | None, text_column: str, id_column: str) -> "Annotators":
    from classifier.annotation.annotators import read_annotators
    from classifier.batch.readers import read_notes

    annotators = read_annotators(files, None if notes is None else read_notes(notes, text_column, id_column, _warn))
    if left_out := annotators.left_out:
        more = f" and {len(left_out) - _NAMED} more" if len(left_out) > _NAMED else ""
        _warn(f"{len(left_out)} notes are not in all files and are left out: {', '.join(left_out[:_NAMED])}{more}")
    return annotators


def _check_not_read(target: Path | None, sources: list[Path]) -> None:
    """Raise where what is to be written is one of the files that are read."""
    if target is not None and any(
        target.exists() and source.exists() and target.samefile(source) for source in sources
    ):
        raise NoteTermsError("E549", f"{target} is one of the files to read.", "Give the output another name.")


def _warn(line: str) -> None:
    _notices.print(f"note-terms: {line}", markup=False)
