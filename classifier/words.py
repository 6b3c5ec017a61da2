"""The words of a Doc, without the white space and markup between them."""

import numpy as np
from spacy.tokens import Doc

from classifier.markup import blank_markup


def words_of(doc: Doc) -> tuple[Doc, np.ndarray]:
    """Return a Doc of the words only, and the index in `doc` of each.

    A line break or a tag between two words is a token, which would keep a Matcher from seeing them side by side.

    Returns
    -------
    words : Doc
        With the same vocab.
    positions : array of int, shape (words,)
        Index of each word in `doc`; ascending.
    """
    plain = blank_markup(doc.text)
    kept = [token for token in doc if not (token.is_space or plain[token.idx : token.idx + len(token)].isspace())]
    return Doc(doc.vocab, words=[token.text for token in kept]), np.array([token.i for token in kept], dtype=int)
