"""What is exported: the tags of a table, or gold, put together with the notes that they are of."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from classifier.annotation.formats import gold
from classifier.annotation.notes import GoldNote, Mark, gold_note
from classifier.batch.readers import Warn
from classifier.batch.tables import read_table, read_tags
from classifier.errors import NoteTermsError


def notes_with_tags(path: Path, texts: Mapping[str, str] | None, warn: Warn) -> Iterator[GoldNote]:
    """Yield the notes to export, each with its tags; of a tags table also the notes that have none.

    Parameters
    ----------
    path : Path
        A tags table (CSV, JSONL, each also .gz, or Parquet), or gold JSONL.
    texts : mapping of str to str, optional
        The notes by their ids, all or some of those tagged; gold that holds the texts needs none.
    warn : callable
        Gets a line on tags of other notes, which are left out.

    Raises
    ------
    NoteTermsError
        E504 where the notes are missing, E520 where no tag is of them; and what `classifier.batch.tables.read_tags` and
        `classifier.annotation.notes.gold_note` raise, or for gold `classifier.annotation.formats.gold.read_notes`.
    """
    _, first = next(read_table(path), (0, {}))
    if "spans" in first:
        yield from gold.read_notes(path, texts)
        return
    if texts is None:
        raise NoteTermsError("E504", f"{path} has tags and no notes.", "Give the notes with --notes.")
    marks: dict[str, list[Mark]] = {note_id: [] for note_id in texts}
    elsewhere = 0
    for _, tag in read_tags(path):
        note_id = str(tag["note_id"])
        if note_id in marks:
            marks[note_id].append(tag)
        else:
            elsewhere += 1
    if elsewhere and not any(marks.values()):
        raise NoteTermsError("E520", f"No tag in {path} is of a note in NOTES.", "Give the notes that were tagged.")
    if elsewhere:
        warn(f"{elsewhere} tags in {path} are of notes that are not in NOTES, and are left out")
    for note_id, text in texts.items():
        yield gold_note(f"{path.name}, note {note_id}", note_id, text, "", marks[note_id])
