"""What a note says of a finding elsewhere: the answer to a question, a later relapse that overtakes the first."""

import re

import numpy as np
from spacy.tokens import Span

from classifier import attributes
from classifier.labels import DISTANT_EXTENTS, SPREAD_LABELS, Extent, Label, Status
from classifier.text.words import Words

# How often a cancer came back, by the word before.
_ORDINALS = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4}
# How an entry of a history begins: with a date that has a year.
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_ENTRY = re.compile(
    rf"(?:[^\w\s]+\s*|\d\s?[.)]\s*)?(?:\d{{1,2}}\s?/\s?(?:\d{{1,2}}\s?/\s?)?|\d{{1,2}}\s|{_MONTH}\s)*(?:19|20)\d\d\b",
    re.IGNORECASE,
)


def confirm(spans: list[Span], asked: set[Span]) -> None:
    """Give what is possible, or is asked, the status that the note goes on to give it.

    What it affirms at the same site is present; what is asked of a site and denied there is negated. A question that
    names no site is answered by any finding of its kind.
    """
    said: dict[tuple[str, str | None], str] = {}
    for span in sorted(spans, key=lambda span: -span.start):
        stored = attributes.attributes(span)
        kind, site, status = _kind(span), stored.get("site"), stored["status"]
        if status in (Status.POSSIBLE, Status.HYPOTHETICAL):
            answer, is_asked = said.get((kind, site)), span in asked
            if answer == Status.PRESENT:
                settled = is_asked or (site is not None and status == Status.POSSIBLE)
            else:
                searched = is_asked and site is not None and status == Status.HYPOTHETICAL
                settled = answer == Status.NEGATED and searched
            stored["status"] = answer if settled else status
        elif not stored["historical"] and not stored["weak"]:
            # What the note affirms of a site in the end counts, also after a denial: that of an earlier scan, say.
            if site is None or said.get((kind, site)) != Status.PRESENT:
                said[kind, site] = status
            if status == Status.PRESENT:
                said[kind, None] = status


def overtake(spans: list[Span], words: Words) -> None:
    """Put in the past what came back and was overtaken: a first relapse by a second, a dated one by a later entry."""
    came_back = {span for span in spans if span.label_ in (Label.RECURRENCE, Label.RELAPSE)}
    if not came_back:
        return
    text = words.doc.text
    places = {span: int(np.searchsorted(words.positions, span.start)) for span in spans}
    counts = {
        span: _ORDINALS.get(span[0].lower_) or _ORDINALS.get(words.doc[max(places[span] - 1, 0)].lower_, 0)
        for span in came_back
    }
    sentences = {span: words.sentence[place] for span, place in places.items()}
    dated = {number for number in set(sentences.values()) if _ENTRY.match(text, words.doc[words.bounds[number][0]].idx)}
    for span in came_back:
        overtaken = sentences[span] in dated and sentences[span] < max(dated)
        stored = attributes.attributes(span)
        if stored["status"] == Status.PRESENT and (overtaken or 0 < counts[span] < max(counts.values())):
            stored["historical"] = True


def _kind(span: Span) -> str:
    """What a finding is of, however near or far its site: all that is distant is alike."""
    extent = attributes.attributes(span).get("extent")
    if span.label_ not in SPREAD_LABELS or extent is None:
        return span.label_
    return str(Extent.DISTANT if extent in DISTANT_EXTENTS else extent)
