"""Where the sentences of a note start, whatever its lines look like: wrapped, listed, in columns or in one."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

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
# In a note without lines, a field after the value of another: "Margins: not involved LVI: absent".
_FIELD = r"(?:[A-Z][^.;:,]{0,60}|[cpyr]{1,2}[TNM]):(?!\S)"
_VALUE = r"(?:(?i:no|not)[ ]+)?[^\s:]+(?:[ ]+(?![A-Z])[^\s:]+(?=[ ]))*+"
_NEXT_FIELD = re.compile(rf":[ ]+{_VALUE}[ ]+(?={_FIELD})")
_SPACES = re.compile(r"[•▪●◦]|\d[.)][ ]+[A-Z]")
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
_BETWEEN_WORDS = re.compile(r"\s|[^\w\s.,'’/-]")

# A note is wrapped to a page; where its lines are shorter or longer than any page, each line break is meant.
_NARROWEST_PAGE, _WIDEST_PAGE = 40, 170
# In characters. No sentence of a note is longer, and the work on one grows with the square of its length.
_LONGEST_SENTENCE = 1500


@dataclass(frozen=True, slots=True)
class SentenceWords:
    """Words that tell whether a sentence ends."""

    abbreviations: tuple[str, ...]
    """What a full stop may stand behind within a sentence, as it is written there."""
    leads_on: frozenset[str]
    """With what a line does not end a sentence, however short it is."""
    answers: frozenset[str]
    """What the value of a field may be, where it stands alone on the line below its name."""


class SentenceFinder:
    """Finds where sentences start.

    Parameters
    ----------
    words : SentenceWords

    Attributes
    ----------
    abbreviation : re.Pattern
        Finds an abbreviation with its full stop at the end of a text.
    """

    def __init__(self, words: SentenceWords) -> None:
        abbreviations, leads_on, answers = (
            "|".join(sorted(map(re.escape, some))) or "(?!)"
            for some in (words.abbreviations, words.leads_on, words.answers)
        )
        self.abbreviation = re.compile(rf"\b(?:{abbreviations})\.$")
        self._leads_on = re.compile(rf"[^\s:?-] (?:{leads_on})$", re.IGNORECASE)
        self._answer_line = re.compile(
            rf"(?:{answers}|not [a-z]+|\d{{1,2}}(?: ?(?:/|of) ?\d{{1,2}})?)\.?[ \t]*(?=[\n\r]|$)", re.IGNORECASE
        )

    def starts(self, text: str, first: int, last: int, flat: bool) -> list[int]:
        """Return the offsets within a piece of a text at which a sentence starts, in any order.

        Parameters
        ----------
        text : str
        first, last : int
            Offsets of the piece.
        flat : bool
            Whether the text has no lines, so that a comma or two spaces may stand for the end of one.
        """
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
                if self._ends_line(text, match):
                    starts.append(end)
            elif kind == "terminal":
                item_number = _ITEM_NUMBER.match(text[starts[-1] if starts else first : match.start() + 1])
                if not item_number and self._ends_sentence(before, text[end : end + 6], match[0]):
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
        if flat:
            starts += [match.end() for match in _NEXT_FIELD.finditer(text, first, last)]
        return starts

    def _ends_sentence(self, before: str, after: str, mark: str) -> bool:
        """Whether a full stop or the like ends a sentence; `after` is what follows it."""
        new_line = "\n" in mark or "\r" in mark
        if not new_line and (mark.startswith("....") or (mark.startswith("...") and before[-2:-1].isspace())):
            # Dots lead to the value of a form.
            return False
        if _STARTS_LOWER.match(after) and not (new_line and mark.startswith(".")) and not _TNM_AFTER.match(after):
            return False
        # A question mark after a blank asks what follows: "on CT, ? metastases".
        if mark.startswith("?") and (_ANSWER.match(after) or (not new_line and before[-2:-1].isspace())):
            return False
        if not mark.startswith("."):
            return True
        if _ANSWERED.search(before):
            return True
        if self.abbreviation.search(before) or (_TNM_BEFORE.search(before) and _TNM_AFTER.match(after)):
            return False
        if after[:1].isdigit() and before.endswith((" ca.", "(ca.")):
            return False
        return not (mark == ". " and _INITIAL.search(before))

    def _ends_line(self, text: str, match: re.Match[str]) -> bool:
        """Whether a line break ends a sentence, or only wraps it."""
        after = text[match.end() : match.end() + 60]
        blank_line = len(re.findall(r"\r\n|\n|\r", match[0])) > 1
        if blank_line or _NEW_LINE_ITEM.match(after) or _STAGE_LINE.match(after):
            return True
        line_start = max(text.rfind("\n", 0, match.start()), text.rfind("\r", 0, match.start())) + 1
        line = text[line_start : match.start()].rstrip()
        if line.endswith(":") and self._answer_line.match(after):
            return False
        if not line or line[-1] in "!?:":
            return True
        if line[-1] == ".":
            return not self.abbreviation.search(line[-12:])
        if _STARTS_LOWER.match(after) or line[-1] in ",(/-–" or after[:1] in ")(,;/&" or self._leads_on.search(line):
            return False
        # The line is wrapped where the next word would not have fitted into the page.
        width = _page_width(text, line_start, match.end())
        first = _FIRST_WORD.match(after)
        return not _NARROWEST_PAGE <= width <= _WIDEST_PAGE or len(line) + 1 + len(first[0] if first else "") <= width


def _number(word: str) -> int:
    return int(re.sub(r"\D", "", word) or 0)


def cuts(text: str, start: int, end: int) -> Iterator[int]:
    """Yield where to cut what is too long for a sentence (a table, a note without a full stop), but never a word."""
    while end - start > _LONGEST_SENTENCE:
        space = text.rfind(" ", start + 1, start + _LONGEST_SENTENCE)
        mark = None if space > start else _BETWEEN_WORDS.search(text, start + _LONGEST_SENTENCE, end)
        start = space + 1 if space > start else mark.end() if mark else end
        if start < end:
            yield start


def _page_width(text: str, line_start: int, next_start: int) -> int:
    """Length of the longest of the lines around a line break, as far as a page of them reaches."""
    around = text[max(0, line_start - 400) : next_start + 400]
    lines = around.splitlines()[1 if line_start > 400 else 0 :]
    lines = lines[:-1] if next_start + 400 < len(text) else lines
    return max((len(line) for line in lines), default=0)
