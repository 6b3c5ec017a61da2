"""Matcher patterns, each looked for only where all stands that it needs: a Matcher costs more than that look."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from spacy.matcher import Matcher
from spacy.vocab import Vocab

from classifier.matching.lexicon import MOST_KNOWN
from classifier.matching.patterns import Anchor, anchor, anchors


@dataclass(frozen=True, eq=False, slots=True)
class Search:
    """A pattern, ready to be looked for."""

    key: int
    """Id of the pattern, as spaCy numbers it."""
    number: int
    """How many patterns were added before it."""
    matcher: Matcher
    """It alone."""
    options: dict[str, Any]
    """Of `Matcher.add`."""
    needs: tuple[tuple[frozenset[int], frozenset[str]], ...]
    """What else than its anchor must stand in the sentence: words, as spaCy numbers them, or word classes."""

    def __reduce__(self) -> tuple[Any, ...]:
        # A Matcher that is pickled forgets its options.
        _, (tokens,) = self.matcher.get(self.key)
        vocab = self.matcher.vocab  # type: ignore[attr-defined]
        return _search, (vocab, self.key, self.number, tokens, self.options, self.needs)


def _search(vocab: Vocab, key: int, number: int, tokens: list[dict[str, Any]], options: Any, needs: Any) -> Search:
    # The patterns were checked as they were read.
    matcher = Matcher(vocab, validate=False)
    matcher.add(key, [tokens], **options)
    return Search(key, number, matcher, options, needs)


class PatternSearch:
    """Patterns by their anchors.

    Parameters
    ----------
    vocab : Vocab
        Of the Docs that are searched.
    commonness : callable
        How common an anchor is: patterns are kept by their rarest.
    """

    def __init__(self, vocab: Vocab, commonness: Callable[[Anchor], float]) -> None:
        self._vocab = vocab
        self._commonness = commonness
        self._by_key: dict[int, Search] = {}
        self._everywhere: list[Search] = []
        self._by_word: dict[int, list[Search]] = {}
        self._by_class: dict[str, list[Search]] = {}
        self._by_shape: list[tuple[re.Pattern[str], Search]] = []
        self._known: dict[int, dict[Search, None]] = {}

    def add(self, name: str, tokens: list[dict[str, Any]], **options: Any) -> None:
        """Add a pattern, which the rules have checked, under its id, with the options of `Matcher.add`."""
        strings = self._vocab.strings
        rarest = anchor(tokens, self._commonness)
        others = [place for place in anchors(tokens) if place != rarest and not place.shapes]
        needs = tuple((frozenset(map(strings.add, place.words)), place.classes) for place in others)
        search = _search(self._vocab, strings.add(name), len(self._by_key), tokens, options, needs)
        self._by_key[search.key] = search
        if rarest is None:
            self._everywhere.append(search)
            return
        for word in rarest.words:
            self._by_word.setdefault(strings.add(word), []).append(search)
        for kind in rarest.classes:
            self._by_class.setdefault(kind, []).append(search)
        self._by_shape += [(re.compile(shape), search) for shape in rarest.shapes]

    def of(self, words: Collection[int], classes: Collection[str] = ()) -> Iterator[Search]:
        """Give the patterns of which all that they need stands in a sentence, in the order in which they were added.

        Parameters
        ----------
        words : collection of int
            Lower-case forms of its words, as spaCy numbers them.
        classes : collection of str
            Their word classes.
        """
        words, classes = set(words), set(classes)
        found = dict.fromkeys(self._everywhere)
        for word in words:
            if searches := self._of_word(word):
                found |= searches
        for name in classes:
            found |= dict.fromkeys(self._by_class.get(name, ()))
        for search in sorted(found, key=attrgetter("number")):
            if all(not words.isdisjoint(need) or not classes.isdisjoint(kinds) for need, kinds in search.needs):
                yield search

    def named(self, keys: Iterable[int]) -> Iterator[Search]:
        """Give the patterns of some ids, as spaCy numbers them."""
        return map(self._by_key.__getitem__, keys)

    def _of_word(self, word: int) -> dict[Search, None]:
        """The patterns whose anchor a word is."""
        if word not in self._known:
            if len(self._known) > MOST_KNOWN:
                self._known.clear()
            text = self._vocab.strings[word]
            of_shape = (search for shape, search in self._by_shape if shape.search(text))
            self._known[word] = dict.fromkeys([*self._by_word.get(word, ()), *of_shape])
        return self._known[word]
