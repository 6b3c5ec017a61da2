"""An annotated note, the words that its marks may use, and the one check that every mark passes."""

from collections.abc import Iterable, Mapping
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


def checked(where: str, mark: Mapping[str, Any], text: str | None = None) -> Mark:
    """Return what is known of a mark: its place, its label, the facts of this label, and the phrase.

    Facts that a label does not have are left out: an extent may be left over from a label that an annotator changed.

    Parameters
    ----------
    where : str
        Names the note in an error, such as ``task 12``.
    mark : mapping
        Offsets in characters of the text. The key `text`, where there is one, must be the phrase.
    text : str, optional
        The note, where it is known.

    Raises
    ------
    NoteTermsError
        E506 for a word that is not among those of its kind, E508 for offsets outside the text or at odds with the
        phrase.
    """
    start, end, label = mark.get("start"), mark.get("end"), mark.get("label")
    place = f"{where}: {label} at {start}-{end}"
    if not _is_place(start, end, text):
        length = "" if text is None else f", which has {len(text)} characters"
        raise NoteTermsError(
            "E508",
            f"{place} is not in the text{length}.",
            "Check that the text is the one that was annotated.",
        )
    phrase = mark.get("text")
    if text is not None:
        if phrase not in (None, text[start:end]):
            raise NoteTermsError(
                "E508",
                f"{place} is another phrase than the text has there.",
                "Check that the text is the one that was annotated.",
            )
        phrase = text[start:end]
    if label not in LABELS:
        raise _unknown(where, "label", label, LABELS)
    facts: dict[str, Any] = {}
    for name in facts_of(label):
        value = mark.get(name)
        if name == "historical":
            value = value or False
        words = tuple(WORDS.get(name, (True, False)))
        if value is not None and value not in words:
            raise _unknown(place, name, value, map(str, words))
        facts[name] = value
    if label == Label.ADVANCED and facts["status"] is None:
        # Gold does not say it of "advanced"; a tags table does.
        del facts["status"], facts["historical"]
    return {"start": start, "end": end, **({} if phrase is None else {"text": phrase}), "label": label, **facts}


def gold_note(where: str, note_id: str, text: str, genre: str, marks: Iterable[Mark]) -> GoldNote:
    """Return the annotated note, after a check of every mark.

    Parameters
    ----------
    where : str
        Names the note in an error, such as ``task 12``.
    note_id, text, genre : str
        As in `GoldNote`.
    marks : iterable of Mark
        See `checked`.

    Raises
    ------
    NoteTermsError
        What `checked` raises; E507 for a fact that is missing, E509 for a phrase with the same label twice.
    """
    spans, advanced, seen = [], [], set()
    for mark in _ordered(checked(where, mark, text) | _score(mark) for mark in marks):
        key = (mark["start"], mark["end"], mark["label"])
        place = f"{where}: {mark['label']} at {mark['start']}-{mark['end']}"
        if key in seen:
            raise NoteTermsError("E509", f"{place} is marked twice.", "Delete one of the two.")
        seen.add(key)
        for name in _needed(mark["label"]):
            if mark[name] is None:
                raise NoteTermsError(
                    "E507", f"{place} has no {name}.", f"Set one of {', '.join(WORDS[name])} in the tool."
                )
        if mark["label"] == Label.ADVANCED:
            del mark["label"]
            advanced.append(mark)
        else:
            spans.append(mark)
    return GoldNote(note_id, text, genre, spans, advanced)


def _score(mark: Mark) -> Mark:
    return {} if mark.get("score") is None else {"score": mark["score"]}


def _is_place(start: Any, end: Any, text: str | None) -> bool:
    whole = type(start) is int and type(end) is int
    return whole and 0 <= start < end and (text is None or end <= len(text))


def _unknown(place: str, kind: str, value: Any, words: Iterable[str]) -> NoteTermsError:
    return NoteTermsError("E506", f"{place} has the {kind} {value!r}.", f"Expected one of {', '.join(words)}.")


def _ordered(marks: Iterable[Mark]) -> list[Mark]:
    return sorted(marks, key=lambda mark: (mark["start"], mark["end"], mark["label"]))
