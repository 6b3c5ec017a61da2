"""`cancer_assertion`: what the note says of each finding, after the ConText algorithm."""

import math
import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from spacy.attrs import IS_LOWER, ORTH
from spacy.language import Language
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc, Span

from classifier import attributes
from classifier.components.base import RuleComponent
from classifier.components.segments import Sections
from classifier.cues import Cue, load_cues
from classifier.labels import DISTANT_EXTENTS, SPREAD_LABELS, Extent, Label, Status
from classifier.pattern_search import PatternSearch
from classifier.segmentation import FAMILY_HISTORY
from classifier.words import Words

_STATUS_KINDS = ("negated", "possible", "hypothetical")
# How far from a finding, in words, cues are looked for. A sentence without white space may be as long as the note.
_REACH = 500
# How often a cancer came back, by the word before.
_ORDINALS = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4}
# How an entry of a history begins: with a date that has a year.
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_ENTRY = re.compile(
    rf"(?:[^\w\s]+\s*|\d\s?[.)]\s*)?(?:\d{{1,2}}\s?/\s?(?:\d{{1,2}}\s?/\s?)?|\d{{1,2}}\s|{_MONTH}\s)*(?:19|20)\d\d\b",
    re.IGNORECASE,
)
# What stands between the findings of a list.
_LISTS = (",", "and", "or", "/", "&", "+", "nor", "(")
_BULLETS = ("-", "–", "*", "•", "▪", "●", "◦")


@Language.factory(
    "cancer_assertion",
    requires=["token.is_sent_start"],
    assigns=["span._.status", "span._.historical", "span._.cue"],
    default_config={"spans_key": "ents", "rules": None, "past": "history", "confirm": False},
)
def create_assertion(
    nlp: Language, name: str, spans_key: str, rules: str | None, past: Literal["history", "over"], confirm: bool
) -> "Assertion":
    """Make the component.

    Parameters
    ----------
    spans_key : str, default "ents"
        Key of `doc.spans`, or `ents` for `doc.ents`.
    rules : str, optional
        Folder with `context_cues.jsonl`; default the rules of the package.
    past : str, default "history"
        `history`: a finding is historical as ConText has it, also by "history of". `over`: only where the note says
        that it is over or overtaken, as a cancer does not pass by standing in the history.
    confirm : bool, default False
        What is possible, or is asked, has the status that the note goes on to give it: at the same site
        (`span._.site`), or at any where a question names none. What came back is over where it came back again.
    """
    return Assertion(nlp, spans_key, past, confirm, rules)


@dataclass(frozen=True, slots=True)
class _Mention:
    """A cue in a Doc; offsets are in words."""

    cue: Cue
    start: int
    end: int
    until: int | None = None
    """Where the brackets around it end, and with them its scope forward."""


