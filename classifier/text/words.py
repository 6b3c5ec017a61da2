"""The words of a Doc, without the white space and markup between them, and the sentences that they stand in."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from spacy.attrs import IS_SPACE, LOWER, ORTH, SENT_START, SPACY
from spacy.tokens import Doc, Span

from classifier import attributes
from classifier.text.markup import blank_markup

Mend = Callable[[np.ndarray, Doc, np.ndarray], None]


def is_word(doc: Doc) -> np.ndarray:
    """Return for each token of a Doc whether it is a word or mark of the note, and not white space or markup."""
    kept: np.ndarray = doc.to_array(IS_SPACE) == 0
    if not attributes.of_windows(doc):
        # Windows are made of text whose markup is blanked.
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
            # Windows are made so that each token is a word.
            self.doc = doc
        else:
            strings, tokens = doc.vocab.strings, doc.to_array([ORTH, SPACY]).reshape(-1, 2)[self.positions]
            apart = np.diff(self.positions, append=len(doc)) > 1
            spaces = (tokens[:, 1].astype(bool) | apart).tolist()
            self.doc = Doc(doc.vocab, words=[strings[key] for key in tokens[:, 0].tolist()], spaces=spaces)
        self.lower: list[int] = self.doc.to_array(LOWER).tolist()
        starts = doc.to_array(SENT_START) == 1
        if mend is not None:
            mend(starts, doc, self.positions)
        numbers = np.cumsum(starts)[self.positions]
        self.sentence: list[int] = numbers.tolist()
        firsts = [0, *(np.flatnonzero(numbers[1:] != numbers[:-1]) + 1).tolist(), len(numbers)] if len(numbers) else []
        self.bounds = {self.sentence[start]: (start, end) for start, end in pairwise(firsts)}

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
