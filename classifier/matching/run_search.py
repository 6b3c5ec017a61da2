"""Finds where the tokens of a pattern can follow each other in the words of a raw text, for all patterns at once.

Each run of tokens is looked for by one of its places, the pivot: a word that tells of it, beside words that may stand
there. One look at the words of a text does that for all runs; the few that are left are gone through.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier.matching.lexicon import Lexicon
from classifier.matching.patterns import Step
from classifier.matching.word_kinds import MOST_KINDS, Kinds, WordKinds
from classifier.text.raw_words import WORD


@dataclass(frozen=True, slots=True)
class Run:
    """Tokens that must follow each other, each as the bits of the words that it may be."""

    places: tuple[int, ...]
    """What each must be."""
    between: tuple[int, ...]
    """What may stand before each, after the one before it."""
    pivot: int
    """Number of the place that stands in the fewest texts, roughly."""
    telling: int
    """Of each term that the pivot may be, the word that tells most: it is there, or beside with the term's others."""
    mixed: int = 0
    """What a word may be that is several of the tokens, as T2N0M0 is; 0 where none is known by its shape."""

    @property
    def needs(self) -> int:
        """What a text must say."""
        return 0 if self.mixed else reduce(or_, self.places)

    @property
    def before(self) -> int:
        """What of the run may stand before the pivot; 0 where it begins the run."""
        here, prior = self.pivot, self.pivot - 1
        return self.places[prior] | self.between[here] | self.places[here] if here else 0

    @property
    def after(self) -> int:
        """What of the run may stand after the pivot; 0 where it ends the run."""
        here, following = self.pivot, self.pivot + 1
        ends = following == len(self.places)
        return 0 if ends else self.places[here] | self.between[following] | self.places[following]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run can stand in a text; in words."""

    pivot: int
    """Where it was looked for."""
    first: int
    """The place before the pivot, or the pivot."""
    last: int
    """The place after the pivot, or the pivot."""
    whole: bool
    """Whether that is all of the run."""


class _Beside(NamedTuple):
    """What stands beside the pivot of a run: of each kind of word whether it may."""

    begins: bool
    """The pivot is the first place."""
    ends: bool
    """The pivot is the last place."""
    whole: bool
    """There is no more to the run than the places next to the pivot."""
    prior: bytearray
    """The place before it."""
    before: bytearray
    """That, or what may stand between."""
    following: bytearray
    """The place after it."""
    after: bytearray
    """That, or what may stand between."""


def make_run(steps: Sequence[Step], kinds: WordKinds, lexicon: Lexicon) -> Run | None:
    """Return the run of some steps; None where each of its tokens may be a mark, which is no word."""
    places: list[int] = []
    between: list[int] = []
    telling: list[tuple[float, int]] = []
    skipped = 0
    for step in steps:
        bit = kinds.token_bit(step.anchor)
        before = reduce(or_, map(kinds.token_bit, step.between), skipped)
        terms = lexicon.terms(step.anchor)
        if all(map(WORD.search, terms.words)):
            # A token may be several words.
            between.append(before | (places[-1] if places else 0))
            places.append(bit)
            telling.append((lexicon.commonness(terms), kinds.bit(terms)))
            skipped = 0
        else:
            skipped = before | bit
    if not places:
        return None
    pivot = min(range(len(places)), key=telling.__getitem__)
    anchors = [anchor for step in steps for anchor in (step.anchor, *step.between)]
    shaped = any(lexicon.terms(anchor).shapes for anchor in anchors)
    mixed = kinds.mixed_bit(reduce(or_, places)) if shaped else 0
    return Run(tuple(places), tuple(between), pivot, telling[pivot][1], mixed)


class RunSearch:
    """Looks for many runs at once.

    Parameters
    ----------
    runs : sequence of Run
    needs : sequence of int
        What must stand in a text for each of them to be looked for there.
    kinds : WordKinds
        By which the runs were made.
    """

    def __init__(self, runs: Sequence[Run], needs: Sequence[int], kinds: WordKinds) -> None:
        self._said = kinds.said
        # A word may be all of a run by itself.
        alone = [(number, Run((run.mixed,), (0,), 0, run.mixed)) for number, run in enumerate(runs) if run.mixed]
        self._looks = [*enumerate(runs), *alone]
        sides = [(run.telling, run.before, run.after) for _, run in self._looks]
        # Where a run is looked for, before that, and after it: by the bits of words, which looks ask for them there.
        self._asked: list[dict[int, int]] = [{}, {}, {}]
        # Which ask for nothing there.
        self._free = [0, 0, 0]
        for look, asked in enumerate(sides):
            for side, bits in enumerate(asked):
                self._free[side] |= 0 if bits else 1 << look
                for bit in _each(bits):
                    self._asked[side][bit] = self._asked[side].get(bit, 0) | 1 << look
        self._all_bits = reduce(or_, (bits for asked in sides for bits in asked), 0)
        self._width = len(self._looks) // 64 + 1
        self._all_needs = reduce(or_, needs, 0)
        length = self._all_needs.bit_length()
        self._needs = np.zeros((len(_packed(0, length)), len(self._looks)), np.uint64)
        for look, (number, _) in enumerate(self._looks):
            self._needs[:, look] = _packed(needs[number], length)
        # The same by the kinds of words; the last row is for where there is no word.
        self._tables = np.zeros((3, MOST_KINDS + 1, self._width), np.uint64)
        self._tables[:, MOST_KINDS] = [self._row(free) for free in self._free]
        self._tells = np.zeros(MOST_KINDS, np.bool_)
        self._has: dict[int, bytearray] = {}
        self._known: dict[int, _Beside] = {}
        self._seen = 0

    def find(self, kinds: Kinds, there: int) -> Iterator[tuple[int, Place]]:
        """Yield where runs can stand in a text, each with its number.

        Parameters
        ----------
        kinds : array of int
            Of the words of the text.
        there : int
            What stands in the text.
        """
        if self._seen < len(self._said):
            self._learn()
        listed: list[int] = kinds.tolist()
        for look, pivots in self._pivots(kinds, self._wanted(there)).items():
            for place in self._places(look, pivots, listed):
                yield self._looks[look][0], place

    def stands(self, run: Run, kinds: Kinds) -> bool:
        """Whether a run can stand in a text."""
        listed: list[int] = kinds.tolist()
        here = self._kinds_of(run.places[0])
        if run.mixed and any(map(self._kinds_of(run.mixed).__getitem__, listed)):
            return True
        found = [word for word, kind in enumerate(listed) if here[kind]]
        for between, following in zip(run.between[1:], run.places[1:], strict=True):
            passed, here = self._kinds_of(between), self._kinds_of(following)
            starts, found = found, []
            word = 0
            for start in starts:
                # What was gone through from an earlier start need not be again.
                if start < word:
                    continue
                for word in range(start + 1, len(listed)):
                    if here[listed[word]]:
                        found.append(word)
                    if not passed[listed[word]]:
                        break
        return bool(found)

    def _wanted(self, there: int) -> NDArray[np.uint64]:
        """The looks of which all that they need stands in a text."""
        missing = _packed(self._all_needs & ~there, self._all_needs.bit_length())
        wanted = np.packbits(np.bitwise_or.reduce(self._needs & missing[:, np.newaxis]) == 0, bitorder="little")
        return np.frombuffer(wanted.tobytes().ljust(8 * self._width, b"\0"), np.uint64)

    def _pivots(self, kinds: Kinds, wanted: NDArray[np.uint64]) -> dict[int, list[int]]:
        """The words beside which a look may find its run, in order."""
        words = self._tells.take(kinds).nonzero()[0]
        around = np.concatenate(([MOST_KINDS], kinds, [MOST_KINDS]))
        looks = self._tables[0].take(kinds.take(words), axis=0)
        looks &= wanted
        looks &= self._tables[1].take(around.take(words), axis=0)
        looks &= self._tables[2].take(around.take(words + 2), axis=0)
        left = looks.any(axis=1).nonzero()[0]
        rows, asking = np.unpackbits(looks.take(left, axis=0).view(np.uint8), axis=1, bitorder="little").nonzero()
        found: dict[int, list[int]] = {}
        for look, word in zip(asking.tolist(), words.take(left.take(rows)).tolist(), strict=True):
            found.setdefault(look, []).append(word)
        return found

    def _places(self, look: int, pivots: list[int], kinds: list[int]) -> Iterator[Place]:
        """Where a run stands beside pivots, as far as the places before and after them tell. It goes on past each."""
        begins, ends, whole, prior, before, following, after = self._beside(look)
        first: int | None = None
        last: int | None = None
        reached = passed = 0
        for pivot in pivots:
            # What was gone through to an earlier pivot, or from it, need not be again.
            for word in range(pivot - 1, reached - 1, -1):
                if prior[kinds[word]] or not before[kinds[word]]:
                    first = word if prior[kinds[word]] else None
                    break
            reached = pivot
            if pivot >= passed:
                last = None
                for word in range(pivot + 1, len(kinds)):
                    passed = word
                    if following[kinds[word]] or not after[kinds[word]]:
                        last = word if following[kinds[word]] else None
                        break
            if (begins or first is not None) and (ends or last is not None):
                yield Place(pivot, pivot if first is None else first, pivot if last is None else last, whole)

    def _beside(self, look: int) -> _Beside:
        """What `_places` asks of the run of a look."""
        if look not in self._known:
            _, run = self._looks[look]
            begins, ends = run.pivot == 0, run.pivot + 1 == len(run.places)
            prior = 0 if begins else run.places[run.pivot - 1]
            following = 0 if ends else run.places[run.pivot + 1]
            tables = map(self._kinds_of, (prior, run.before, following, run.after))
            self._known[look] = _Beside(begins, ends, len(run.places) == 1 + (not begins) + (not ends), *tables)
        return self._known[look]

    def _learn(self) -> None:
        """See to the kinds that are new."""
        for kind in range(self._seen, len(self._said)):
            bits = self._said[kind]
            for side, asked in enumerate(self._asked):
                looks = reduce(or_, (asked.get(bit, 0) for bit in _each(bits & self._all_bits)), self._free[side])
                self._tables[side, kind] = self._row(looks)
            self._tells[kind] = self._tables[0, kind].any()
            for some, has in self._has.items():
                has[kind] = bits & some != 0
        self._seen = len(self._said)

    def _row(self, looks: int) -> NDArray[np.uint64]:
        return _packed(looks, 64 * self._width)

    def _kinds_of(self, bits: int) -> bytearray:
        """Of each kind 1 where it says one of some bits, and else 0."""
        if bits not in self._has:
            self._has[bits] = bytearray(said & bits != 0 for said in self._said).ljust(MOST_KINDS, b"\0")
        return self._has[bits]


def _packed(bits: int, length: int) -> NDArray[np.uint64]:
    """So many bits of a number as an array."""
    return np.frombuffer(bits.to_bytes(-(-length // 64) * 8, "little"), np.uint64)


def _each(bits: int) -> Iterator[int]:
    """The bits of a number, one by one."""
    while bits:
        bit = bits & -bits
        yield bit
        bits ^= bit
