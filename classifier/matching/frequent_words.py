"""How common words are in ordinary notes, by `rules/frequent_words.toml`: a pattern is looked for by its rarest.

It makes no difference to what is found, so a folder of rules of one's own needs no such file.
"""

import math
from collections.abc import Collection
from functools import cache

from classifier import resources
from classifier.text.raw_words import WORD

_ANYTHING = 1000.0
_SHAPE = 3.0


@cache
def _shares() -> dict[str, float]:
    return resources.read_toml(resources.RULES / "frequent_words.toml")


def share(word: str) -> float:
    """Return the share of notes in which a word stands; 0 where it is not frequent."""
    return _shares().get(word, 0.0)


def commonness(words: Collection[str], shapes: Collection[str]) -> float:
    """Return in how many of 100 notes one of some words and shapes may stand, roughly; more for a mark or a number."""
    if any(word.isdigit() or not WORD.search(word) for word in words):
        return _ANYTHING
    # Exact, so that it does not depend on the order of the words.
    shares = math.fsum(100 * share(word) for word in words)
    return min(100.0, shares + len(words) / 10 + _SHAPE * len(shapes))