class Assertion(RuleComponent):
    """Set `span._.status`, `span._.historical` and `span._.cue` of any spans.

    The algorithm is ConText (Chapman et al. 2001, Harkema et al. 2009): a cue gives its status to the findings in its
    scope, which reaches to the end of the sentence or to a terminator; a pseudo-cue blocks the cues within it. Of
    several cues the nearest decides, one that stands after the finding before one that stands before it, and a
    condition before all. A Doc without sentence starts is read as one sentence.
    """

    files = ("context_cues.jsonl",)

    def __init__(
        self, nlp: Language, spans_key: str, past: str, confirm: bool = False, rules: str | Path | None = None
    ) -> None:
        attributes.register()
        self.spans_key = spans_key
        self.past = past
        self.confirm = confirm
        self._nlp = nlp
        super().__init__(rules)

    def compile(self, rules: Path) -> None:
        """Compile the cues, split into tokens as the pipeline's tokenizer splits the notes."""
        self._by_key: dict[int, Cue] = {}
        self._wordings = PhraseMatcher(self._nlp.vocab, attr="LOWER")
        self._patterns = PatternSearch(self._nlp.vocab, lambda place: len(place.words) or math.inf)
        for cue in load_cues(rules):
            self._by_key[self._nlp.vocab.strings.add(cue.id)] = cue
            if cue.pattern:
                self._patterns.add(cue.id, cue.pattern)
            else:
                self._wordings.add(cue.id, list(map(self._nlp.make_doc, cue.cues)))

    def __call__(self, doc: Doc) -> Doc:
        """Decide the status of the spans of a Doc."""
        spans = list(doc.ents) if self.spans_key == "ents" else list(doc.spans.get(self.spans_key, ()))
        if not spans:
            return doc
        words = Words(doc, _mend)
        sections = Sections(doc)
        cues = _Cues(words, self._mentions)
        asked: set[Span] = set()
        places = [tuple(np.searchsorted(words.positions, (span.start, span.end)).tolist()) for span in spans]
        following = _next_apart(places, words.doc)
        for span, (start, end) in zip(spans, places, strict=True):
            if start < len(words.positions):
                sentence = words.sentence[start]
                near, carried = cues.near(sentence, start, end), cues.carried_to(sentence)
                scope = _Scope(start, max(end, start + 1), near, carried, following[start, end])
                decisive = self._decide(span, scope, sections.name(span.start), words)
                if decisive and decisive.asks:
                    asked.add(span)
        if self.confirm:
            _confirm(spans, asked)
            _overtake(spans, words)
        return doc

    def _mentions(self, words: Words, sentence: int) -> list[_Mention]:
        """The cues of a sentence in order; of overlapping ones the longest."""
        first, last = words.bounds[sentence]
        span = words.doc[first:last]
        # In a span, the one matcher counts from the start of the Doc, the other from that of the span.
        found = [_Mention(self._by_key[key], start, end) for key, start, end in self._wordings(span)]
        for search in self._patterns.of(words.lower[first:last]):
            found += [
                _Mention(self._by_key[key], start + first, end + first) for key, start, end in search.matcher(span)
            ]
        found = [mention for mention in found if not mention.cue.final or mention.end == last]
        taken: dict[int, tuple[int, int]] = {}
        blocked: set[tuple[int, int]] = set()
        kept = []
        brackets = _brackets(span)
        for mention in sorted(found, key=lambda mention: _rank(mention, words.doc)):
            end = mention.end - mention.cue.after
            place = (mention.start, end)
            # The same words may be a cue forward and another backward.
            others = {taken[index] for index in range(mention.start, end) if index in taken}
            if not others or (others == {place} and place not in blocked):
                if mention.cue.kind == "pseudo":
                    blocked.add(place)
                taken.update(dict.fromkeys(range(mention.start, end), place))
                kept.append(_Mention(mention.cue, mention.start, end, brackets.get(mention.start)))
        return sorted(kept, key=lambda m: m.start)

    def _decide(self, span: Span, scope: "_Scope", section: str | None, words: Words) -> Cue | None:
        """Store the status of a finding; return the cue that it is from."""
        stored = attributes.attributes(span)
        before = [mention for mention in scope.before(_STATUS_KINDS) if _speaks_of(mention.cue, span)]
        after = [mention for mention in scope.after(_STATUS_KINDS) if _speaks_of(mention.cue, span)]
        condition = next((mention for mention in before if mention.cue.holds), None)
        relative = next(iter(scope.after(("family",)) + scope.before(("family",))), None)
        nearest = condition or next(iter(after + before), None)
        status = Status(nearest.cue.kind) if nearest else Status.PRESENT
        if status is not Status.NEGATED:
            if relative or (section == FAMILY_HISTORY and not scope.speaks_of_patient()):
                status, nearest = Status.FAMILY, relative
            elif section == "risks" and status is not Status.HYPOTHETICAL:
                status, nearest = Status.HYPOTHETICAL, None
        polarity = stored.get("polarity")
        if polarity and status in (Status.PRESENT, Status.POSSIBLE):
            status, nearest = Status(polarity), None
        timed = scope.after(("historical",)) + scope.before(("historical",))
        past = [mention for mention in timed if self._puts_in_past(mention.cue, span)]
        over = nearest is not None and nearest.cue.past == "over"
        in_history = self.past == "history" and section == "past_medical_history" and status is Status.PRESENT
        stored["status"] = str(status)
        stored["historical"] = (bool(past) and status is not Status.NEGATED) or over or in_history
        stored["cue"] = words.text(span.doc, nearest.start, nearest.end) if nearest else None
        return nearest.cue if nearest else None

    def _puts_in_past(self, cue: Cue, span: Span) -> bool:
        return (cue.past == "over" or self.past == "history") and _speaks_of(cue, span)


