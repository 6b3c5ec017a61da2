"""The words of a raw text, before any token: what stands between them is passed over."""

import re
from functools import cached_property

import numpy as np

WORD = re.compile(r"[^\W_]+")
"""A word: letters and digits."""
# The same for ASCII, where a table is faster than an expression.
_BETWEEN_WORDS = {code: " " for code in range(128) if not chr(code).isalnum()}


class RawWords:
    """The words of a text.

    Parameters
    ----------
    text : str

    Attributes
    ----------
    text : str
        As given.
    lower : list of str, length words
        The words in lower case, in order.
    offsets : list of int, length words
        Where in the text each begins.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.lower = words_of(text)

    @cached_property
    def offsets(self) -> list[int]:  # noqa: D102 - an attribute of the class
        if not self.text.isascii():
            return [word.start() for word in WORD.finditer(self.text)]
        in_word = np.frombuffer(self.text.translate(_BETWEEN_WORDS).encode(), dtype="uint8") != ord(" ")
        starts: list[int] = np.flatnonzero(in_word & ~np.concatenate(([False], in_word[:-1]))).tolist()
        return starts


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, in order."""
    if text.isascii():
        return text.lower().translate(_BETWEEN_WORDS).split()
    return [word.lower() for word in WORD.findall(text)]
