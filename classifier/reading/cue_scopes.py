"""The cues in the sentences of a note, and which of them reach a finding, after the ConText algorithm.

ConText is of Chapman et al. 2001 and Harkema et al. 2009.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from spacy.language import Language
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc, Span

from classifier.labels import Status
from classifier.matching.cues import Cue, load_cues
from classifier.matching.frequent_words import commonness
from classifier.matching.pattern_search import PatternSearch
from classifier.matching.patterns import Anchor
from classifier.text.words import Words

# How far from a finding, in words, cues are looked for. A sentence without white space may be as long as the note.
_REACH = 500
# What stands between the findings of a list.
_LISTS = (",", "and", "or", "/", "&", "+", "nor", "(")
_BULLETS = ("-", "–", "*", "•", "▪", "●", "◦")


@dataclass(frozen=True, slots=True)
class Mention:
    """A cue in a Doc; offsets are in words."""

    cue: Cue
    start: int
    end: int
    until: int | None = None
    """Where the brackets around it end, and with them its scope forward."""


class CueFinder:
    """Finds the cues of `context_cues.jsonl` in sentences.

    Parameters
    ----------
    nlp : Language
        Its tokenizer splits the cues as it splits the notes.
    rules : Path
        Folder with the file.
    """

    def __init__(self, nlp: Language, rules: Path) -> None:
        self._by_key: dict[int, Cue] = {}
        self._wordings = PhraseMatcher(nlp.vocab, attr="LOWER")
        self._patterns = PatternSearch(nlp.vocab, _commonness)
        for cue in load_cues(rules):
            self._by_key[nlp.vocab.strings.add(cue.id)] = cue
            if cue.pattern:
                self._patterns.add(cue.id, cue.pattern)
            else:
                self._wordings.add(cue.id, list(map(nlp.make_doc, cue.cues)))

    def of(self, words: Words, sentence: int) -> list[Mention]:
        """The cues of a sentence in order; of overlapping ones the longest."""
        first, last = words.bounds[sentence]
        span = words.doc[first:last]
        # In a span, the one matcher counts from the start of the Doc, the other from that of the span.
        found = [Mention(self._by_key[key], start, end) for key, start, end in self._wordings(span)]
        for search in self._patterns.of(words.lower[first:last]):
            found += [
                Mention(self._by_key[key], start + first, end + first) for key, start, end in search.matcher(span)
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
                kept.append(Mention(mention.cue, mention.start, end, brackets.get(mention.start)))
        return sorted(kept, key=lambda m: m.start)


def _commonness(place: Anchor) -> float:
    return commonness(place.words, place.shapes)


class CuesOfDoc:
    """The cues of a Doc, looked up for the sentences that are asked for."""

    def __init__(self, words: Words, finder: CueFinder) -> None:
        self._words = words
        self._finder = finder
        self._found: dict[int, list[Mention]] = {}
        self._carried: dict[int, Mention | None] = {}

    def of(self, sentence: int) -> list[Mention]:
        """The cues of a sentence, in order."""
        if sentence not in self._found:
            self._found[sentence] = self._finder.of(self._words, sentence)
        return self._found[sentence]

    def near(self, sentence: int, start: int, end: int) -> list[Mention]:
        """The cues of a sentence that stand within reach of the words from start to end, in order."""
        found = self.of(sentence)
        low, high = (bisect_left(found, word, key=lambda m: m.start) for word in (start - _REACH, end + _REACH))
        return found[low:high]

    def carried_to(self, sentence: int) -> Mention | None:
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


@dataclass(frozen=True, slots=True)
class Scope:
    """A finding with the cues within its reach, in order, and the one that carries on to it; offsets are in words."""

    start: int
    end: int
    mentions: list[Mention]
    carried: Mention | None
    next: int
    """Where the next finding begins that is not in a list with this one: what ends the sentence is of that."""

    def before(self, kinds: Sequence[str]) -> list[Mention]:
        """Cues before the finding, or between its first and last word, that reach it; nearest first."""
        found = []
        terminators: list[Mention] = []
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

    def after(self, kinds: Sequence[str]) -> list[Mention]:
        """Cues after the finding, or its last words, that reach back to it; nearest first."""
        found: list[Mention] = []
        inside: list[Mention] = []
        terminators: list[Mention] = []
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


def next_apart(places: list[tuple[int, int]], words: Doc) -> dict[tuple[int, int], int]:
    """Of each place of a finding, where the next one begins that is in no list with it."""
    in_order = sorted(set(places))
    found: dict[tuple[int, int], int] = {}
    for start, end in reversed(in_order):
        number = bisect_left(in_order, (end, end))
        after = in_order[number] if number < len(in_order) else (len(words), len(words))
        listed = after[0] > end and all(words[word].lower_ in _LISTS for word in range(end, after[0]))
        found[start, end] = found.get(after, len(words)) if listed else after[0]
    return found


def _rank(mention: Mention, doc: Doc) -> tuple:
    """Of overlapping cues the longest stays; then pseudo-cues, those at the end of a line, those that look forward."""
    cue = mention.cue
    length = mention.end - mention.start
    # Words before marks: of ": negative" and "negative for", the second says more.
    words = sum(doc[index].is_alpha for index in range(mention.start, mention.end))
    return -words, -length, cue.kind != "pseudo", not cue.final, cue.direction == "backward", mention.start


def _ended(mention: Mention, terminators: list[Mention]) -> bool:
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
