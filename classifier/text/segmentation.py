"""Sections and sentences of a raw note, by character offsets.

Notes come with line breaks, wrapped, or with a comma or two spaces where a line once ended; as lists, numbered
diagnoses and synoptic tables. The boundaries are found in the text itself, before any token, so that the same sentences
come out whatever tokenizer follows.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from operator import itemgetter
from pathlib import Path

from pydantic import BaseModel

from classifier import resources
from classifier.text.markup import blank_markup
from classifier.text.specimens import Specimen, Specimens, SpecimenWords, merged

OTHER_SECTION = "other"
"""Name of a section whose heading is in no list."""
FAMILY_HISTORY = "family_history"
"""Name of the section of other people's cancers."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it, up to the next heading."""

    start: int
    """Offset of the heading."""
    end: int
    """Offset after the section."""
    name: str
    """Normalised name, or `other`."""


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
class Headings:
    """The headings of `sections.toml`."""

    sections: dict[str, str]
    """Section name of each known heading, in lower case."""
    specimens: SpecimenWords
    """Words of the headings of specimens."""


class _SectionsFile(BaseModel):
    """What `sections.toml` holds."""

    sections: dict[str, list[str]]
    """The headings of each section."""
    specimens: SpecimenWords


def load_headings(rules: Path) -> Headings:
    """Read the headings from `sections.toml` in a folder of rules.

    Raises
    ------
    NoteTermsError
        E201 when there is no such file, E202 when it is not TOML, E241 when a table is missing or of another shape.
    """
    path = rules / "sections.toml"
    content = resources.shaped(_SectionsFile, resources.read_toml(path), str(path), "E241", "See docs/rules.md.")
    sections = {term: name for name, terms in content.sections.items() for term in terms}
    return Headings(sections, content.specimens)


# What a heading stands after, found by its first character; then a number or a mark of a list, the heading, its close.
_AFTER_MARK = r"(?<=[\n\r])|(?<=[.;,:])\s?,|(?<=,)(?=[A-Z]{4})|(?<=\.)\s"
_TO_CLOSE = (
    r"[ \t]*(?:\d{1,2}[.)][ \t]+|[-*•#>]+[ \t]*)?"
    # Prose is told by the first mark that no heading has, before the heading is tried letter by letter.
    r"(?=[A-Za-z][A-Za-z0-9 /&'()]*+(?:[-*_:\t\n\r–]|$))"
    r"(?P<heading>[A-Za-z][A-Za-z0-9 /&'()-]{0,60}?)[ \t]*[*_]{0,2}"
    r"(?P<close>:|[ \t][-–][ \t](?![A-Z /&]+:)|[ \t]*(?=[\n\r]|$))"
)
_FIRST_HEADING = re.compile(rf"(?P<before>){_TO_CLOSE}")
_HEADING = re.compile(rf"(?P<before>[\n\r.;,:](?:{_AFTER_MARK})){_TO_CLOSE}")
_HEADING_WITH_SPACES = re.compile(rf"(?P<before>[\n\r.;,: ](?:{_AFTER_MARK}|(?<= )(?<!  )[ ])){_TO_CLOSE}")

