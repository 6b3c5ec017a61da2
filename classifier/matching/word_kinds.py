"""A text as one number a word, its kind, so that the rules can be looked for before there are tokens.

Words of which the rules say the same are of the same kind. What is said of a word, and of a whole text, are bits.
"""

import re
from collections.abc import Hashable, Iterable, Sequence
from functools import cache, cached_property, reduce
from operator import or_

import numpy as np
from numpy.typing import NDArray

from classifier.matching.lexicon import MOST_KNOWN, Lexicon, Terms
from classifier.matching.patterns import Anchor
from classifier.text.raw_words import WORD, words_of

Kinds = NDArray[np.intp]
"""The kinds of the words of a text, in order."""

MOST_KINDS = 4096
"""Far more than the rules make; should they not be enough, the last kind stands for all the rest."""

_MIXES = re.compile(r"\d[^\W\d]|[^\W\d]\d")
_CATEGORIES = ("n0", "n1", "nx", "no", "m0", "m1", "mx", "mo")


class WordKinds:
    """Tells of what kind each word of a text is, and what the kinds say.

    Words are compared, and marks passed over. One token may be several words here, as "x-ray" is, and one word may be
    several tokens, as T2N0M0 is.

    Parameters
    ----------
    lexicon : Lexicon

    Attributes
    ----------
    said : list of int
        What each kind says, as bits. It grows as words are met.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self.said: list[int] = []
        self._lexicon = lexicon
        self._bit_of: dict[Hashable, int] = {}
        self._marks: dict[str, int] = {}
        self._said_of: dict[str, int] = {}
        self._shapes: list[tuple[re.Pattern[str], int]] = []
        self._mixed: dict[int, int] = {}
        self._kind_of: dict[int, int] = {}
        self._known = _Known(self)
        # A term stands in many classes.
        self._words_of = cache(words_of)

    def bit(self, terms: Terms) -> int:
        """Return the bit that says that some terms can stand in a text, as a telling word of each does."""
        if terms not in self._bit_of:
            telling = self._lexicon.telling(terms)
            words = set(filter(WORD.search, telling))
            bit = self._add(terms, words, terms.shapes)
            for mark in telling - words:
                self._marks[mark] = self._marks.get(mark, 0) | bit
        return self._bit_of[terms]

    def token_bit(self, place: Anchor) -> int:
        """Return the bit that says that a word can be a token, or a part of it, that an anchor admits."""
        if place not in self._bit_of:
            terms = self._lexicon.terms(place)
            # A token is one word of a term that gives it its class.
            self._add(place, {word for term in terms.words for word in self._words_of(term)}, terms.shapes)
        return self._bit_of[place]

    def mixed_bit(self, bits: int) -> int:
        """Return the bit of a word of letters and digits that says one of some others, and so may be several tokens."""
        if bits not in self._mixed:
            self._mixed[bits] = self._bit_of[bits] = 1 << len(self._bit_of)
        return self._mixed[bits]

    def bits_of_parts(self, whole: Terms) -> int:
        """Return the bits of terms that are all among some others."""
        bits = (
            bit
            for what, bit in self._bit_of.items()
            if isinstance(what, Terms) and what.words and what.words <= whole.words and not what.shapes
        )
        return reduce(or_, bits, 0)

    def of(self, words: Sequence[str]) -> Kinds:
        """Return the kinds of words in lower case."""
        return np.fromiter(map(self._known.__getitem__, words), np.intp, len(words))

    def bits(self, kinds: Kinds) -> int:
        """Return what kinds say, as bits."""
        return reduce(or_, map(self.said.__getitem__, np.bincount(kinds).nonzero()[0].tolist()), 0)

    def marks(self, text: str) -> int:
        """Return what the marks in a text say, as bits."""
        bits = 0
        for mark, bit in self._marks.items():
            if mark in text:
                bits |= bit
        return bits

    def kind(self, word: str) -> int:
        """Return the kind of a word in lower case."""
        bits = self._said_of.get(word, 0)
        first, inside = self._any_shape
        if first.match(word) or inside.search(word):
            for shape, bit in self._shapes:
                if shape.search(word):
                    bits |= bit
        if bits and _MIXES.search(word):
            for some, bit in self._mixed.items():
                bits |= bit if bits & some else 0
        if bits not in self._kind_of:
            self._kind_of[bits] = self._new_kind(bits)
        return self._kind_of[bits]

    @cached_property
    def _any_shape(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        """What a word may have that has a shape, at its start and inside: a look that is cheaper than one at each."""
        first, inside = (
            [shape.pattern for shape, _ in self._shapes if shape.pattern.startswith("^") == at_start]
            for at_start in (True, False)
        )
        return re.compile("|".join(first) or "(?!)"), re.compile("|".join(inside) or "(?!)")

    def _new_kind(self, bits: int) -> int:
        if len(self.said) < MOST_KINDS:
            # The last one may be anything.
            self.said.append(bits if len(self.said) < MOST_KINDS - 1 else -1)
        return len(self.said) - 1

    def _add(self, what: Terms | Anchor, words: Iterable[str], shapes: Iterable[str]) -> int:
        bit = self._bit_of[what] = 1 << len(self._bit_of)
        for word in words:
            self._said_of[word] = self._said_of.get(word, 0) | bit
        self._shapes += [(_in_word(shape), bit) for shape in shapes]
        return bit


class _Known(dict[str, int]):
    """The kinds of words, learnt as words are met."""

    def __init__(self, kinds: WordKinds) -> None:
        super().__init__()
        self._kinds = kinds

    def __missing__(self, word: str) -> int:
        if len(self) > MOST_KNOWN:
            self.clear()
        self[word] = kind = self._kinds.kind(word)
        return kind


def _in_word(shape: str) -> re.Pattern[str]:
    """The expression of a shape for a word in lower case, of which it may be a part."""
    before = "(?:^|(?<=[0-4a-dxsoi]))" if is_category(shape) else "^"
    return re.compile(f"{before}(?:{shape.strip('^$')})(?:$|(?=[cpyra]{{0,3}}[nm][0-3xo]))")


def is_category(shape: str) -> bool:
    """Whether a shape is one of the categories that are written together, as in T2N0M0."""
    return any(re.fullmatch(shape, category) for category in _CATEGORIES)
