"""A text as one letter a word, so that the rules can be looked for in it by short regular expressions.

Words of which the rules say the same have the same letter. What the tokens of a pattern may be, each is a set of
letters; a run of tokens becomes an expression over letters, which RE2 reads in linear time.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

import re2

from classifier.lexicon import MOST_KNOWN, Lexicon, Terms
from classifier.patterns import Anchor, Step
from classifier.raw_words import WORD, words_of

_MIXES = re.compile(r"\d[^\W\d]|[^\W\d]\d")
_CATEGORIES = ("n0", "n1", "nx", "no", "m0", "m1", "mx", "mo")
# Letters of two bytes each in UTF-8, so that a place among the bytes tells which letter stands there.
_FIRST, _LAST, _WIDTH = 0x80, 0x7FF, 2
_OTHER = chr(_FIRST)


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Tokens of a pattern that must follow each other, each as the bits of the words that it may be."""

    places: tuple[int, ...]
    """What each must be."""
    between: tuple[int, ...]
    """What may stand before each, after the one before it."""
    mixed: int
    """What a word may be that is several of the tokens, as T2N0M0 is; 0 where none is known by its shape."""

    @property
    def bits(self) -> int:
        """All that is said of its words."""
        return reduce(or_, (*self.places, *self.between), self.mixed)


