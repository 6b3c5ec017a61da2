"""Markup left in a note by an export: blanked out, so that every other character keeps its offset."""

import re

_RTF_START = "{\\rtf"
_LINE_END_TAGS = r"br|p|/p|li|/li|tr|/tr|div|/div|h[1-6]|/h[1-6]|td|table|/table|ul|/ul|ol|/ol"
_LINE_END = re.compile(rf"<(?:{_LINE_END_TAGS})(?:\s[^<>]{{0,400}})?/?>", re.IGNORECASE)
_HTML = re.compile(
    r"<!--.{0,2000}?-->|<(?:style|script)\b.{0,20000}?</(?:style|script)>"
    r"|</?[a-z][a-z0-9:]{0,15}(?:\s[^<>]{0,400})?/?>|&(?:[a-z]{2,8}|#\d{2,5}|#x[0-9a-f]{2,5});",
    re.IGNORECASE | re.DOTALL,
)
_RTF_LINE_END = re.compile(r"\\(?:par|line|row|cell)(?![a-z])[ ]?")
_RTF = re.compile(
    r"\{\\(?:\*|fonttbl|colortbl|stylesheet|info)[^{}]*(?:\{[^{}]*\}[^{}]*)*\}"
    r"|\\'[0-9a-f]{2}|\\[a-z]+-?\d*[ ]?|\\[^a-z]|[{}]"
)
_INVISIBLE = ("\x00", "\u200b", "\u200c", "\u200d", "\ufeff")


def blank_markup(text: str) -> str:
    """Replace HTML tags and entities, RTF control words and invisible characters by white space of the same length.

    Parameters
    ----------
    text : str
        A note as given.

    Returns
    -------
    str
        A text of the same length, in which markup that ends a line is a line feed followed by spaces; the very same
        object where there is no markup.
    """
    if text.startswith(_RTF_START):
        text = _RTF.sub(_spaces, _RTF_LINE_END.sub(_line_feed, text))
    if "<" in text or "&" in text:
        text = _HTML.sub(_spaces, _LINE_END.sub(_line_feed, text))
    for character in _INVISIBLE:
        text = text.replace(character, " ")
    return text


def _spaces(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _line_feed(match: re.Match[str]) -> str:
    return "\n" + " " * (len(match[0]) - 1)
