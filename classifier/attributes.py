"""What is known of a span, kept so that it survives `Doc.to_bytes`, `nlp.pipe(n_process=…)` and `DocBin`.

spaCy keeps extension attributes in `doc.user_data`, which `DocBin` drops by default and where two spans over the same
words overwrite each other. The attributes of a span of ours are kept in the `attrs` of one span group instead, which
travels with the Doc; the extensions `span._.status` and so on read and write there.
"""

from bisect import bisect_right
from functools import partial
from typing import Any

from spacy.tokens import Doc, Span

STORE = "cancer_attributes"
"""Key in `doc.spans` of the span group, without spans, that holds the attributes."""

DEFAULTS: dict[str, Any] = {
    "polarity": None,
    "weak": False,
    "status": "present",
    "historical": False,
    "extent": None,
    "sense": None,
    "evidence": None,
    "site": None,
    "primary": None,
    "cue": None,
    "section": None,
    "decided_by": None,
    "score": None,
}
"""The attributes, each with the value of a span for which nothing was set."""


def attributes(span: Span) -> dict[str, Any]:
    """Return the stored attributes of a span as a dictionary that may be changed."""
    spans = span.doc.spans
    if STORE not in spans:
        spans[STORE] = []
    key = f"{span.start}:{span.end}:{span.label_}"
    return spans[STORE].attrs.setdefault(key, {})


def _stored(span: Span, name: str) -> Any:
    spans = span.doc.spans
    if STORE not in spans:
        return DEFAULTS[name]
    return spans[STORE].attrs.get(f"{span.start}:{span.end}:{span.label_}", {}).get(name, DEFAULTS[name])


def _store(span: Span, value: Any, name: str) -> None:
    attributes(span)[name] = value


def _advanced_ambiguous(doc: Doc) -> bool:
    return advanced_reason(doc) is not None


def advanced_reason(doc: Doc) -> str | None:
    """Return why the note's use of "advanced" is ambiguous, as a sentence for a person; None where it is not."""
    return doc.spans[STORE].attrs.get("advanced_reason") if STORE in doc.spans else None


def note_facts(doc: Doc) -> Any:
    """Return what is known of the note, as `set_note_facts` has it; an empty dict where nothing was set."""
    return doc.spans[STORE].attrs.get("facts", {}) if STORE in doc.spans else {}


def set_note_facts(doc: Doc, facts: Any) -> None:
    """Store what is known of the note, or what reads it (see `classifier.reading.note_facts`)."""
    if STORE not in doc.spans:
        doc.spans[STORE] = []
    doc.spans[STORE].attrs["facts"] = facts


def set_windows(doc: Doc, windows: list[tuple[int, int]]) -> None:
    """Store what a Doc is made of: windows of a note, each with where it begins in the Doc, and in the note."""
    doc.spans[STORE] = []
    doc.spans[STORE].attrs["windows"] = windows


def set_possible_patterns(doc: Doc, possible: dict[int, list[int]]) -> None:
    """Store the ids, as spaCy numbers them, of what may stand in each sentence of a Doc, by its number from 1."""
    doc.spans[STORE].attrs["possible"] = possible


def possible_patterns(doc: Doc) -> dict[int, list[int]] | None:
    """Return what `set_possible_patterns` stored; None for a whole note."""
    return doc.spans[STORE].attrs.get("possible") if STORE in doc.spans else None


def of_windows(doc: Doc) -> bool:
    """Whether a Doc is made of windows of a note."""
    return STORE in doc.spans and "windows" in doc.spans[STORE].attrs


def offset(doc: Doc, character: int) -> int:
    """Return where in the note a character of the Doc stands: the same, unless the Doc is made of windows."""
    windows = doc.spans[STORE].attrs.get("windows") if STORE in doc.spans else None
    if not windows:
        return character
    place, original = windows[bisect_right(windows, character, key=lambda window: window[0]) - 1]
    return original + character - place


def place(doc: Doc, offset: int) -> int:
    """Return where in a Doc made of windows an offset of the note stands, or else where the next window begins."""
    windows = doc.spans[STORE].attrs["windows"]
    number = bisect_right(windows, offset, key=lambda window: window[1]) - 1
    if number < 0:
        return 0
    begins, original = windows[number]
    here = begins + offset - original
    return min(here, windows[number + 1][0]) if number + 1 < len(windows) else here


def set_advanced_reason(doc: Doc, reason: str) -> None:
    """Store why the note's use of "advanced" is ambiguous."""
    if STORE not in doc.spans:
        doc.spans[STORE] = []
    doc.spans[STORE].attrs["advanced_reason"] = reason


# At the import, so that they are there too where a component comes out of a pickle.
for _name in DEFAULTS:
    Span.set_extension(_name, getter=partial(_stored, name=_name), setter=partial(_store, name=_name), force=True)
Doc.set_extension("advanced_ambiguous", getter=_advanced_ambiguous, force=True)
Doc.set_extension("advanced_reason", getter=advanced_reason, force=True)
