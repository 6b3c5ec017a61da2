"""What the words of a text say of the things that are looked for in it, as bits: one for each thing."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from classifier.lexicon import MOST_KNOWN, Lexicon, Terms
from classifier.patterns import Anchor, Step

_WORD = re.compile(r"[^\W_]+")
# The same for ASCII, where a table is faster than an expression.
_BETWEEN_WORDS = {code: " " for code in range(128) if not chr(code).isalnum()}
_MIXED = re.compile(r"\d[^\W\d]|[^\W\d]\d")
_CATEGORIES = ("n0", "n1", "nx", "no", "m0", "m1", "mx", "mo")


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, in order, without the marks between them."""
    lower = text.lower()
    return lower.translate(_BETWEEN_WORDS).split() if lower.isascii() else _WORD.findall(lower)


class _Bits:
    """The bits of words: of those that are listed, and of those that have a shape; learnt as words are met."""

    def __init__(self) -> None:
        self.of_word: dict[str, int] = {}
        self.shapes: list[tuple[re.Pattern[str], int]] = []
        self._seen: set[str] = set()
        self._telling: dict[str, int] = {}

    def add(self, words: Iterable[str], shapes: Iterable[str], bit: int) -> None:
        for word in words:
            self.of_word[word] = self.of_word.get(word, 0) | bit
        self.shapes += [(re.compile(_in_word(shape)), bit) for shape in shapes]

    def known(self, words: set[str]) -> dict[str, int]:
        """The bits of words that have any; of other words too."""
        if not words <= self._seen:
            if len(self._seen) > MOST_KNOWN:
                self._seen, self._telling = set(), {}
            for word in words - self._seen:
                bits = self.of_word.get(word, 0)
                for shape, bit in self.shapes:
                    if shape.search(word):
                        bits |= bit
                if bits:
                    self._telling[word] = bits
            self._seen |= words
        return self._telling


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
            self._bits.add(filter(None, set(words.values())), terms.shapes, 1 << index)
            for mark in (term for term, word in words.items() if word is None):
                self._marks[mark] = self._marks.get(mark, 0) | 1 << index

    def of(self, text: str) -> int:
        """Return the bits of a text."""
        bits = 0
        for mark, bit in self._marks.items():
            if mark in text:
                bits |= bit
        words = set(words_of(text))
        telling = self._bits.known(words)
        for word in words & telling.keys():
            bits |= telling[word]
        return bits


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
            self._of_anchor[place] = bit = 1 << len(self._of_anchor)
            terms = self._lexicon.terms(place)
            # A token is one word of a term that gives it its class.
            self._bits.add({word for term in terms.words for word in words_of(term)}, terms.shapes, bit)
        return self._of_anchor[place]

    def read(self, text: str) -> tuple[list[int], bool]:
        """Return the bits of the words of a sentence, in order, and whether one mixes letters and digits."""
        words = words_of(text)
        telling = self._bits.known(set(words))
        return [telling.get(word, 0) for word in words], _MIXED.search(text) is not None

    @staticmethod
    def stands(run: Run, words: Sequence[int], mixed: bool) -> bool:
        """Whether a run can stand in a sentence, as `read` gives it."""
        if not run.places or (mixed and run.shaped):
            return True
        first, last = run.places[0], len(run.places) - 1
        reached = 0
        for word in words:
            following = 1 if word & first else 0
            for number in range(last + 1):
                if reached >> number & 1:
                    if word & run.places[number]:
                        following |= 1 << number
                    if number < last:
                        if word & run.places[number + 1]:
                            following |= 2 << number
                        if word & run.between[number + 1]:
                            following |= 1 << number
            reached = following
            if reached >> last:
                return True
        return False


def _in_word(shape: str) -> str:
    """The same within a word, in lower case."""
    before = "(?:^|(?<=[0-4a-dxsoi]))" if is_category(shape) else "^"
    return f"{before}(?:{shape.strip('^$')})(?:$|(?=[cpyra]{{0,3}}[nm][0-3xo]))"


def is_category(shape: str) -> bool:
    """Whether a shape is one of the categories that are written together, as in T2N0M0."""
    return any(re.fullmatch(shape, category) for category in _CATEGORIES)
