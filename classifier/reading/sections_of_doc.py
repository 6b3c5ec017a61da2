"""The sections of a Doc, by its tokens."""

from bisect import bisect_right

from spacy.tokens import Doc

from classifier.span_groups import SECTIONS


class Sections:
    """Finds the section of a token, in a Doc that has sections or in one that has none."""

    def __init__(self, doc: Doc) -> None:
        self._sections = list(doc.spans.get(SECTIONS, ()))
        self._starts = [section.start for section in self._sections]

    def name(self, token: int) -> str | None:
        """Return the name of the section that the token stands in."""
        index = bisect_right(self._starts, token) - 1
        return self._sections[index].label_ if index >= 0 and token < self._sections[index].end else None
