"""Annotated notes, and the candidate phrases in them with what the annotators say of each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Span

from classifier import attributes
from classifier.annotation.notes import GoldNote
from classifier.components.phrases import TERMS
from classifier.errors import NoteTermsError
from classifier.labels import SPREAD_LABELS, Label
from classifier.resources import read_jsonl
from classifier.training.features import Features, features


@dataclass(frozen=True, slots=True)
class Candidate:
    """One phrase that the patterns propose, or one of gold that they do not."""

    note: int
    """Number of its note: what is split, is split by it."""
    label: str
    """Its label, with one name for the three of spread."""
    features: Features | None
    """What the model sees; None for a phrase of gold that no pattern proposes."""
    weak: bool
    """No rule settles it."""
    extent: str | None
    """By the rules."""
    status: str | None
    """By the rules."""
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
        E201, E203 for a file that cannot be read; E411 for a line without text or spans; E412 where there is none.
    """
    notes: list[GoldNote] = []
    for source in sources:
        if source.is_dir():
            texts = {str(line.get("note_id")): line for _, line in read_jsonl(source / "notes.jsonl")}
            path = source / "gold.jsonl"
        else:
            texts, path = {}, source
        for number, line in read_jsonl(path):
            given = {**texts.get(str(line.get("note_id")), {}), **line}
            if "text" not in given or "spans" not in given or "note_id" not in given:
                raise NoteTermsError(
                    "E411",
                    f"{path}, line {number} has no note_id, text or spans.",
                    "Give folders with notes.jsonl and gold.jsonl, or JSONL with note_id, text, spans and advanced.",
                )
            notes.append(
                GoldNote(
                    str(given["note_id"]),
                    given["text"],
                    given.get("genre", ""),
                    given["spans"],
                    given.get("advanced", []),
                )
            )
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
        gold = [*note.spans, *({**use, "label": Label.ADVANCED} for use in note.advanced)]
        spans = list(doc.spans[TERMS])
        seen = features(doc)
        taken: set[int] = set()
        rows: dict[int, Candidate] = {}
        # What the rules are sure of takes its place in gold before what is weak.
        for index in sorted(range(len(spans)), key=lambda i: bool(attributes.attributes(spans[i])["weak"])):
            rows[index] = _candidate(number, spans[index], seen[index], gold, taken)
        found += [rows[index] for index in sorted(rows)]
        found += [
            Candidate(
                number, _family(span["label"]), None, False, None, None, True, span.get("extent"), span.get("status")
            )
            for index, span in enumerate(gold)
            if index not in taken and span["label"] != "IGNORE"
        ]
    return found


def _candidate(number: int, span: Span, seen: Features, gold: list[dict[str, Any]], taken: set[int]) -> Candidate:
    stored = attributes.attributes(span)
    family = _family(span.label_)
    given = (number, family, seen, bool(stored["weak"]), stored["extent"], stored.get("status"))
    touching = [i for i, other in enumerate(gold) if other["start"] < span.end_char and span.start_char < other["end"]]
    same = [i for i in touching if _family(gold[i]["label"]) == family]
    free = [i for i in same if i not in taken]
    if free:
        taken.add(free[0])
        match = gold[free[0]]
        return Candidate(*given, True, match.get("extent"), match.get("status"))
    doubtful = same or any(gold[i]["label"] == "IGNORE" for i in touching)
    return Candidate(*given, None if doubtful else False)


def _family(label: str) -> str:
    return "SPREAD" if label in SPREAD_LABELS else str(label)
