"""From what a tool's file says of each note to annotated notes: whose work, which text, and is it right."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from classifier.annotation.notes import GoldNote, Mark, gold_note
from classifier.errors import NoteTermsError


class State(StrEnum):
    """How far the work on a note has come."""

    DONE = "done"
    """Someone annotated it; also where the tool keeps no record of that."""
    SKIPPED = "skipped"
    """The annotator skipped or rejected it."""
    UNTOUCHED = "untouched"
    """Nobody annotated it: the marks are the predictions that were exported."""


@dataclass(slots=True)
class Reading:
    """What a file says of one note, before it is checked."""

    where: str
    """The place in the file, such as ``tasks.json, task 12``."""
    note_id: str | None = None
    """The note; None where the file does not say."""
    text: str | None = None
    """The text; None where the file lacks it."""
    marks: list[Mark] = field(default_factory=list)
    """Phrases with start, end, label and facts; offsets in characters."""
    genre: Any = ""
    """Kind of note."""
    annotator: str | None = None
    """Whose work it is, where the file says so."""
    state: State = State.DONE
    """How far the work has come."""
    problem: NoteTermsError | None = None
    """Why the marks could not be read."""
    as_written: Callable[[str], str] = str
    """How the format writes a text that it cannot hold as it is."""


def annotated_notes(
    readings: Iterable[Reading],
    texts: Mapping[str, str] | None = None,
    annotator: str | None = None,
    predictions: bool = False,
) -> Iterator[GoldNote | NoteTermsError]:
    """Yield each note that was annotated, or what is wrong with it, in the order of the file.

    Parameters
    ----------
    readings : iterable of Reading
        From the `read` of a format.
    texts : mapping of str to str, optional
        The notes by their ids. Where it is given, a note must be in it and have the same text.
    annotator : str, optional
        Whose work to take where several annotated.
    predictions : bool, default False
        Take the predictions of a note that nobody annotated.

    Raises
    ------
    NoteTermsError
        E512 where nothing is by that annotator.
    """
    notes: dict[str, list[Reading]] = {}
    for number, reading in enumerate(readings):
        notes.setdefault(reading.note_id or f"\0{number}", []).append(reading)
    if annotator is not None:
        known = sorted({reading.annotator for group in notes.values() for reading in group if reading.annotator})
        if annotator not in known:
            raise NoteTermsError(
                "E512",
                f"Nothing is by the annotator {annotator!r}.",
                f"The file has {', '.join(known)}." if known else "The file names no annotators.",
            )
    for group in notes.values():
        try:
            yield _checked(_chosen(group, annotator, predictions), texts)
        except NoteTermsError as error:
            yield error


def _chosen(group: list[Reading], annotator: str | None, predictions: bool) -> Reading:
    """The one reading of a note that counts."""
    first = group[0]
    if first.note_id is None:
        raise first.problem or NoteTermsError(
            "E503", f"{first.where} has no note_id.", "Import what `note-terms export` wrote, annotated in the tool."
        )
    mine = [reading for reading in group if annotator is None or reading.annotator == annotator]
    done = [reading for reading in mine if reading.state is State.DONE]
    if len(done) == 1:
        return done[0]
    if done:
        people = sorted({reading.annotator or "someone unnamed" for reading in done})
        if len(people) > 1:
            raise NoteTermsError(
                "E511", f"{first.where} was annotated by {', '.join(people)}.", "Choose one with --annotator."
            )
        raise NoteTermsError("E513", f"{done[1].where}: its note stands there twice.", "Delete one of the two.")
    skipped = [reading for reading in mine if reading.state is State.SKIPPED]
    if skipped:
        raise NoteTermsError(
            "E510", f"{skipped[0].where} was skipped by its annotator.", "Annotate it, or leave it out with --skip-bad."
        )
    untouched = [reading for reading in group if reading.state is State.UNTOUCHED]
    if untouched and predictions:
        return untouched[0]
    whom = f" by {annotator}" if annotator else ""
    raise NoteTermsError(
        "E510",
        f"{first.where} was not annotated{whom}.",
        "Annotate it, leave it out with --skip-bad, or take its predictions with --predictions.",
    )


def _checked(reading: Reading, texts: Mapping[str, str] | None) -> GoldNote:
    if reading.problem is not None:
        raise reading.problem
    assert reading.note_id is not None
    where = f"{reading.where} (note {reading.note_id})"
    text = reading.text
    if texts is not None:
        if reading.note_id not in texts:
            raise NoteTermsError("E504", f"{where} is not among the notes.", "Give the NOTES that were exported.")
        text = texts[reading.note_id]
        if reading.text is not None and reading.text not in (text, reading.as_written(text)):
            raise NoteTermsError(
                "E505",
                f"{where} has another text than in NOTES.",
                "Its text was edited or cut, or NOTES is another export: its offsets cannot be trusted.",
            )
    if text is None:
        raise NoteTermsError("E504", f"{where} has no text.", "Give the notes with --notes.")
    genre = reading.genre if isinstance(reading.genre, str) else ""
    return gold_note(where, reading.note_id, text, genre, reading.marks)