def _speaks_of(cue: Cue, span: Span) -> bool:
    return not cue.labels or span.label_ in cue.labels


@dataclass(frozen=True, slots=True)
class _Scope:
    """A finding with the cues within its reach, in order, and the one that carries on to it; offsets are in words."""

    start: int
    end: int
    mentions: list[_Mention]
    carried: _Mention | None
    next: int
    """Where the next finding begins that is not in a list with this one: what ends the sentence is of that."""

    def before(self, kinds: Sequence[str]) -> list[_Mention]:
        """Cues before the finding, or between its first and last word, that reach it; nearest first."""
        found = []
        terminators: list[_Mention] = []
        for mention in reversed(self.mentions):
            inside = self.start < mention.start and mention.end < self.end
            if not inside and mention.start >= self.start:
                continue
            if mention.cue.kind == "terminator":
                if not inside and mention.cue.direction != "backward":
                    terminators.append(mention)
            elif mention.cue.kind in kinds and mention.cue.direction != "backward":
                near = mention.cue.scope is None or self.start - mention.end < mention.cue.scope
                near = near and (mention.until is None or self.start < mention.until)
                if inside or (near and not _ended(mention, terminators)):
                    found.append(mention)
        if self.carried and self.carried.cue.kind in kinds:
            found.append(self.carried)
        return found

    def speaks_of_patient(self) -> bool:
        """Whether the patient is named before the finding, and so no relative is meant."""
        ends = (mention for mention in self.mentions if mention.cue.kind == "terminator" and mention.end <= self.start)
        return any(Status.FAMILY in mention.cue.ends for mention in ends)

    def after(self, kinds: Sequence[str]) -> list[_Mention]:
        """Cues after the finding, or its last words, that reach back to it; nearest first."""
        found: list[_Mention] = []
        inside: list[_Mention] = []
        terminators: list[_Mention] = []
        for mention in self.mentions:
            if mention.start < self.end:
                if self.start < mention.start and mention.end == self.end and mention.cue.kind in kinds:
                    inside += [mention] if mention.cue.direction != "forward" else []
                continue
            if mention.cue.kind == "terminator":
                terminators.append(mention)
            elif mention.cue.kind in kinds and mention.cue.direction != "forward":
                near = mention.cue.scope is None or mention.start - self.end < mention.cue.scope
                near = near and not (mention.cue.final and mention.start > self.next)
                if near and not _ended(mention, terminators):
                    found.append(mention)
        return found + inside


def _next_apart(places: list[tuple[int, int]], words: Doc) -> dict[tuple[int, int], int]:
    """Of each place of a finding, where the next one begins that is in no list with it."""
    in_order = sorted(set(places))
    found: dict[tuple[int, int], int] = {}
    for start, end in reversed(in_order):
        number = bisect_left(in_order, (end, end))
        after = in_order[number] if number < len(in_order) else (len(words), len(words))
        listed = after[0] > end and all(words[word].lower_ in _LISTS for word in range(end, after[0]))
        found[start, end] = found.get(after, len(words)) if listed else after[0]
    return found


def _confirm(spans: list[Span], asked: set[Span]) -> None:
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


def _overtake(spans: list[Span], words: Words) -> None:
    """Put in the past what came back and was overtaken: a first relapse by a second, a dated one by a later entry."""
    came_back = {span for span in spans if span.label_ in (Label.RECURRENCE, Label.RELAPSE)}
    if not came_back:
        return
    text = words.doc.text
    counts = {
        span: _ORDINALS.get(span[0].lower_) or _ORDINALS.get(span.doc[max(span.start - 1, 0)].lower_, 0)
        for span in came_back
    }
    sentences = {span: words.sentence[int(np.searchsorted(words.positions, span.start))] for span in spans}
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


