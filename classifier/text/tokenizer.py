"""The tokenizer of clinical notes: each mark is a token, TNM categories stand apart, markup is set aside."""

import re
from pathlib import Path
from typing import Any

import spacy
from spacy.attrs import ORTH
from spacy.language import Language
from spacy.tokenizer import Tokenizer
from spacy.tokens import Doc
from spacy.vocab import Vocab

from classifier.text.markup import blank_markup
from classifier.text.surrogates import whole

# Abbreviations with a slash that are one word to a reader.
_SLASH = ("r/o", "s/p", "c/w", "h/o", "w/", "w/o", "e/o", "o/e", "d/t", "y/o", "f/u", "f/h", "w/u", "n/a", "i/v", "b/l")

# T2N0M0 without a space is three facts. A look-behind has one width, so each way for a category to end stands apart.
_AFTER_CATEGORY = r"(?:(?<=T[0-4XxIiOo])|(?<=T[0-4][a-dA-D])|(?<=Tis)|(?<=N[0-3XxOo+])|(?<=N[0-3][a-cA-C])|(?<=mi))"
# The letter in T3aN0 is of the category before it: few stages are of an autopsy.
_NEXT_CATEGORY = r"(?=(?:[cpyr][cpyra]{0,2})?[NM][0-3XxOo+])"
# In small letters a category has its digit, or any word with "tin" or "tom" would be two.
_AFTER_SMALL = r"(?:(?<=t[0-4x])|(?<=t[0-4][a-d])|(?<=tis)|(?<=n[0-3x])|(?<=n[0-3][a-c])|(?<=mi))"
_NEXT_SMALL = r"(?=(?:[cpyr][cpyra]{0,2})?[nm][0-3])"
_PUNCTUATION = r"[^\w\s.,]|_+|[.,](?!\d)|(?<!\d)[.,]"
# Positive and negative, in short.
_SIGN = r"[+-](?i:ve)(?![^\W_])"
_INFIX = re.compile(rf"{_AFTER_CATEGORY}{_NEXT_CATEGORY}|{_AFTER_SMALL}{_NEXT_SMALL}|{_SIGN}|{_PUNCTUATION}")
_PREFIX = re.compile(rf"{_SIGN}|[^\w\s]|_+")
# A row of underscores is tried once, not from each of its characters.
_ENDING = r"(?:['’][sS]|[^\w\s]|(?<!_)_++)"
_SUFFIX = re.compile(rf"{_ENDING}$")
# spaCy strips affixes one by one, each from a copy of all the rest: a long run of them is cut.
_RUN = re.compile(rf"(?=[^\w\s])(?:(?!{_SIGN}){_ENDING}){{100}}")


class NoteTokenizer:
    """Split a note into tokens; `doc.text` is the note exactly as given.

    Markup (HTML, RTF) becomes tokens of its own, which `classifier.text.words.Words` leaves out.
    """

    def __init__(self, vocab: Vocab) -> None:
        self.vocab = vocab
        cases = [form for word in _SLASH for form in (word, word.upper(), word.capitalize())]
        self._words = Tokenizer(
            vocab,
            rules={form: [{ORTH: form}] for form in cases},
            prefix_search=_PREFIX.match,
            suffix_search=_SUFFIX.search,
            infix_finditer=_INFIX.finditer,
        )

    def __call__(self, text: str) -> Doc:
        """Return the Doc of a note; a lone half of a surrogate pair is U+FFFD in it, one character for one."""
        text = whole(text)
        plain = blank_markup(text)
        cut = _RUN.sub(r"\g<0> ", plain)
        doc = self._words(cut)
        return doc if cut == text else _restore(doc, plain, text)

    def explain(self, text: str) -> list[tuple[str, str]]:
        """Say which rule made each token, as spaCy's own tokenizer does."""
        return self._words.explain(text)

    # The tokenizer has no state beyond this module, so there is nothing to store.
    def to_bytes(self, **kwargs: Any) -> bytes:
        """Return no bytes: the tokenizer is made again from its name in the config."""
        return b""

    def from_bytes(self, data: bytes, **kwargs: Any) -> "NoteTokenizer":
        """Return the tokenizer itself."""
        return self

    def to_disk(self, path: str | Path, **kwargs: Any) -> None:
        """Write nothing: the tokenizer is made again from its name in the config."""

    def from_disk(self, path: str | Path, **kwargs: Any) -> "NoteTokenizer":
        """Return the tokenizer itself."""
        return self


def _restore(doc: Doc, plain: str, text: str) -> Doc:
    """Give the tokens of a blanked and cut text the characters that the note had there."""
    words: list[str] = []
    spaces: list[bool] = []
    end = 0
    for token in doc:
        if token.is_space:
            continue
        # What stands between two tokens is blank.
        start = plain.index(token.text, end)
        _fill(text[end:start], words, spaces)
        end = start + len(token)
        words.append(text[start:end])
        spaces.append(False)
    _fill(text[end:], words, spaces)
    return Doc(doc.vocab, words=words, spaces=spaces)


def _fill(gap: str, words: list[str], spaces: list[bool]) -> None:
    if gap.startswith(" ") and words:
        spaces[-1] = True
        gap = gap[1:]
    if gap:
        words.append(gap)
        spaces.append(False)


@spacy.registry.tokenizers("cancer_tokenizer.v1")
def create_tokenizer() -> Any:
    """Make the tokenizer for a pipeline; `classifier.pipeline` names it in its config."""

    def create(nlp: Language) -> NoteTokenizer:
        return NoteTokenizer(nlp.vocab)

    return create
