"""The words of a Doc, without the white space and markup between them, and the sentences that they stand in."""

from collections.abc import Callable
from functools import cached_property
from itertools import pairwise

import numpy as np
from spacy.attrs import IS_SPACE, LOWER, ORTH, SENT_START, SPACY
from spacy.tokens import Doc, Span

from classifier import attributes
from classifier.text.markup import blank_markup

Mend = Callable[[np.ndarray, Doc, np.ndarray], None]


def is_word(doc: Doc) -> np.ndarray:
    """Return for each token of a Doc whether it is a word or mark of the note, and not white space or markup."""
    if attributes.of_windows(doc):
        # Windows are made so that each token is a word.
        return np.ones(len(doc), dtype=bool)
    kept: np.ndarray = doc.to_array(IS_SPACE) == 0
    text = doc.text
    plain = blank_markup(text)
    if plain is not text:
        kept &= [not plain[token.idx : token.idx + len(token)].isspace() for token in doc]
    return kept


class Words:
    """The words of a Doc, sentence by sentence.

    A line break or a tag between two words is a token, which would keep a Matcher from seeing them side by side.

    Parameters
    ----------
    doc : Doc
        Sentence starts may be set.
    mend : callable, optional
        Changes where sentences start: gets a mask of the tokens, the Doc, and the positions of its words.

    Attributes
    ----------
    doc : Doc
        The words only, with the same vocab.
    lower : list of int, length words
        Lower-case form of each, as spaCy numbers it.
    positions : array of int, shape (words,)
        Index of each word in the original Doc; ascending.
    sentence : list of int, length words
        Number of the sentence of each word; ascending. A Doc without sentence starts is one sentence.
    bounds : dict of int to (start, end)
        The words of each sentence that has any, by its number.
    """

    def __init__(self, doc: Doc, mend: Mend | None = None) -> None:
        self.positions: np.ndarray = np.flatnonzero(is_word(doc))
        if attributes.of_windows(doc):
            self.doc = doc
        else:
            strings, tokens = doc.vocab.strings, doc.to_array([ORTH, SPACY]).reshape(-1, 2)[self.positions]
            apart = np.diff(self.positions, append=len(doc)) > 1
            spaces = (tokens[:, 1].astype(bool) | apart).tolist()
            self.doc = Doc(doc.vocab, words=[strings[key] for key in tokens[:, 0].tolist()], spaces=spaces)
        starts = doc.to_array(SENT_START) == 1
        if mend is not None:
            mend(starts, doc, self.positions)
        self._numbers: np.ndarray = np.cumsum(starts)[self.positions]
        self.sentence: list[int] = self._numbers.tolist()

    @cached_property
    def lower(self) -> list[int]:  # noqa: D102 - an attribute of the class
        keys: list[int] = self.doc.to_array(LOWER).tolist()
        return keys

    @cached_property
    def bounds(self) -> dict[int, tuple[int, int]]:  # noqa: D102 - an attribute of the class
        inner = (np.flatnonzero(self._numbers[1:] != self._numbers[:-1]) + 1).tolist()
        ends = [0, *inner, len(self.sentence)] if self.sentence else []
        return {self.sentence[start]: (start, end) for start, end in pairwise(ends)}

    def span(self, original: Span) -> Span:
        """Return a span of the original Doc as one of the words."""
        if original.doc is self.doc:
            return original
        start, end = np.searchsorted(self.positions, (original.start, original.end)).tolist()
        return Span(self.doc, start, end, label=original.label, span_id=original.id)

    def within_sentence(self, start: int, end: int) -> bool:
        """Whether the words from start to end stand in one sentence."""
        return self.sentence[start] == self.sentence[end - 1]

    def text(self, original: Doc, start: int, end: int) -> str:
        """Return the words from start to end as the original Doc has them, with one space wherever there are any."""
        positions = self.positions[start:end].tolist()
        parts = [original[position].text for position in positions]
        for index, (here, following) in enumerate(pairwise(positions)):
            if original[here].whitespace_ or following != here + 1:
                parts[index] += " "
        return "".join(parts)