_LIST_ITEM = r"(?:\d{1,2}[.)](?=\s)|\(\d{1,2}\)|[a-zA-Z][.)](?=\s)|[-–*•▪●◦>#+](?=\s|[A-Za-z(\[]))"
_KEYED = r"[cpyr]{0,2}[A-Z][\w /&'().,-]{0,50}?:"
# A row that begins with a small letter is one only if its value is short: what is wrapped may have gaps as well.
_TABLE_ROW = r"[A-Z][^\n\r:]{1,45}?[ ]{3,}\S|[a-z][^\n\r:]{1,45}?[ ]{3,}(?:\d\S*|yes|no|nil|none)[ ]*(?=[\n\r]|$)"
_DOTTED_ROW = r"[A-Z][^\n\r:.]{1,60}\.{3,}"
# Each place where a sentence may end begins with one of these; between them the search need not stop.
_MARKS = r"[\n\r.!?;,]"
_AT_MARK = (
    r"(?:(?P<newline>(?<=[\n\r])\s*)"
    r"|(?P<terminal>(?<=[.!?])[.!?]*[\"'”’)\]]*\s+)"
    r"|(?P<flat>(?<=[.!?;])\s?,\s*)"
    r"|(?P<glued>(?<=[a-z)][a-z)]\.)(?=[A-Z][a-z]))"
    r"|(?P<comma>(?<=,)(?=[A-Z][a-z]{2}|[A-Z]{4}[A-Z /&-]{0,40}:|(?:\d{1,2}|[A-Z])[.)]\s)))"
)
_AT_SPACE = (
    r"(?=[ \t\d•▪●◦])(?:(?P<field>(?<=[^\s:] )[ ]{2,}(?=[A-Z][\w ()/-]{1,40}:))"
    r"|(?P<spaces>(?<=[^\s:,(–-] )[ ]+(?=[A-Z0-9]))"
    r"|(?P<bullet>(?<!\s\s)[ \t]*(?=[•▪●◦]))"
    r"|(?P<number>(?<=\S )[ ]*(?=\d{1,2}[.)][ ]+[A-Z])))"
)
_BREAK = re.compile(f"{_MARKS}{_AT_MARK}")
_BREAK_WITH_SPACES = re.compile(f"[\\n\\r\\t .!?;,](?:(?<=[ \\t]){_AT_SPACE}|{_AT_MARK})")
_SPACES = re.compile(r"[•▪●◦]|\d[.)][ ]+[A-Z]")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Drs?|Mr|Mrs|Ms|Mx|Prof|St|Sr|Jr|vs|e\.?g|i\.?e|approx|cf|viz|etc|Fig|dept|hosp|pt|no|No|resp|incl|est|"
    r"max|min|temp|wt|ht|vol|dia|diam|tab|tabs|inj|q\.?d|b\.?i\.?d|t\.?i\.?d|p\.?o|al|a\.?m|p\.?m|Rev|Lt|Rt|lt|rt|Inc))\.$"
)
_ANSWERED = re.compile(r":\s*no\.$", re.IGNORECASE)
_INITIAL = re.compile(r"(?:^|\s)[A-Z]\.$")
_ITEM_NUMBER = re.compile(r"\s*(?:\d{1,2}|[A-Za-z])\.$")
_TNM = r"(?:mi[TNM]|(?:mr|u|[cpyra]{0,3})[TNM][0-4XxIi][a-d]?)"
_TNM_BEFORE = re.compile(rf"(?:^|[\s(]){_TNM}\.$")
_TNM_AFTER = re.compile(_TNM)
_ANSWER = re.compile(r"(?:yes|no|nil|none)\b|[(\[][ x✓✔]?[)\]]", re.IGNORECASE)
_STARTS_LOWER = re.compile(r"[a-z]")
_NEW_LINE_ITEM = re.compile(rf"{_LIST_ITEM}|{_KEYED}|{_TABLE_ROW}|{_DOTTED_ROW}")
# A line that begins with a stage or a category of its own: "ypT1 N0", "mrN:".
_STAGE_LINE = re.compile(r"(?:mr|u|[cpyra]{1,3})[TNM](?:[0-4XxIi]|[ ]{2}|[ ]?:)")
_FIRST_WORD = re.compile(r"\S+")
# A line does not end a sentence with such a word, however short it is.
_LEADS_ON = re.compile(
    r"[^\s:?-] (?:no|of|the|an?|with|without|and|or|for|from|by|to|in|into|at|is|are|was|were|has|had|her|his)$", re.I
)
_BETWEEN_WORDS = re.compile(r"\s|[^\w\s.,'’/-]")

