"""Notes without capitals, as some are typed in haste or stored: they get a capital where a sentence may begin."""

import re

# Marks of a list may stand before the first word; not many, or a long row of them would be gone through from each.
_BEGIN = r"[ \t]*+(?:(?:\d{1,2}[.)]|[-–*•▪●◦>#+?])[ \t]*+){0,3}+"
_LINE = rf"(?:^|[\n\r]){_BEGIN}"
# One letter with a full stop is an abbreviation.
_AFTER_STOP = rf"[.!?](?<=[\w)]{{2}}[.!?])[ \t]{_BEGIN}"
_CAPITAL_BEGINS_LINE = re.compile(f"{_LINE}[A-Z][a-z]")
_CAPITAL_AFTER_STOP = re.compile(f"{_AFTER_STOP}[A-Z][a-z]")
_SMALL_AFTER_STOP = re.compile(f"{_AFTER_STOP}[a-z]")
_SMALL = re.compile(f"(?:{_LINE}|{_AFTER_STOP})[a-z]")
# In characters, with the full stop.
_LONGEST_ABBREVIATION = 12


def capitalised(text: str, abbreviation: re.Pattern[str]) -> str:
    """Return a text of the same length, in which sentences begin with a capital if it is one without capitals.

    Parameters
    ----------
    text : str
    abbreviation : re.Pattern
        Finds an abbreviation with its full stop at the end of a text: no sentence begins after it.
    """
    if not _without_capitals(text):
        return text

    def capital(match: re.Match[str]) -> str:
        within = abbreviation.search(text, max(0, match.start() - _LONGEST_ABBREVIATION), match.start() + 1)
        return match[0] if within else match[0].upper()

    return _SMALL.sub(capital, text)


def _without_capitals(text: str) -> bool:
    """Whether most sentences begin with a small letter; lines, at times wrapped, tell where no full stop does."""
    small = len(_SMALL_AFTER_STOP.findall(text))
    if small:
        return small > len(_CAPITAL_AFTER_STOP.findall(text))
    return not _CAPITAL_AFTER_STOP.search(text) and not _CAPITAL_BEGINS_LINE.search(text)
