"""`cancer_segments`: sections, sentences and specimens of a note."""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from spacy.attrs import IDX, IS_SPACE, LENGTH, SENT_START
from spacy.language import Language
from spacy.tokens import Doc, Span

from classifier.components.base import RuleComponent
from classifier.span_groups import SECTIONS, SPECIMEN_HEADINGS, SPECIMENS
from classifier.text.segmentation import load_segment_words, segment
from classifier.text.specimens import Specimen

NO_START = 2**64 - 1
"""How spaCy writes, in an unsigned array, that a token starts no sentence."""


@Language.factory(
    "cancer_segments",
    assigns=["token.is_sent_start", "doc.sents", "doc.spans"],
    default_config={"rules": None},
)
def create_segments(nlp: Language, name: str, rules: str | None) -> "Segmenter":
    """Make the component.

    Parameters
    ----------
    rules : str, optional
        Folder with `sections.toml`; default the rules of the package.
    """
    return Segmenter(rules)


class Segmenter(RuleComponent):
    """Set sentence starts, `doc.spans["cancer_sections"]` and the specimens, whatever tokenizer made the Doc."""

    files = ("sections.toml",)

    def compile(self, rules: Path) -> None:
        """Read the headings and abbreviations."""
        self.words = load_segment_words(rules)

    def __call__(self, doc: Doc) -> Doc:
        """Set the sentence starts, sections and specimens of a Doc."""
        segments = segment(doc.text, self.words)
        tokens = _Tokens(doc)
        starts = np.full((len(doc), 1), NO_START, dtype="uint64")
        starts[[index for index in map(tokens.at, segments.sentence_starts) if index < len(doc)]] = 1
        doc.from_array([SENT_START], starts)  # type: ignore[arg-type]
        bounds = ((section, tokens.at(section.start), tokens.at(section.end)) for section in segments.sections)
        sections = [Span(doc, start, end, label=section.name) for section, start, end in bounds if start < end]
        doc.spans[SECTIONS] = sections
        set_specimens(doc, segments.specimens, lambda offset: offset)
        return doc


def set_specimens(doc: Doc, specimens: Iterable[Specimen], place: Callable[[int], int]) -> None:
    """Keep specimens with a Doc; `place` tells where in the Doc an offset of the note is."""
    tokens = doc.to_array(IDX).tolist()
    doc.spans[SPECIMENS], doc.spans[SPECIMEN_HEADINGS] = [], []
    for specimen in specimens:
        ends = (specimen.start, specimen.heading_end, specimen.end)
        first, after_heading, after = (bisect_left(tokens, place(offset)) for offset in ends)
        if first < after_heading:
            doc.spans[SPECIMENS].append(Span(doc, first, after, label="specimen"))
            doc.spans[SPECIMEN_HEADINGS].append(Span(doc, first, after_heading, label="specimen"))


class _Tokens:
    """Finds the token at an offset."""

    def __init__(self, doc: Doc) -> None:
        offsets = doc.to_array([IDX, LENGTH]).astype("int64").reshape(-1, 2)
        self._starts, self._ends = offsets[:, 0], offsets.sum(axis=1)
        self._space = doc.to_array(IS_SPACE).astype(bool)

    def at(self, character: int) -> int:
        """Index of the token that holds a character, or of the next where white space holds it."""
        index = int(np.searchsorted(self._starts, character))
        if index and self._ends[index - 1] > character and not self._space[index - 1]:
            return index - 1
        return index
