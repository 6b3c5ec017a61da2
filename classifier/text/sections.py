"""The sections of a note: their headings, each with the name that it opens."""

import re
from dataclasses import dataclass

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
# In characters: no heading is longer, with what marks it.
_LINE = 90


def sections_of(text: str, start: int, end: int, headings: dict[str, str]) -> list[Section]:
    """Return the sections that begin in a block of a text; each is taken to end with it.

    Parameters
    ----------
    text : str
    start, end : int
        Offsets of the block.
    headings : dict of str to str
        Section name of each known heading, in lower case.
    """
    block = text[start:end]
    # A heading ends in a colon or a dash, or is a line of its own.
    if not (":" in block or "\n" in block or "\r" in block or "- " in block or "– " in block or len(block) < _LINE):
        return []
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
