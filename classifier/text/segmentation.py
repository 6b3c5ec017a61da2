"""Sections and sentences of a raw note, by character offsets.

Notes come with line breaks, wrapped, or with a comma or two spaces where a line once ended; as lists, numbered
diagnoses and synoptic tables. The boundaries are found in the text itself, before any token, so that the same sentences
come out whatever tokenizer follows.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import pairwise
from operator import itemgetter
from pathlib import Path

from pydantic import BaseModel

from classifier import resources
from classifier.text.capitals import capitalised
from classifier.text.markup import blank_markup
from classifier.text.sections import Section, sections_of
from classifier.text.sentences import SentenceFinder, SentenceWords, cuts
from classifier.text.specimens import Specimen, Specimens, SpecimenWords, merged


@dataclass(frozen=True, slots=True)
class Segments:
    """The segments of a note."""

    sections: list[Section]
    """In the order of the text; what stands before the first heading is in no section."""
    sentence_starts: list[int]
    """Offsets at which a sentence starts, the first of them 0."""
    specimens: list[Specimen]
    """In the order of the text."""


@dataclass(frozen=True, slots=True)
class SegmentWords:
    """What the segments of a note are known by."""

    sections: dict[str, str]
    """Section name of each known heading, in lower case."""
    sentences: SentenceFinder
    """By the abbreviations within sentences."""
    specimens: SpecimenWords
    """Words of the headings of specimens."""


class _SectionsFile(BaseModel):
    """What `sections.toml` holds."""

    sections: dict[str, list[str]]
    """The headings of each section."""
    sentences: SentenceWords
    specimens: SpecimenWords


def load_segment_words(rules: Path) -> SegmentWords:
    """Read `sections.toml` in a folder of rules.

    Raises
    ------
    NoteTermsError
        E201 when there is no such file, E202 when it is not TOML, E241 when a table is missing or of another shape.
    """
    path = rules / "sections.toml"
    content = resources.shaped(_SectionsFile, resources.read_toml(path), str(path), "E241", "See docs/rules.md.")
    sections = {term: name for name, terms in content.sections.items() for term in terms}
    return SegmentWords(sections, SentenceFinder(content.sentences), content.specimens)


# Places where a sentence ends whatever stands around them: a blank line, a heading in capitals, a mark where a line
# once ended. What lies between two of them is a block, and no sentence or heading reaches from one into the next.
_BLOCK_END = re.compile(
    r"[\n.!?;](?:(?<=\n)[ \t\r]*\n\s*|(?<=[.!?;])\s?,\s*(?=\S)|(?<=\n)(?=[A-Z][A-Z /&-]{3,40}:))", re.ASCII
)
# A full stop after a long word, before a capital, ends a sentence as well, but a heading may reach over it.
_PIECE_END = re.compile(r"\.(?<=[a-z]{7}\.) +(?=[A-Z][a-z])")


class Segmentation:
    """The sections and sentences of a note, found block by block, and only in the blocks that are asked for.

    Parameters
    ----------
    text : str
        A note as given; markup in it is skipped.
    words : SegmentWords
        From `load_segment_words`.

    Attributes
    ----------
    plain : str
        The text with its markup blanked; offsets are the same in both.
    """

    def __init__(self, text: str, words: SegmentWords) -> None:
        self.plain = blank_markup(text)
        self._text = capitalised(self.plain, words.sentences.abbreviation)
        self._words = words
        self._flat = "\n" not in self._text and "\r" not in self._text
        ends = (match.end() for match in _BLOCK_END.finditer(self._text))
        self._blocks = [0, *(end for end in ends if end < len(self._text))]
        self._pieces: dict[int, list[tuple[int, int]]] = {}
        self._sections: dict[int, list[Section]] = {}
        self._starts: dict[int, list[int]] = {}
        self._last: dict[int, Section | None] = {}
        self._specimens = Specimens(self._text, self._blocks, words.specimens)

    def block_at(self, offset: int) -> int:
        """Return the number of the block that an offset stands in."""
        return bisect_right(self._blocks, offset) - 1

    def piece_at(self, offset: int) -> tuple[int, int]:
        """Return start and end of the piece of a block that an offset stands in: no sentence reaches out of it."""
        pieces = self._pieces_of(self.block_at(offset))
        return pieces[bisect_right(pieces, offset, key=itemgetter(0)) - 1]

    def sentence_at(self, offset: int) -> tuple[int, int]:
        """Return start and end of the sentence that an offset stands in."""
        starts = self._starts_of(self.block_at(offset), self.piece_at(offset))
        number = bisect_right(starts, offset) - 1
        return starts[number], starts[number + 1]

    def section(self, offset: int) -> Section | None:
        """Return the section that an offset stands in; it is taken to end with the block of its heading."""
        number = self.block_at(offset)
        here = next((section for section in reversed(self._sections_of(number)) if section.start <= offset), None)
        return here or self._last_before(number)

    def _last_before(self, block: int) -> Section | None:
        """The last section that begins before a block; each block is looked at once, however often it is asked."""
        number = block
        while number and number not in self._last:
            if sections := self._sections_of(number - 1):
                self._last[number] = sections[-1]
            else:
                number -= 1
        found = self._last.get(number)
        self._last.update(dict.fromkeys(range(number, block + 1), found))
        return found

    def specimen(self, start: int) -> Specimen | None:
        """Return the specimen that a sentence is about, by the offset where it starts; taken to end with the sentence.

        A specimen ends with the next section.
        """
        found = self._specimens.about(start)
        section = self.section(start)
        if found is None or (section is not None and section.start >= found.heading_end):
            return None
        return replace(found, end=self.sentence_at(start)[1])

    def all(self) -> Segments:
        """Return the segments of the whole note; each section ends where the next begins."""
        numbers = range(len(self._blocks))
        sections = [section for number in numbers for section in self._sections_of(number)]
        ends = [*(section.start for section in sections[1:]), len(self._text)]
        starts = [
            start
            for number in numbers
            for piece in self._pieces_of(number)
            for start in self._starts_of(number, piece)[:-1]
        ]
        return Segments(
            [Section(section.start, end, section.name) for section, end in zip(sections, ends, strict=bool(sections))],
            starts,
            merged(filter(None, map(self.specimen, starts if self._text else ()))),
        )

    def _pieces_of(self, block: int) -> list[tuple[int, int]]:
        if block not in self._pieces:
            start, end = self._blocks[block], self._end(block)
            ends = (match.end() for match in _PIECE_END.finditer(self._text, start, end))
            self._pieces[block] = list(pairwise([start, *ends, end]))
        return self._pieces[block]

    def _end(self, number: int) -> int:
        return self._blocks[number + 1] if number + 1 < len(self._blocks) else len(self._text)

    def _sections_of(self, number: int) -> list[Section]:
        if number not in self._sections:
            start, end = self._blocks[number], self._end(number)
            self._sections[number] = sections_of(self._text, start, end, self._words.sections)
        return self._sections[number]

    def _starts_of(self, block: int, piece: tuple[int, int]) -> list[int]:
        """Where the sentences of a piece start, and its end."""
        start, end = piece
        if start not in self._starts:
            headings = (section.start for section in self._sections_of(block) if start <= section.start < end)
            found = sorted({start, *headings, *self._words.sentences.starts(self._text, start, end, self._flat)})
            cut = [place for a, b in pairwise([*found, end]) for place in (a, *cuts(self._text, a, b))]
            self._starts[start] = [*cut, end]
        return self._starts[start]


def segment(text: str, words: SegmentWords) -> Segments:
    """Find the segments of a note: see `Segmentation`."""
    return Segmentation(text, words).all()
