"""The words of a Doc, without the white space and markup between them."""

import numpy as np
from spacy.tokens import Doc

from classifier.markup import blank_markup

_MAY_BE_SKIPPED = frozenset("<&\\{} \t\n\r\x0b\x0c\x00\u200b\u200c\u200d\ufeff\xa0")


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
    kept = [token.i for token in doc if not _is_skipped(token.text)]
    return Doc(doc.vocab, words=[doc[index].text for index in kept]), np.array(kept, dtype=int)


def _is_skipped(text: str) -> bool:
    return text[0] in _MAY_BE_SKIPPED and not blank_markup(text).strip()
