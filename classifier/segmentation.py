"""Sections and sentences of a raw note, by character offsets.

Notes come with line breaks, wrapped, or with a comma or two spaces where a line once ended; as lists, numbered
diagnoses and synoptic tables. The boundaries are found in the text itself, before any token, so that the same sentences
come out whatever tokenizer follows.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from classifier import resources
from classifier.markup import blank_markup

OTHER_SECTION = "other"
"""Name of a section whose heading is in no list."""


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


def load_headings(rules: Path) -> dict[str, str]:
    """Return the section name of each known heading, from `sections.toml` in a folder of rules."""
    sections = resources.read_toml(rules / "sections.toml")["sections"]
    return {term: name for name, terms in sections.items() for term in terms}


_HEADING = re.compile(
    r"(?P<before>^|[\n\r]|[.;,:]\s?,|,(?=[A-Z]{4})|\.\s|(?<![ ])[ ]{2})[ \t]*(?:\d{1,2}[.)][ \t]+|[-*•#>]+[ \t]*)?"
    r"(?P<heading>[A-Za-z][A-Za-z0-9 /&'()-]{0,60}?)[ \t]*[*_]{0,2}(?P<close>:|[ \t][-–][ \t]|[ \t]*(?=[\n\r]|$))"
)

_LIST_ITEM = r"(?:\d{1,2}[.)](?=\s)|\(\d{1,2}\)|[a-zA-Z][.)](?=\s)|[-–*•▪●◦>#+](?=\s|[A-Za-z(\[]))"
_KEYED = r"[A-Z][\w /&'().,-]{0,50}?:"
_BREAK = re.compile(
    r"(?P<newline>(?<![ \t])[ \t]*(?:\r\n|\n|\r)\s*)"
    r"|(?P<terminal>[.!?]+[\"'”’)\]]*\s+)"
    r"|(?P<flat>[.!?;]\s?,\s*)"
    r"|(?P<glued>(?<=[a-z)][a-z)])\.(?=[A-Z][a-z]))"
    r"|(?P<comma>,(?=[A-Z][a-z]{2}|[A-Z]{4}[A-Z /&-]{0,40}:|(?:\d{1,2}|[A-Z])[.)]\s))"
    r"|(?P<spaces>(?<=[^\s:,(–-])[ ]{2,}(?=[A-Z0-9]))"
    r"|(?P<bullet>(?<!\s)\s+(?=[•▪●◦]))"
    r"|(?P<number>(?<=[^\s])[ ]+(?=\d{1,2}[.)][ ]+[A-Z]))"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:Drs?|Mr|Mrs|Ms|Mx|Prof|St|Sr|Jr|vs|e\.?g|i\.?e|approx|ca|cf|viz|etc|Fig|dept|hosp|pt|no|No|resp|incl|est|"
    r"max|min|temp|wt|ht|vol|dia|diam|tab|tabs|inj|q\.?d|b\.?i\.?d|t\.?i\.?d|p\.?o|al|a\.?m|p\.?m|Rev|Lt|Rt|lt|rt|Inc))\.$"
)
_INITIAL = re.compile(r"(?:^|\s)[A-Z]\.$")
_ITEM_NUMBER = re.compile(r"\s*(?:\d{1,2}|[A-Za-z])\.$")
_TNM = r"[cpyra]{0,3}[TNM][0-4XxIi][a-d]?"
_TNM_BEFORE = re.compile(rf"(?:^|[\s(]){_TNM}\.$")
_TNM_AFTER = re.compile(_TNM)
_ANSWER = re.compile(r"(?:yes|no|nil|none)\b", re.IGNORECASE)
_STARTS_LOWER = re.compile(r"[a-z]")
_NEW_LINE_ITEM = re.compile(rf"{_LIST_ITEM}|{_KEYED}")
_FIRST_WORD = re.compile(r"\S+")

# A note is wrapped to a page; where its lines are shorter or longer than any page, each line break is meant.
_NARROWEST_PAGE, _WIDEST_PAGE = 40, 130
# In characters. No sentence of a note is longer, and the work on one grows with the square of its length.
_LONGEST_SENTENCE = 1500


def segment(text: str, headings: dict[str, str]) -> Segments:
    """Find the sections and sentences of a note.

    Parameters
    ----------
    text : str
        A note as given; markup in it is skipped.
    headings : dict of str to str
        Section name of each known heading in lower case, from `load_headings`.

    Returns
    -------
    Segments
        Offsets are in characters into `text`.
    """
    plain = blank_markup(text)
    sections = _sections(plain, headings)
    starts = sorted({0, *(section.start for section in sections), *_boundaries(plain)})
    return Segments(sections, [start for a, b in pairwise([*starts, len(text)]) for start in (a, *_cuts(plain, a, b))])


def _sections(text: str, headings: dict[str, str]) -> list[Section]:
    found: list[tuple[int, str]] = []
    position = 0
    while match := _HEADING.search(text, position):
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
            found.append((match.start("heading"), name))
            position = match.end("heading")
        else:
            position = max(match.start("heading"), match.end("before"), position + 1)
    ends = [*(start for start, _ in found), len(text)][1:] if found else []
    return [Section(start, end, name) for (start, name), end in zip(found, ends, strict=True)]


def _boundaries(text: str) -> list[int]:
    flattened = "\n" not in text and "\r" not in text
    starts: list[int] = []
    number = 0
    for match in _BREAK.finditer(text):
        kind, end = match.lastgroup, match.end()
        if end >= len(text):
            break
        before = text[max(0, match.start() - 12) : match.start() + 1]
        if kind == "newline":
            if _ends_line(text, match):
                starts.append(end)
        elif kind == "terminal":
            item_number = _ITEM_NUMBER.match(text[starts[-1] if starts else 0 : match.start() + 1])
            if not item_number and _ends_sentence(before, text[end : end + 6], match[0]):
                starts.append(end)
        elif kind in ("comma", "spaces"):
            if flattened:
                starts.append(end)
        elif kind == "number":
            digits = _FIRST_WORD.match(text, end)
            value = int(re.sub(r"\D", "", digits[0]) or 0) if digits else 0
            if value == 1 or value == number + 1:
                number = value
                starts.append(end)
        else:
            starts.append(end)
    return starts


def _cuts(text: str, start: int, end: int) -> Iterator[int]:
    """Cut what is too long for a sentence (a table, a note without a full stop) where a word begins."""
    while end - start > _LONGEST_SENTENCE:
        space = text.rfind(" ", start + 1, start + _LONGEST_SENTENCE)
        start = space + 1 if space > start else start + _LONGEST_SENTENCE
        yield start


def _ends_sentence(before: str, after: str, mark: str) -> bool:
    new_line = "\n" in mark or "\r" in mark
    if _STARTS_LOWER.match(after) and not (new_line and mark.startswith(".")) and not _TNM_AFTER.match(after):
        return False
    if mark.startswith("?") and _ANSWER.match(after):
        return False
    if not mark.startswith("."):
        return True
    if _ABBREVIATION.search(before) or (_TNM_BEFORE.search(before) and _TNM_AFTER.match(after)):
        return False
    return not (mark == ". " and _INITIAL.search(before))


def _ends_line(text: str, match: re.Match[str]) -> bool:
    """Whether a line break ends a sentence, or only wraps it."""
    after = text[match.end() : match.end() + 60]
    blank_line = len(re.findall(r"\r\n|\n|\r", match[0])) > 1
    if blank_line or _NEW_LINE_ITEM.match(after):
        return True
    line_start = max(text.rfind("\n", 0, match.start()), text.rfind("\r", 0, match.start())) + 1
    line = text[line_start : match.start()].rstrip()
    if not line or line[-1] in "!?:":
        return True
    if line[-1] == ".":
        return not _ABBREVIATION.search(line[-12:])
    if _STARTS_LOWER.match(after) or line[-1] in ",(/-–" or after[:1] in ")(,;/&":
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