class _Cues:
    """The cues of a Doc, looked up for the sentences that are asked for."""

    def __init__(self, words: Words, mentions: Callable[[Words, int], list[_Mention]]) -> None:
        self._words = words
        self._mentions = mentions
        self._found: dict[int, list[_Mention]] = {}
        self._carried: dict[int, _Mention | None] = {}

    def of(self, sentence: int) -> list[_Mention]:
        """The cues of a sentence, in order."""
        if sentence not in self._found:
            self._found[sentence] = self._mentions(self._words, sentence)
        return self._found[sentence]

    def near(self, sentence: int, start: int, end: int) -> list[_Mention]:
        """The cues of a sentence that stand within reach of the words from start to end, in order."""
        found = self.of(sentence)
        low, high = (bisect_left(found, word, key=lambda m: m.start) for word in (start - _REACH, end + _REACH))
        return found[low:high]

    def carried_to(self, sentence: int) -> _Mention | None:
        """The cue, such as "risks include", of the sentence that heads the list in which this one is an item."""
        # A long list is walked through once, not from each of its items.
        walked = []
        while sentence not in self._carried and self._is_item(sentence) and sentence - 1 in self._words.bounds:
            walked.append(sentence)
            sentence -= 1
            own = next((mention for mention in reversed(self.of(sentence)) if mention.cue.carries), None)
            if own is not None:
                self._carried[sentence + 1] = own
                break
        carried = self._carried.get(walked[-1]) if walked else None
        carried = carried or self._carried.get(sentence)
        self._carried.update(dict.fromkeys(walked, carried))
        return carried

    def _is_item(self, sentence: int) -> bool:
        first, last = self._words.bounds[sentence]
        token = self._words.doc[first]
        if token.text in _BULLETS:
            return True
        short = token.is_digit or (len(token.text) == 1 and token.is_alpha)
        return short and first + 1 < last and self._words.doc[first + 1].text in (".", ")")


def _rank(mention: _Mention, doc: Doc) -> tuple:
    """Of overlapping cues the longest stays; then pseudo-cues, those at the end of a line, those that look forward."""
    cue = mention.cue
    length = mention.end - mention.start
    # Words before marks: of ": negative" and "negative for", the second says more.
    words = sum(doc[index].is_alpha for index in range(mention.start, mention.end))
    return -words, -length, cue.kind != "pseudo", not cue.final, cue.direction == "backward", mention.start


def _ended(mention: _Mention, terminators: list[_Mention]) -> bool:
    """Whether a terminator between cue and finding ends the scope; not one beside the cue, as in "if she has"."""
    if mention.cue.holds:
        return False
    return any(
        (terminator.cue.beside or (terminator.start != mention.end and terminator.end != mention.start))
        and mention.cue.kind in (terminator.cue.ends or (mention.cue.kind,))
        for terminator in terminators
    )


def _brackets(sentence: Span) -> dict[int, int]:
    """Of each word in brackets, where they end; words are counted from the start of the Doc."""
    within: dict[int, int] = {}
    ends: dict[int, int] = {}
    opened: list[int] = []
    for token in sentence:
        if token.text == ")" and opened:
            ends[opened.pop()] = token.i
        elif token.text == "(":
            opened.append(token.i)
        elif opened:
            within[token.i] = opened[-1]
    return {word: ends[bracket] for word, bracket in within.items() if bracket in ends}


def _mend(starts: np.ndarray, doc: Doc, positions: np.ndarray) -> None:
    """Mend where a splitter that goes by marks alone cuts "?PE" and "p.r.n. pain"."""
    marks, lower = doc.to_array([ORTH, IS_LOWER]).reshape(-1, 2)[positions].T
    question, stop = map(doc.vocab.strings.add, ("?", "."))
    after_mark = (marks[:-1] == question) | ((marks[:-1] == stop) & (lower[1:] == 1))
    for number in np.flatnonzero(after_mark & starts[positions[1:]]).tolist():
        last, index = doc[int(positions[number])], int(positions[number + 1])
        if last.text == ".":
            starts[index] = number == 0 or "." not in doc[int(positions[number - 1])].text
        elif last.i == index - 1 and not last.whitespace_:
            starts[index], starts[last.i] = False, True
