"""The site of a report on a single specimen, which a line of its own names: "Specimen: pleural fluid, left"."""

import re
from collections.abc import Iterator

from classifier.matching.anatomy import LYMPH_NODE
from classifier.matching.lexicon import Lexicon
from classifier.text.raw_words import words_of

# The title of a report stands in its first lines, and is short; in characters.
_HEAD, _LONGEST_TITLE = 400, 60


class SoleSpecimen:
    """Finds what a report is about that is on one specimen.

    Parameters
    ----------
    lexicon : Lexicon
        By its sites, and the words of the lines that name a specimen.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        words = lexicon.extent_words
        fields = "|".join(sorted(map(re.escape, words.specimen_fields), key=len, reverse=True))
        self._field = re.compile(
            rf"^[ \t]*(?:{fields or '(?!)'})(?:\(s\))?[ \t]*[:=–-][ \t]*(?P<value>\S[^\n\r]*)",
            re.IGNORECASE | re.MULTILINE,
        )
        self._titles, self._not_sole = frozenset(words.specimen_titles), frozenset(words.specimen_not_sole)
        self._nodes = lexicon.words_of_class("NODE")
        self._sites: dict[str, dict[tuple[str, ...], str]] = {"site": {}, "station": {}}
        for kind, name, text in lexicon.entries():
            if kind in self._sites:
                self._sites[kind][tuple(words_of(text))] = name
        self._longest = max((len(words) for sites in self._sites.values() for words in sites), default=0)

    def site(self, text: str) -> str | None:
        """Return the id of the one site that the specimens of a report are of; None where there is none, or more."""
        lines = [match["value"] for match in self._field.finditer(text)] or list(self._title(text))
        listed = [words_of(line) for line in lines]
        if not all(map(self._not_sole.isdisjoint, listed)):
            return None
        named = {site for words in listed for site in self._named(words)}
        return named.pop() if len(named) == 1 else None

    def _title(self, text: str) -> Iterator[str]:
        """The first lines of a report that say how its specimen was taken: "LIVER BIOPSY"."""
        for line in text[:_HEAD].splitlines()[:-1]:
            is_title = len(line) <= _LONGEST_TITLE and ":" not in line.rstrip(": ")
            if is_title and not self._titles.isdisjoint(words_of(line)):
                yield line

    def _named(self, words: list[str]) -> Iterator[str]:
        """The sites that words name, of overlapping ones the longest; a lymph node by its station."""
        with_node = not self._nodes.isdisjoint(words)
        kinds = ("station", "site") if with_node else ("site",)
        start, stations = 0, 0
        while start < len(words):
            for length in range(min(self._longest, len(words) - start), 0, -1):
                term = tuple(words[start : start + length])
                name = next((self._sites[kind][term] for kind in kinds if term in self._sites[kind]), None)
                if name is not None:
                    stations += term in self._sites["station"]
                    yield name
                    break
            else:
                length = 1
            start += length
        if with_node and not stations:
            yield LYMPH_NODE
