"""Reads off the words of a raw note what the note as a whole says, so that a window is judged by the same facts."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from classifier.matching.lexicon import KINDS, Lexicon
from classifier.reading.note_facts import NoteFacts
from classifier.reading.sole_specimen import SoleSpecimen
from classifier.text.raw_words import RawWords, words_of

CANCER_WORDS = ("CANCER", "METASTASIS", "METASTATIC", "METASTASIZE")
"""Word classes that name a cancer. Not METS, which are units of exercise as well."""
CANCER_CLASSES = (*CANCER_WORDS, "ONCOLOGY")
"""Word classes that make a note one of a cancer patient."""

# What may stand between two words of one term.
_JOINTS = ("-", "'", "’", ".", "/", "–")
_CLUE_WEIGHT = 0.5
_BEFORE_ORGAN = ("MOD", "DET")
_AFTER_ORGAN = ("MOD", "INVADE")
_PRIMARY = "primary"
# In words: no word for cancer beside an organ stands farther from it.
_FARTHEST = 6


@dataclass(frozen=True, slots=True)
class _Term:
    """A term, as its words."""

    words: tuple[str, ...]
    kind: str
    """`primary`, `site`, `word` or `clue`."""
    word_class: str | None
    """The class that it gives its words; None for a site or a clue."""
    primary: str | None
    """The primary that it names, gives a clue to, or names beside a word for cancer."""

    @property
    def tells(self) -> bool:
        """Whether it is a fact. Other terms only stand in the place of one: CA 125 is no cancer."""
        return self.primary is not None or self.word_class in (*CANCER_CLASSES, "NODE")


@dataclass(slots=True)
class _Starting:
    """The terms that start with a word."""

    terms: dict[tuple[str, ...], list[_Term]] = field(default_factory=dict)
    """By all their words."""
    lengths: list[int] = field(default_factory=list)
    """How many words they have, the most first."""
    followers: set[str] = field(default_factory=set)
    """The second words of those that have several."""
    alone: list[_Term] = field(default_factory=list)
    """Those of this word alone."""

    def add(self, term: _Term) -> None:
        """Add a term."""
        of_words = self.terms.setdefault(term.words, [])
        of_words.append(term)
        of_words.sort(key=lambda term: KINDS.index(term.kind))
        self.lengths = sorted({*self.lengths, len(term.words)}, reverse=True)
        self.followers.update(term.words[1:2])
        if len(term.words) == 1:
            self.alone = of_words


class FactReader:
    """Reads the facts of a note.

    Parameters
    ----------
    lexicon : Lexicon
    """

    def __init__(self, lexicon: Lexicon) -> None:
        terms = [_term(text, kind, name, lexicon) for kind, name, text in lexicon.entries()]
        words = {word for term in terms if term.tells for word in term.words}
        self._starting: dict[str, _Starting] = {}
        for term in terms:
            blocks = term.kind in ("site", "word") and len(term.words) > 1 and not words.isdisjoint(term.words)
            if term.words and (term.tells or blocks):
                self._starting.setdefault(term.words[0], _Starting()).add(term)
        self._organ_words = lexicon.organ_words
        self._specimen = SoleSpecimen(lexicon)
        self._beside_organ = {
            word: name for name in {*_BEFORE_ORGAN, *_AFTER_ORGAN} for word in lexicon.words_of_class(name)
        }

    def read(self, words: RawWords, in_family: Callable[[int], bool]) -> NoteFacts:
        """Return the facts of a note.

        Parameters
        ----------
        words : RawWords
            Of the note.
        in_family : callable
            Whether an offset stands in the family history.
        """
        facts = NoteFacts(specimen=self._specimen.site(words.text))
        votes: Counter[str] = Counter()
        found = list(self._find(words))
        cancers = {place for start, end, term in found if term.word_class == "CANCER" for place in range(start, end)}
        for start, end, term in found:
            counted = term.word_class in CANCER_CLASSES
            if counted:
                facts.cancers += end - start
            elif term.word_class == "NODE":
                facts.nodes = True
            primary = term.primary
            if primary and term.kind == "site" and not self._is_named(words, cancers, start, end):
                primary = None
            if (primary or (counted and not facts.own_cancer)) and not in_family(words.offsets[start]):
                facts.own_cancer |= counted
                if primary:
                    votes[primary] += _CLUE_WEIGHT if term.kind == "clue" else 1.0  # type: ignore[assignment]
        facts.primaries = dict(votes)
        return facts

    def _find(self, words: RawWords) -> Iterator[tuple[int, int, _Term]]:
        """The facts in the words: of terms that overlap the first, of those the longest; clues wherever they stand."""
        reached = 0
        lower = words.lower
        starting = [(start, here) for start, here in enumerate(map(self._starting.get, lower)) if here]
        for start, here in starting:
            if not here.alone and here.followers.isdisjoint(lower[start + 1 : start + 2]):
                continue
            for end, terms in self._at(words, start):
                for term in terms:
                    if term.kind == "clue":
                        yield start, end, term
                    elif start >= reached:
                        reached = end
                        if term.tells:
                            yield start, end, term

    def _at(self, words: RawWords, start: int) -> Iterator[tuple[int, list[_Term]]]:
        """The terms that begin with a word of a note, by the word after them, the longest first."""
        lower, starting = words.lower, self._starting[words.lower[start]]
        if start + 1 == len(lower) or lower[start + 1] not in starting.followers:
            if starting.alone:
                yield start + 1, starting.alone
            return
        for length in starting.lengths:
            end = start + length
            terms = starting.terms.get(tuple(lower[start:end])) if end <= len(lower) else None
            if terms and all(_joined(words, place) for place in range(start, end - 1)):
                yield end, terms

    def _is_named(self, words: RawWords, cancers: set[int], start: int, end: int) -> bool:
        """Whether a word for cancer beside an organ makes it a primary: breast ca, ca of the cervix."""
        known, lower, last = self._organ_words, words.lower, len(words.lower)
        low, high = max(start - _FARTHEST, 0), end + _FARTHEST
        if cancers.isdisjoint(range(low, high)) and known.primary.isdisjoint(lower[low:high]):
            return False
        if not known.secondary.isdisjoint(lower[max(start - 4, 0) : start]):
            return False
        after, before = end, start - 1
        while after < last and after - end <= 3 and _joined(words, after - 1):
            if after in cancers or lower[after] in known.primary:
                return True
            if not self._is(lower[after], _AFTER_ORGAN):
                break
            after += 1
        while before > 0 and start - before < 4 and _joined(words, before) and self._is(lower[before], _BEFORE_ORGAN):
            before -= 1
        if before < 0 or not _joined(words, before):
            return False
        if lower[before] == "of" and before - 1 in cancers:
            return _joined(words, before - 1)
        return lower[before] == _PRIMARY or (before == start - 1 and lower[before] in known.cancer_before)

    def _is(self, word: str, classes: tuple[str, ...]) -> bool:
        return self._beside_organ.get(word) in classes


def _term(text: str, kind: str, name: str, lexicon: Lexicon) -> _Term:
    named = {"primary": name, "clue": name, "site": lexicon.primary_of(name, text)}.get(kind)
    return _Term(tuple(words_of(text)), kind, {"primary": "CANCER", "word": name}.get(kind), named)


def _joined(words: RawWords, place: int) -> bool:
    """Whether a word and the next stand side by side, with no mark between that parts them."""
    end = words.offsets[place] + len(words.lower[place])
    gap = words.text[end : words.offsets[place + 1]]
    return gap == " " or gap in _JOINTS or (gap.isspace() and gap.count("\n") < 2)
