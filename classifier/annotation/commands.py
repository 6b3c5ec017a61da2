"""The commands for people who annotate: out to their tool, and back."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from classifier.annotation.formats import FOLDERS, FormatName, annotation_format, beside
from classifier.errors import NoteTermsError

annotation_app = typer.Typer()

_NOTES = "CSV, TSV, JSONL, Parquet or a folder of .txt files, as for `note-terms tag`."


def _warn(line: str) -> None:
    print(f"note-terms: {line}", file=sys.stderr)


def _texts(notes: str | None, text_column: str, id_column: str) -> tuple[dict[str, str] | None, int]:
    """The notes by their ids, and the number of rows that cannot be read, which are named and left out."""
    if notes is None:
        return None, 0
    from classifier.batch.readers import read_notes

    texts: dict[str, str] = {}
    left_out = 0
    for row in read_notes(notes, text_column, id_column, _warn):
        if row.note_id is None or row.text is None:
            left_out += 1
            _warn(f"{notes}, row {row.number} (id {row.note_id}) left out: {row.problem}")
        else:
            texts.setdefault(row.note_id, row.text)
    return texts, left_out


def _check_target(out: Path, form: FormatName, sources: list[Path | str | None], force: bool) -> None:
    """Raise where the output would take the place of what must stay."""
    from classifier.batch.writers import check_writable

    settings = beside(out, form)
    for source in (Path(given) for given in sources if given is not None):
        if any(path.exists() and source.exists() and path.samefile(source) for path in (out, settings)):
            raise NoteTermsError("E135", f"{out} is the input itself.", "Give the output another name.")
    if form in FOLDERS and out.is_dir():
        if any(out.iterdir()) and not force:
            raise NoteTermsError("E132", f"{out} exists.", "Use --force to replace it, or another name.")
        return
    check_writable(out, force)
    check_writable(settings, force)


@annotation_app.command()
def export(
    tags: Annotated[Path, typer.Argument(metavar="TAGS", help="A tags table (.csv, .jsonl, .parquet) or gold JSONL.")],
    to: Annotated[FormatName, typer.Option("--to", help="The tool that the notes go to.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file; for brat and inception the folder.")],
    notes: Annotated[
        str | None, typer.Option(help=f"The notes that were tagged: {_NOTES} Not needed for gold with texts.")
    ] = None,
    text_column: Annotated[str, typer.Option(help="Column of the texts in NOTES.")] = "text",
    id_column: Annotated[str, typer.Option(help="Column of the ids in NOTES.")] = "note_id",
    force: Annotated[bool, typer.Option("--force", help="Overwrite what an export wrote before.")] = False,
) -> None:
    """Write tagged notes for an annotation tool: labels, extents, statuses and senses, for people to correct.

    Beside the tasks stand the settings that the tool needs: the labelling configuration for Label Studio (.xml), the
    labels for Prodigy (.labels.txt), annotation.conf for brat, TypeSystem.xml for INCEpTION.

      note-terms tag notes.csv -o tags.jsonl
      note-terms export tags.jsonl --notes notes.csv --to label-studio -o tasks.json
    """
    from classifier.annotation.tables import notes_with_tags

    _check_target(out, to, [tags, notes], force)
    texts, left_out = _texts(notes, text_column, id_column)
    found = list(notes_with_tags(tags, texts))
    if not found:
        raise NoteTermsError("E502", "There is no note to export.", "Give notes that have text.")
    annotation_format(to).write(found, out)
    _warn(f"{len(found)} notes, {sum(len(note.marks) for note in found)} tags written to {out}")
    if left_out:
        raise typer.Exit(1)


@annotation_app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What the tool exported: a file, or a folder.")],
    form: Annotated[FormatName, typer.Option("--from", help="The tool that it comes from.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Gold JSONL, for `note-terms train` and `evaluate`.")],
    notes: Annotated[
        str | None,
        typer.Option(help=f"The notes that were exported: {_NOTES} Their texts must be those of FILE."),
    ] = None,
    text_column: Annotated[str, typer.Option(help="Column of the texts in NOTES.")] = "text",
    id_column: Annotated[str, typer.Option(help="Column of the ids in NOTES.")] = "note_id",
    annotator: Annotated[
        str | None, typer.Option(help="Whose work to take, where several annotated the same notes.")
    ] = None,
    predictions: Annotated[
        bool, typer.Option("--predictions", help="Take the predictions of notes that nobody annotated.")
    ] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out notes that cannot be used, each with a line that says why.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite OUT.")] = False,
) -> None:
    """Read annotations back from a tool, check each, and write gold JSONL.

    A note that was skipped, was not annotated, was annotated by several people, has another text than in NOTES, or
    has a mark that does not fit stops the import; with --skip-bad it is named and left out, and the exit status is 1.

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
            _warn(f"left out: {note}")
        else:
            raise NoteTermsError(note.code, note.problem, f"{note.remedy} --skip-bad imports the rest.")
    if not good:
        raise NoteTermsError("E515", f"{file} has no note that can be imported.", "Annotate the notes in the tool.")
    annotation_format(FormatName.GOLD).write(good, out)
    _warn(f"{len(good)} notes, {sum(len(note.marks) for note in good)} tags written to {out}; {bad} left out")
    if bad:
        raise typer.Exit(1)
