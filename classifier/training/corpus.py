"""Annotated notes, and the candidate phrases in them with what the annotators say of each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Span

from classifier import attributes
from classifier.annotation.formats import gold
from classifier.annotation.notes import IGNORE, GoldNote, Mark
from classifier.batch.readers import read_rows
from classifier.components.arbiter import Ruling
from classifier.errors import NoteTermsError
from classifier.labels import SPREAD_LABELS
from classifier.reading.features import Features, features
from classifier.span_groups import TERMS

_NOTHING = Ruling(weak=False, extent=None, status=None, cued=False)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One phrase that the patterns propose, or one of gold that they do not."""

    note: int
    """Number of its note: what is split, is split by it."""
    label: str
    """Its label, with one name for the three of spread."""
    features: Features | None
    """What the model sees; None for a phrase of gold that no pattern proposes."""
    ruling: Ruling
    """What the rules say of it; of a phrase that no pattern proposes, nothing."""
    right: bool | None
    """Whether gold has it; None where gold says IGNORE, or another candidate took its place."""
    gold_extent: str | None = None
    """By gold; of "advanced", nothing."""
    gold_status: str | None = None
    """By gold; of "advanced", nothing."""


def read_corpus(sources: Iterable[Path]) -> list[GoldNote]:
    """Read annotated notes.

    Parameters
    ----------
    sources : iterable of Path
        Folders with `notes.jsonl` (note_id, text) and `gold.jsonl` (note_id, spans, advanced), or JSONL files whose
        lines hold all of that.

    Raises
    ------
    NoteTermsError
        E412 where there is no note; and what `classifier.annotation.formats.gold.read_notes` and, for notes.jsonl,
        `classifier.batch.readers.read_rows` raise.
    """
    notes: list[GoldNote] = []
    for source in sources:
        if source.is_dir():
            rows = read_rows(str(source / "notes.jsonl"), "text", "note_id", lambda line: None)
            texts = {row.note_id: row.text for row in rows if row.note_id is not None and row.text is not None}
            notes += gold.read_notes(source / "gold.jsonl", texts)
        else:
            notes += gold.read_notes(source)
    if not notes:
        raise NoteTermsError("E412", "There is no annotated note.", "Give folders with notes.jsonl and gold.jsonl.")
    return notes


def candidates(nlp: Language, notes: Sequence[GoldNote]) -> list[Candidate]:
    """Return the candidates of annotated notes, in the order of the notes.

    Parameters
    ----------
    nlp : Language
        A pipeline with weak phrases and without arbiter: `classifier.tagging.proposals()`.
    """
    found: list[Candidate] = []
    for number, (note, doc) in enumerate(zip(notes, nlp.pipe(note.text for note in notes), strict=True)):
        marks = note.marks
        spans = list(doc.spans[TERMS])
        seen = features(doc)
        taken: set[int] = set()
        rows: dict[int, Candidate] = {}
        # What the rules are sure of takes its place in gold before what is weak.
        for index in sorted(range(len(spans)), key=lambda i: bool(attributes.attributes(spans[i])["weak"])):
            rows[index] = _candidate(number, spans[index], seen[index], marks, taken)
        found += [rows[index] for index in sorted(rows)]
        found += [
            Candidate(number, _family(span["label"]), None, _NOTHING, True, span.get("extent"), span.get("status"))
            for index, span in enumerate(marks)
            if index not in taken and span["label"] != IGNORE
        ]
    return found


def _candidate(number: int, span: Span, seen: Features, marks: list[Mark], taken: set[int]) -> Candidate:
    family = _family(span.label_)
    given = (number, family, seen, Ruling.of(span))
    touching = [i for i, other in enumerate(marks) if other["start"] < span.end_char and span.start_char < other["end"]]
    same = [i for i in touching if _family(marks[i]["label"]) == family]
    free = [i for i in same if i not in taken]
    if free:
        taken.add(free[0])
        match = marks[free[0]]
        return Candidate(*given, True, match.get("extent"), match.get("status"))
    doubtful = same or any(marks[i]["label"] == IGNORE for i in touching)
    return Candidate(*given, None if doubtful else False)


def _family(label: str) -> str:
    return "SPREAD" if label in SPREAD_LABELS else str(label)
