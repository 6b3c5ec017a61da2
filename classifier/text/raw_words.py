"""The words of a raw text, before any token: what stands between them is passed over."""

import re
from functools import cached_property

import numpy as np

WORD = re.compile(r"[^\W_]+")
"""A word: letters and digits."""
# ASCII is read by a table, which is faster than an expression: words in lower case, and blanks between them.
_BLANK = ord(" ")
_ASCII = bytes(ord(chr(code).lower()) if chr(code).isalnum() else _BLANK for code in range(128)).ljust(256)


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
        self._blanked = _blanked(text) if text.isascii() else None
        self.lower = words_of(text) if self._blanked is None else self._blanked.decode().split()

    @cached_property
    def offsets(self) -> list[int]:  # noqa: D102 - an attribute of the class
        if self._blanked is None:
            return [word.start() for word in WORD.finditer(self.text)]
        in_word = np.frombuffer(b" " + self._blanked, np.uint8) != _BLANK
        starts: list[int] = (in_word[1:] > in_word[:-1]).nonzero()[0].tolist()
        return starts


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, in order."""
    if text.isascii():
        return _blanked(text).decode().split()
    return [word.lower() for word in WORD.findall(text)]


def _blanked(text: str) -> bytes:
    return text.encode().translate(_ASCII)
