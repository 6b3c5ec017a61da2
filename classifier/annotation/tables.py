"""What is exported: the tags of a table, or gold, put together with the notes that they are of."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from classifier.annotation.formats import gold
from classifier.annotation.notes import GoldNote, Mark, gold_note
from classifier.batch.tables import read_table, read_tags
from classifier.errors import NoteTermsError


def notes_with_tags(path: Path, texts: Mapping[str, str] | None) -> Iterator[GoldNote]:
    """Yield the notes to export, each with its tags; of a tags table also the notes that have none.

    Parameters
    ----------
    path : Path
        A tags table (CSV, JSONL, each also .gz, or Parquet), or gold JSONL.
    texts : mapping of str to str, optional
        The notes by their ids; gold that holds the texts needs none.

    Raises
    ------
    NoteTermsError
        E504 where the notes are missing, E520 for tags of no note; and what `classifier.batch.tables.read_tags` and
        `classifier.annotation.notes.gold_note` raise, or for gold `classifier.annotation.formats.gold.read_notes`.
    """
    _, first = next(read_table(path), (0, {}))
    if "spans" in first:
        yield from gold.read_notes(path, texts)
        return
    if texts is None:
        raise NoteTermsError("E504", f"{path} has tags and no notes.", "Give the notes with --notes.")
    marks: dict[str, list[Mark]] = {note_id: [] for note_id in texts}
    for number, tag in read_tags(path):
        note_id = str(tag["note_id"])
        if note_id not in marks:
            raise NoteTermsError(
                "E520",
                f"{path}, line {number} is of note {note_id!r}, which is not among the notes.",
                "Give its NOTES.",
            )
        marks[note_id].append(tag)
    for note_id, text in texts.items():
        yield gold_note(f"{path.name}, note {note_id}", note_id, text, "", marks[note_id])
