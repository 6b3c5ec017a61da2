"""The words of a Doc, without the white space and markup between them, and the sentences that they stand in."""

from itertools import pairwise

import numpy as np
from spacy.attrs import IS_SPACE, LOWER, ORTH, SENT_START
from spacy.tokens import Doc

from classifier import attributes
from classifier.markup import blank_markup


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

    def __init__(self, doc: Doc, starts: np.ndarray | None = None) -> None:
        self.positions: np.ndarray = np.flatnonzero(is_word(doc))
        strings = doc.vocab.strings
        self.doc = Doc(doc.vocab, words=[strings[key] for key in doc.to_array(ORTH)[self.positions].tolist()])
        self.lower: list[int] = self.doc.to_array(LOWER).tolist()
        numbers = np.cumsum(doc.to_array(SENT_START) == 1 if starts is None else starts)[self.positions]
        self.sentence: list[int] = numbers.tolist()
        firsts = [0, *(np.flatnonzero(numbers[1:] != numbers[:-1]) + 1).tolist(), len(numbers)] if len(numbers) else []
        self.bounds = {self.sentence[start]: (start, end) for start, end in pairwise(firsts)}

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
