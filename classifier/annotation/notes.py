"""An annotated note, the words that its marks may use, and the one check that every mark passes."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from classifier.errors import NoteTermsError
from classifier.labels import SPREAD_LABELS, Evidence, Extent, Label, Sense, Status

IGNORE = "IGNORE"
"""The label of what is neither right nor wrong; annotators set it, the program never does."""
LABELS = (*map(str, Label), IGNORE)
"""The labels that an annotator may set."""
WORDS: dict[str, type[StrEnum]] = {"extent": Extent, "status": Status, "sense": Sense, "evidence": Evidence}
"""The facts that are one word of several."""
FACTS = (*WORDS, "historical")
"""All facts of a mark; historical is yes or no."""

Mark = dict[str, Any]
"""One phrase with start, end, label and its facts; in a mark, a use of "advanced" has the label ADVANCED."""

_WITH_EXTENT = (*SPREAD_LABELS, Label.RECURRENCE, Label.RELAPSE)


@dataclass(frozen=True, slots=True)
class GoldNote:
    """One annotated note."""

    note_id: str
    """As given."""
    text: str
    """The note."""
    genre: str
    """Kind of note, where it is given; else empty."""
    spans: list[dict[str, Any]]
    """Spans with start, end, label, extent, status, historical; label IGNORE counts for nothing."""
    advanced: list[dict[str, Any]]
    """Uses of "advanced" with start, end, sense, evidence."""

    @property
    def marks(self) -> list[Mark]:
        """The spans and the uses of "advanced" in one list, in the order of the text."""
        return _ordered([*self.spans, *({**use, "label": str(Label.ADVANCED)} for use in self.advanced)])


def facts_of(label: str) -> tuple[str, ...]:
    """Return the facts that a mark of this label has."""
    if label == IGNORE:
        return ()
    own = ("sense", "evidence") if label == Label.ADVANCED else ("extent",) if label in _WITH_EXTENT else ()
    return (*own, "status", "historical")


def _needed(label: str) -> tuple[str, ...]:
    if label == IGNORE:
        return ()
    if label == Label.ADVANCED:
        return ("sense",)
    return ("extent", "status") if label in SPREAD_LABELS else ("status",)


def gold_note(where: str, note_id: str, text: str, genre: str, marks: Iterable[Mark]) -> GoldNote:
    """Return the annotated note, after a check of every mark.

    Facts that a label does not have are left out: an extent may be left over from a label that an annotator changed.

    Parameters
    ----------
    where : str
        Names the note in an error, such as ``task 12``.
    note_id, text, genre : str
        As in `GoldNote`.
    marks : iterable of Mark
        Offsets in characters of `text`. The key `text`, where there is one, must be the phrase.

    Raises
    ------
    NoteTermsError
        E506 for a word that is not among those of its kind, E507 for a fact that is missing, E508 for offsets
        outside the text or at odds with the phrase, E509 for a phrase with the same label twice.
    """
    spans, advanced, seen = [], [], set()
    for mark in _ordered(_placed(where, text, marks)):
        label, start, end = mark["label"], mark["start"], mark["end"]
        _one_of(where, "label", label, LABELS)
        place = f"{where}: {label} at {start}-{end}"
        if (start, end, label) in seen:
            raise NoteTermsError("E509", f"{place} is marked twice.", "Delete one of the two.")
        seen.add((start, end, label))
        facts: dict[str, Any] = {}
        for name in facts_of(label):
            if name == "historical":
                facts[name] = bool(mark.get(name))
                continue
            value = mark.get(name)
            if value is not None:
                _one_of(place, name, value, WORDS[name])
                facts[name] = str(value)
            elif name in _needed(label):
                raise NoteTermsError(
                    "E507", f"{place} has no {name}.", f"Set one of {', '.join(WORDS[name])} in the tool."
                )
            else:
                facts[name] = None
        given = {"start": start, "end": end, "text": text[start:end]}
        if mark.get("score") is not None:
            facts["score"] = mark["score"]
        if label == Label.ADVANCED:
            if facts["status"] is None:
                # Gold does not say it of "advanced"; a tags table does.
                del facts["status"], facts["historical"]
            advanced.append({**given, **facts})
        else:
            spans.append({**given, "label": label, **facts})
    return GoldNote(note_id, text, genre, spans, advanced)


def _placed(where: str, text: str, marks: Iterable[Mark]) -> list[Mark]:
    """The marks, once their offsets are known to be in the text."""
    placed = list(marks)
    for mark in placed:
        start, end = mark["start"], mark["end"]
        whole = type(start) is int and type(end) is int
        if not whole or not 0 <= start < end <= len(text):
            raise NoteTermsError(
                "E508",
                f"{where}: {mark['label']} at {start}-{end} is not in the text, which has {len(text)} characters.",
                "Mark it again, or check that the text is the one that was exported.",
            )
        if mark.get("text") is not None and mark["text"] != text[start:end]:
            raise NoteTermsError(
                "E508",
                f"{where}: the phrase of {mark['label']} at {start}-{end} is not what the text has there.",
                "Check that the text is the one that was annotated.",
            )
    return placed


def _one_of(place: str, kind: str, value: Any, words: Iterable[str]) -> None:
    if value not in tuple(words):
        raise NoteTermsError("E506", f"{place} has the {kind} {value!r}.", f"Expected one of {', '.join(words)}.")


def _ordered(marks: Iterable[Mark]) -> list[Mark]:
    return sorted(marks, key=lambda mark: (mark["start"], mark["end"], str(mark["label"])))
