"""What the words of a text say of the things that are looked for in it, as bits: one for each thing."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from classifier.lexicon import MOST_KNOWN, Lexicon, Terms
from classifier.patterns import Anchor, Step

_WORD = re.compile(r"[^\W_]+")
# The same for ASCII, where a table is faster than an expression.
_BETWEEN_WORDS = {code: " " for code in range(128) if not chr(code).isalnum()}
# The bit of a word that mixes letters and digits.
_MIXED = 1
_MIXES = re.compile(r"\d[^\W\d]|[^\W\d]\d")
_CATEGORIES = ("n0", "n1", "nx", "no", "m0", "m1", "mx", "mo")


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, in order, without the marks between them."""
    lower = text.lower()
    return lower.translate(_BETWEEN_WORDS).split() if lower.isascii() else _WORD.findall(lower)


class _Bits(dict[str, int]):
    """The bits of words: of those that are listed, and of those that have a shape; learnt as words are met."""

    def __init__(self) -> None:
        super().__init__()
        self._listed: dict[str, int] = {}
        self._shapes: list[tuple[re.Pattern[str], int]] = []

    def add(self, words: Iterable[str], shapes: Iterable[re.Pattern[str]], bit: int) -> None:
        for word in words:
            self._listed[word] = self._listed.get(word, 0) | bit
        self._shapes += [(shape, bit) for shape in shapes]

    def __missing__(self, word: str) -> int:
        if len(self) > MOST_KNOWN:
            self.clear()
        bits = self._listed.get(word, 0)
        for shape, bit in self._shapes:
            if shape.search(word):
                bits |= bit
        self[word] = bits
        return bits


class WordBits:
    """Tells which things can stand in a text, each with one bit. Of a term its rarest word counts.

    Parameters
    ----------
    things : dict of Terms to int
        What is looked for, with the number of its bit.
    lexicon : Lexicon
    """

    def __init__(self, things: dict[Terms, int], lexicon: Lexicon) -> None:
        self._marks: dict[str, int] = {}
        self._bits = _Bits()
        for terms, index in things.items():
            words = {term: lexicon.rarest_word(term) for term in terms.words}
            self._bits.add(filter(None, set(words.values())), map(_in_word, terms.shapes), 1 << index)
            for mark in (term for term, word in words.items() if word is None):
                self._marks[mark] = self._marks.get(mark, 0) | 1 << index

    def of(self, text: str, words: list[str]) -> int:
        """Return the bits of a text, whose words are given as `words_of` gives them."""
        bits = 0
        for mark, bit in self._marks.items():
            if mark in text:
                bits |= bit
        return reduce(or_, filter(None, map(self._bits.__getitem__, words)), bits)


@dataclass(frozen=True, slots=True)
class Run:
    """Tokens of a pattern that must follow each other, as bits of the words that they may be."""

    places: tuple[int, ...]
    """What each must be."""
    between: tuple[int, ...]
    """What may stand before each, after the one before it."""
    shaped: bool
    """Shapes are among them."""


class Runs:
    """Tells whether the tokens that a pattern asks for can follow each other in a sentence.

    Words are compared, and marks passed over. One token may be several words here, as "x-ray" is, and one word may be
    several tokens, as T2N0M0 is: where a word mixes letters and digits, nothing is ruled out for a run with shapes.

    Parameters
    ----------
    lexicon : Lexicon
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._bits = _Bits()
        self._bits.add((), (_MIXES,), _MIXED)
        self._of_anchor: dict[Anchor, int] = {}

    def run(self, steps: Sequence[Step]) -> Run:
        """Return a run, ready to be looked for."""
        places: list[int] = []
        between: list[int] = []
        skipped = 0
        for step in steps:
            bit, before = self._bit(step.anchor), skipped
            for place in step.between:
                before |= self._bit(place)
            if all(map(_WORD.search, self._lexicon.terms(step.anchor).words)):
                places.append(bit)
                between.append(before)
                skipped = 0
            else:
                # It may be a mark, which is no word.
                skipped = before | bit
        anchors = [anchor for step in steps for anchor in (step.anchor, *step.between)]
        return Run(tuple(places), tuple(between), any(self._lexicon.terms(anchor).shapes for anchor in anchors))

    def _bit(self, place: Anchor) -> int:
        if place not in self._of_anchor:
            self._of_anchor[place] = bit = 2 * _MIXED << len(self._of_anchor)
            terms = self._lexicon.terms(place)
            # A token is one word of a term that gives it its class.
            self._bits.add({word for term in terms.words for word in words_of(term)}, map(_in_word, terms.shapes), bit)
        return self._of_anchor[place]

    def read(self, words: list[str]) -> "MarkedWords":
        """Return the words of a text that some run may have; they are given as `words_of` gives them."""
        marked = [pair for pair in enumerate(map(self._bits.__getitem__, words)) if pair[1]]
        return MarkedWords(marked, any(bits & _MIXED for _, bits in marked))


@dataclass(frozen=True, slots=True)
class MarkedWords:
    """The words of a text that some run may have."""

    words: list[tuple[int, int]]
    """Number and bits of each, in order."""
    mixed: bool
    """A word of the text mixes letters and digits."""

    def have(self, run: Run) -> bool:
        """Whether a run can stand in the text."""
        if not run.places or (self.mixed and run.shaped):
            return True
        first, last = run.places[0], len(run.places) - 1
        reached = 0
        before = -1
        for number, word in self.words:
            following = 1 if word & first else 0
            if reached and number == before + 1:
                for place in range(last + 1):
                    if reached >> place & 1:
                        if word & run.places[place]:
                            following |= 1 << place
                        if place < last:
                            if word & run.places[place + 1]:
                                following |= 2 << place
                            if word & run.between[place + 1]:
                                following |= 1 << place
            reached, before = following, number
            if reached >> last:
                return True
        return False


def _in_word(shape: str) -> re.Pattern[str]:
    """The expression of a shape for a word in lower case, of which it may be a part."""
    before = "(?:^|(?<=[0-4a-dxsoi]))" if is_category(shape) else "^"
    return re.compile(f"{before}(?:{shape.strip('^$')})(?:$|(?=[cpyra]{{0,3}}[nm][0-3xo]))")


def is_category(shape: str) -> bool:
    """Whether a shape is one of the categories that are written together, as in T2N0M0."""
    return any(re.fullmatch(shape, category) for category in _CATEGORIES)
