"""The specimens of a pathology report: their headings, and what stands under each: "B. Omentum, biopsy: - Fat."."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from classifier.text.raw_words import words_of

# What is numbered, as the row of a table or before a mark: it is label and heading in one ("Stn 7 -", "11L   16 mm").
_NUMBERED = re.compile(
    r"\s*(?:\(?\d{1,2}[.)][ \t]*)?"
    r"(?P<part>(?:[A-Za-z]{1,12}\.?[ ]?#?)?[ ]?(?:\d{1,2}[a-zA-Z]{0,2}|[A-Z]\d?|[IVX]{1,3}[AB]?)\b)[ \t]*"
    r"(?::|(?<=[ \t])[-–—][ \t]|(?<=[ ]{2})(?=\S))"
)
_CLOSE = re.compile(r":|[ \t][-–—][ \t]|[ ]{3,}|[ \t]*(?:[\n\r]|$)")
_CLOSE_BEHIND_LETTER = re.compile(rf"{_CLOSE.pattern}|\.(?=\s)")
_LINE_END = re.compile(r"[ \t]*(?:[\n\r]|$)")
_COLUMNS = "   "
# In characters: no heading is longer, and what is said of a specimen stands no farther from it.
_LONGEST_HEADING, _REACH = 160, 1500


@dataclass(frozen=True, slots=True)
class SpecimenWords:
    """Words of the headings, in lower case."""

    procedures: frozenset[str]
    """How a specimen is taken: with one, what stands before a colon is a heading."""
    parts: frozenset[str]
    """What is taken: with one, it is so behind a letter or number."""
    containers: frozenset[str]
    """What a letter or number stands behind: "Pot B"."""
    titles: frozenset[str]
    """What stands before the first of the headings, with a colon."""


@dataclass(frozen=True, slots=True)
class Specimen:
    """A specimen, and what is said of it."""

    start: int
    """Offset of its heading."""
    heading_end: int
    """Offset after the heading."""
    end: int
    """Offset after the last sentence that is about it."""
    reaches: bool
    """Whether what follows the sentence of its heading is about it too."""


@cache
def _label(words: SpecimenWords) -> re.Pattern[str]:
    """What a heading stands behind: a letter or the word itself, or else a number, or a letter with a colon (A: P:)."""
    containers, titles = ("|".join(sorted(map(re.escape, terms))) for terms in (words.containers, words.titles))
    return re.compile(
        rf"\s*(?:(?P<letter>(?i:(?:{containers})[ ]+\w{{1,2}}|fs[ ]?-?\d{{1,2}})\b[ ]*[.):-]?|(?i:specimens?)[ ]*:"
        rf"|\(?[A-Z]\d?[.)]|\([a-z]\))"
        rf"|\(?\d{{1,2}}[.)]|\d{{1,2}}(?=[ ]{{2}})|[A-Z]\d?:|(?i:{titles})[ ]*:)[ \t]*"
    )


class Specimens:
    """Finds the specimen that a place in a note is about.

    Parameters
    ----------
    text : str
    blocks : list of int
        Where its blocks start: no specimen reaches into the next, but for a heading that ends its block.
    words : SpecimenWords
    """

    def __init__(self, text: str, blocks: Sequence[int], words: SpecimenWords) -> None:
        self._text, self._blocks, self._words = text, blocks, words
        self._label = _label(words)
        self._left_open: dict[int, Specimen | None] = {}

    def about(self, offset: int) -> Specimen | None:
        """Return the specimen that a sentence is about, by the offset where it starts."""
        found = self._opened_at(offset) or self._open_in(self._line_of(offset))
        return found if found is not None and offset - found.start <= _REACH else None

    def _open_in(self, line: int) -> Specimen | None:
        """The specimen that a line, or those above it, leave open; each line is looked at once."""
        walked: list[int] = []
        found: Specimen | None = None
        while line not in self._left_open:
            walked.append(line)
            found = self._opened_at(line)
            if found is not None and found.reaches:
                break
            found = None
            block = self._block_of(line)
            if line == self._blocks[block]:
                found = self._open_before(block)
                break
            line = self._line_of(line - 1)
        else:
            found = self._left_open[line]
        self._left_open.update(dict.fromkeys(walked, found))
        return found

    def _open_before(self, block: int) -> Specimen | None:
        """The specimen whose heading is the last line before a block."""
        if not block:
            return None
        first, end = self._blocks[block - 1 : block + 1]
        end = first + len(self._text[first:end].rstrip())
        if end == first:
            return None
        found = self._opened_at(self._line_of(end - 1))
        return found if found is not None and found.heading_end >= end else None

    def _opened_at(self, start: int) -> Specimen | None:
        """The specimen that opens at an offset: with a heading, or a letter by which another ends."""
        block = self._block_of(start)
        end = self._blocks[block + 1] if block + 1 < len(self._blocks) else len(self._text)
        numbered = _NUMBERED.match(self._text, start, end)
        if numbered is not None and not self._words.parts.isdisjoint(words_of(numbered["part"])):
            return Specimen(start, numbered.end(), end, True)
        label = self._label.match(self._text, start, end)
        first = label.end() if label else start
        lettered = label is not None and label["letter"] is not None
        closes = _CLOSE_BEHIND_LETTER if lettered else _CLOSE
        close = closes.search(self._text, first, min(end, first + _LONGEST_HEADING))
        if close is None or not self._heads(self._text[first : close.start()], close[0], label is not None, lettered):
            return Specimen(start, first, end, True) if lettered else None
        row = label is not None and close[0].startswith(_COLUMNS)
        alone = close[0].endswith(("\n", "\r")) or _LINE_END.match(self._text, close.end(), end) is not None
        return Specimen(start, close.end(), end, lettered or row or alone)

    def _heads(self, text: str, close: str, labelled: bool, lettered: bool) -> bool:
        """Whether a text before a mark is a heading."""
        words = set(words_of(text))
        known = not words.isdisjoint(self._words.procedures) or (labelled and not words.isdisjoint(self._words.parts))
        if lettered or close == ":":
            return known
        # A row of a table is known by its number; a dash behind a number may stand in prose.
        if labelled:
            return known and close.startswith(_COLUMNS)
        return (known and bool(close.strip())) or (not close.startswith(_COLUMNS) and self._is_line_in_capitals(text))

    def _is_line_in_capitals(self, text: str) -> bool:
        """Whether a line heads a specimen by its capitals: "LYMPH NODE, LEFT INGUINAL, EXCISION"."""
        what, _, how = text.rpartition(",")
        return bool(what) and text.isupper() and not self._words.procedures.isdisjoint(words_of(how))

    def _block_of(self, offset: int) -> int:
        return bisect_right(self._blocks, offset) - 1

    def _line_of(self, offset: int) -> int:
        """Where the line of an offset starts; of a line that starts out of reach, its block."""
        first = self._blocks[self._block_of(offset)]
        return max(first, self._text.rfind("\n", max(first, offset - _REACH), offset) + 1)


def merged(specimens: Iterable[Specimen]) -> list[Specimen]:
    """Return each specimen once, where sentence after sentence is about it."""
    last = {specimen.start: specimen for specimen in specimens}
    return list(last.values())