class WordLetters:
    """Gives each word of a text a letter. What the letters say of the text are bits.

    Words are compared, and marks passed over. One token may be several words here, as "x-ray" is, and one word may be
    several tokens, as T2N0M0 is.

    Parameters
    ----------
    lexicon : Lexicon
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._bit_of: dict[Terms | Anchor, int] = {}
        self._marks: dict[str, int] = {}
        self._said: dict[str, int] = {}
        self._shapes: list[tuple[re.Pattern[str], int]] = []
        self._may_have_shape: Callable[[str], bool] = bool
        self._letter_of: dict[tuple[int, bool], str] = {(0, False): _OTHER, (0, True): _OTHER}
        self._bits: dict[str, int] = {_OTHER: 0}
        self._mixed: set[str] = set()
        self._known = _Known(self)
        self._classes: dict[int, str] = {}
        self._compiled: dict[Run, re2._Regexp] = {}

    def bit(self, terms: Terms) -> int:
        """Return the bit that says that some terms can stand in a text, as a telling word of each does."""
        if terms not in self._bit_of:
            telling = self._lexicon.telling(terms)
            words = set(filter(WORD.search, telling))
            bit = self._add(terms, words, terms.shapes)
            for mark in telling - words:
                self._marks[mark] = self._marks.get(mark, 0) | bit
        return self._bit_of[terms]

    def bits_of_parts(self, whole: Terms) -> int:
        """Return the bits of terms that are all among some others."""
        bits = (
            bit
            for what, bit in self._bit_of.items()
            if isinstance(what, Terms) and what.words and what.words <= whole.words and not what.shapes
        )
        return reduce(or_, bits, 0)

    def run(self, steps: Sequence[Step]) -> Run:
        """Return a run, ready to be looked for."""
        places: list[int] = []
        between: list[int] = []
        skipped = 0
        for step in steps:
            bit, before = self._token(step.anchor), skipped
            for place in step.between:
                before |= self._token(place)
            if all(map(WORD.search, self._lexicon.terms(step.anchor).words)):
                places.append(bit)
                between.append(before)
                skipped = 0
            else:
                # It may be a mark, which is no word.
                skipped = before | bit
        anchors = [anchor for step in steps for anchor in (step.anchor, *step.between)]
        shaped = any(self._lexicon.terms(anchor).shapes for anchor in anchors)
        return Run(tuple(places), tuple(between), reduce(or_, places, 0) if shaped else 0)

    def of(self, words: Iterable[str]) -> list[str]:
        """Return the letters of words in lower case."""
        return list(map(self._known.__getitem__, words))

    def bits(self, letters: Iterable[str]) -> int:
        """Return what letters say, as bits."""
        return reduce(or_, map(self._bits.__getitem__, set(letters)), 0)

    def marks(self, text: str) -> int:
        """Return what the marks in a text say, as bits."""
        bits = 0
        for mark, bit in self._marks.items():
            if mark in text:
                bits |= bit
        return bits

    def find(self, run: Run, letters: bytes) -> Iterator[tuple[int, int]]:
        """Give first and last letter, and one more, of where a run can stand. Two of them may be found as one.

        Parameters
        ----------
        run : Run
        letters : bytes
            Joined, and encoded as UTF-8.
        """
        expression = self._expression(run)
        start = 0
        while match := expression.search(letters, start):
            first, start = match.span()
            yield first // _WIDTH, start // _WIDTH

    def has(self, run: Run, letters: bytes) -> bool:
        """Whether a run can stand in a text of such letters, which are given as `find` has them."""
        return not run.places or self._expression(run).search(letters) is not None

    def letter(self, word: str) -> str:
        """Return the letter of a word in lower case."""
        if len(self._bits) == 1:
            self._begin()
        bits = self._said.get(word, 0)
        if self._may_have_shape(word):
            for shape, bit in self._shapes:
                if shape.search(word):
                    bits |= bit
        return self._letter(bits, _MIXES.search(word) is not None)

    def _begin(self) -> None:
        """Give the listed words their letters: an expression is short whose letters follow each other."""
        self._may_have_shape = _any_of([shape for shape, _ in self._shapes])
        for bits in sorted(set(self._said.values())):
            self._letter(bits, False)

    def _letter(self, bits: int, mixed: bool) -> str:
        if (bits, mixed) not in self._letter_of:
            # Should the letters not be enough, the last one stands for all the rest.
            letter = self._letter_of[bits, mixed] = chr(min(_FIRST + len(self._letter_of), _LAST))
            self._bits[letter] = self._bits.get(letter, 0) | bits
            if mixed:
                self._mixed.add(letter)
            self._classes = {said: letters for said, letters in self._classes.items() if not said & bits}
            self._compiled = {run: found for run, found in self._compiled.items() if not run.bits & bits}
        return self._letter_of[bits, mixed]

    def _token(self, place: Anchor) -> int:
        """The bit that says that a word can be a token, or a part of it, that an anchor admits."""
        if place not in self._bit_of:
            terms = self._lexicon.terms(place)
            # A token is one word of a term that gives it its class.
            self._add(place, {word for term in terms.words for word in words_of(term)}, terms.shapes)
        return self._bit_of[place]

    def _add(self, what: Terms | Anchor, words: Iterable[str], shapes: Iterable[str]) -> int:
        bit = self._bit_of[what] = 1 << len(self._bit_of)
        for word in words:
            self._said[word] = self._said.get(word, 0) | bit
        self._shapes += [(_in_word(shape), bit) for shape in shapes]
        return bit

    def _expression(self, run: Run) -> "re2._Regexp":
        if run not in self._compiled:
            options = re2.Options()
            options.never_capture = True
            self._compiled[run] = re2.compile(self._pattern(run).encode(), options)
        return self._compiled[run]

    def _pattern(self, run: Run) -> str:
        parts = [self._class(run.places[0])]
        for before, here, between in zip(run.places, run.places[1:], run.between[1:], strict=False):
            parts += [f"{self._class(before | between)}*", self._class(here)]
        whole = "".join(parts)
        mixed = "".join(sorted(letter for letter in self._mixed if self._bits[letter] & run.mixed))
        return f"{whole}|[{mixed}]" if mixed else whole

    def _class(self, bits: int) -> str:
        if bits not in self._classes:
            letters = "".join(sorted(letter for letter, said in self._bits.items() if said & bits))
            self._classes[bits] = f"[{letters}]" if letters else r"\pN"
        return self._classes[bits]


class _Known(dict[str, str]):
    """The letters of words, learnt as words are met."""

    def __init__(self, letters: WordLetters) -> None:
        super().__init__()
        self._letters = letters

    def __missing__(self, word: str) -> str:
        if len(self) > MOST_KNOWN:
            self.clear()
        self[word] = letter = self._letters.letter(word)
        return letter


def _in_word(shape: str) -> re.Pattern[str]:
    """The expression of a shape for a word in lower case, of which it may be a part."""
    before = "(?:^|(?<=[0-4a-dxsoi]))" if is_category(shape) else "^"
    return re.compile(f"{before}(?:{shape.strip('^$')})(?:$|(?=[cpyra]{{0,3}}[nm][0-3xo]))")


def _any_of(shapes: list[re.Pattern[str]]) -> Callable[[str], bool]:
    """Whether a word may have one of some shapes: a look that is cheaper than one at each of them."""
    first, inside = (
        re.compile("|".join(shape.pattern for shape in shapes if shape.pattern.startswith("^") == at_start) or "(?!)")
        for at_start in (True, False)
    )
    return lambda word: first.match(word) is not None or inside.search(word) is not None


def is_category(shape: str) -> bool:
    """Whether a shape is one of the categories that are written together, as in T2N0M0."""
    return any(re.fullmatch(shape, category) for category in _CATEGORIES)