# A note is wrapped to a page; where its lines are shorter or longer than any page, each line break is meant.
_NARROWEST_PAGE, _WIDEST_PAGE = 40, 130
# In characters: no heading is longer, with what marks it.
_LINE = 90
# In characters. No sentence of a note is longer, and the work on one grows with the square of its length.
_LONGEST_SENTENCE = 1500


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
    headings : Headings
        From `load_headings`.

    Attributes
    ----------
    plain : str
        The text with its markup blanked; offsets are the same in both.
    """

    def __init__(self, text: str, headings: Headings) -> None:
        self.plain = blank_markup(text)
        self._headings = headings
        self._flat = "\n" not in self.plain and "\r" not in self.plain
        ends = (match.end() for match in _BLOCK_END.finditer(self.plain))
        self._blocks = [0, *(end for end in ends if end < len(self.plain))]
        self._pieces: dict[int, list[tuple[int, int]]] = {}
        self._sections: dict[int, list[Section]] = {}
        self._starts: dict[int, list[int]] = {}
        self._last: dict[int, Section | None] = {}
        self._specimens = Specimens(self.plain, self._blocks, headings.specimens)

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
        ends = [*(section.start for section in sections[1:]), len(self.plain)]
        starts = [
            start
            for number in numbers
            for piece in self._pieces_of(number)
            for start in self._starts_of(number, piece)[:-1]
        ]
        return Segments(
            [Section(section.start, end, section.name) for section, end in zip(sections, ends, strict=bool(sections))],
            starts,
            merged(filter(None, map(self.specimen, starts if self.plain else ()))),
        )

    def _pieces_of(self, block: int) -> list[tuple[int, int]]:
        if block not in self._pieces:
            start, end = self._blocks[block], self._end(block)
            ends = (match.end() for match in _PIECE_END.finditer(self.plain, start, end))
            self._pieces[block] = list(pairwise([start, *ends, end]))
        return self._pieces[block]

    def _end(self, number: int) -> int:
        return self._blocks[number + 1] if number + 1 < len(self._blocks) else len(self.plain)

    def _sections_of(self, number: int) -> list[Section]:
        if number not in self._sections:
            start, end = self._blocks[number], self._end(number)
            block = self.plain[start:end]
            # A heading ends in a colon or a dash, or is a line of its own.
            may = ":" in block or "\n" in block or "\r" in block or "- " in block or "– " in block or len(block) < _LINE
            self._sections[number] = _sections(self.plain, start, end, self._headings.sections) if may else []
        return self._sections[number]

    def _starts_of(self, block: int, piece: tuple[int, int]) -> list[int]:
        """Where the sentences of a piece start, and its end."""
        start, end = piece
        if start not in self._starts:
            headings = (section.start for section in self._sections_of(block) if start <= section.start < end)
            found = sorted({start, *headings, *_boundaries(self.plain, start, end, self._flat)})
            cut = [place for a, b in pairwise([*found, end]) for place in (a, *_cuts(self.plain, a, b))]
            self._starts[start] = [*cut, end]
        return self._starts[start]


def segment(text: str, headings: Headings) -> Segments:
    """Find the segments of a note: see `Segmentation`."""
    return Segmentation(text, headings).all()


def _sections(text: str, start: int, end: int, headings: dict[str, str]) -> list[Section]:
    """The headings of a block; each section is taken to end with it."""
    block = text[start:end]
    heading_after = _HEADING_WITH_SPACES if "  " in block else _HEADING
    found: list[Section] = []
    match = _FIRST_HEADING.match(block) or heading_after.search(block)
    while match:
        heading = match["heading"].strip()
        name = headings.get(" ".join(heading.lower().split()))
        closed = match["close"] == ":"
        own_line = not match["close"].strip() and match["before"] in ("", "\n", "\r")
        if name is None and closed and heading.isupper() and sum(map(str.isalpha, heading)) > 3:
            name = OTHER_SECTION
        # Without a colon a heading stands at the start of a line, and one letter (S: O: A: P:) does not do.
        at_start = own_line or match["before"] in ("", "\n", "\r")
        if name and (
            closed or (at_start and (len(heading) > 3 or (own_line and heading.isupper() and len(heading) > 1)))
        ):
            found.append(Section(start + match.start("heading"), end, name))
            position = match.end("heading")
        else:
            position = max(match.start("heading"), match.end("before"), match.start() + 1)
        match = heading_after.search(block, position)
    return found


def _boundaries(text: str, first: int, last: int, flat: bool) -> list[int]:
    """Offsets within a piece at which a sentence starts."""
    starts: list[int] = []
    digits = _FIRST_WORD.match(text, first)
    number = _number(digits[0]) if digits and _ITEM_NUMBER.fullmatch(digits[0].replace(")", ".")) else 0
    spaces = text.find("  ", first, last) >= 0 or _SPACES.search(text, first, last)
    for match in (_BREAK_WITH_SPACES if spaces else _BREAK).finditer(text, first, last):
        kind, end = match.lastgroup, match.end()
        if end >= last:
            break
        before = text[max(first, match.start() - 12) : match.start() + 1]
        if kind == "newline":
            if _ends_line(text, match):
                starts.append(end)
        elif kind == "terminal":
            item_number = _ITEM_NUMBER.match(text[starts[-1] if starts else first : match.start() + 1])
            if not item_number and _ends_sentence(before, text[end : end + 6], match[0]):
                starts.append(end)
        elif kind in ("comma", "spaces"):
            if flat:
                starts.append(end)
        elif kind == "number":
            word = _FIRST_WORD.match(text, end)
            value = _number(word[0]) if word else 0
            if value == 1 or value == number + 1:
                number = value
                starts.append(end)
        else:
            starts.append(end)
    return starts


def _number(word: str) -> int:
    return int(re.sub(r"\D", "", word) or 0)


def _cuts(text: str, start: int, end: int) -> Iterator[int]:
    """Cut what is too long for a sentence (a table, a note without a full stop), but never a word."""
    while end - start > _LONGEST_SENTENCE:
        space = text.rfind(" ", start + 1, start + _LONGEST_SENTENCE)
        mark = None if space > start else _BETWEEN_WORDS.search(text, start + _LONGEST_SENTENCE, end)
        start = space + 1 if space > start else mark.end() if mark else end
        if start < end:
            yield start


def _ends_sentence(before: str, after: str, mark: str) -> bool:
    new_line = "\n" in mark or "\r" in mark
    if not new_line and (mark.startswith("....") or (mark.startswith("...") and before[-2:-1].isspace())):
        # Dots lead to the value of a form.
        return False
    if _STARTS_LOWER.match(after) and not (new_line and mark.startswith(".")) and not _TNM_AFTER.match(after):
        return False
    if mark.startswith("?") and _ANSWER.match(after):
        return False
    if not mark.startswith("."):
        return True
    if _ANSWERED.search(before):
        return True
    if _ABBREVIATION.search(before) or (_TNM_BEFORE.search(before) and _TNM_AFTER.match(after)):
        return False
    if after[:1].isdigit() and before.endswith((" ca.", "(ca.")):
        return False
    return not (mark == ". " and _INITIAL.search(before))


def _ends_line(text: str, match: re.Match[str]) -> bool:
    """Whether a line break ends a sentence, or only wraps it."""
    after = text[match.end() : match.end() + 60]
    blank_line = len(re.findall(r"\r\n|\n|\r", match[0])) > 1
    if blank_line or _NEW_LINE_ITEM.match(after) or _STAGE_LINE.match(after):
        return True
    line_start = max(text.rfind("\n", 0, match.start()), text.rfind("\r", 0, match.start())) + 1
    line = text[line_start : match.start()].rstrip()
    if not line or line[-1] in "!?:":
        return True
    if line[-1] == ".":
        return not _ABBREVIATION.search(line[-12:])
    if _STARTS_LOWER.match(after) or line[-1] in ",(/-–" or after[:1] in ")(,;/&" or _LEADS_ON.search(line):
        return False
    # The line is wrapped where the next word would not have fitted into the page.
    width = _page_width(text, line_start, match.end())
    first = _FIRST_WORD.match(after)
    return not _NARROWEST_PAGE <= width <= _WIDEST_PAGE or len(line) + 1 + len(first[0] if first else "") <= width


def _page_width(text: str, line_start: int, next_start: int) -> int:
    """Length of the longest of the lines around a line break, as far as a page of them reaches."""
    around = text[max(0, line_start - 400) : next_start + 400]
    lines = around.splitlines()[1 if line_start > 400 else 0 :]
    lines = lines[:-1] if next_start + 400 < len(text) else lines
    return max((len(line) for line in lines), default=0)
