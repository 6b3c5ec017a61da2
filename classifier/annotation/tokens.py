"""A note as a spaCy Doc whose tokens are cut wherever a mark begins or ends."""

from itertools import pairwise

from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from classifier.annotation.notes import GoldNote, Mark
from classifier.text.tokenizer import NoteTokenizer


def cut_doc(note: GoldNote, vocab: Vocab) -> Doc:
    """Return the Doc of a note; every mark is a span of whole tokens, and the text is kept to the character."""
    starts = {mark["start"] for mark in note.marks}
    ends = {mark["end"] for mark in note.marks}
    cuts = {0, len(note.text)} | starts | ends
    for token in NoteTokenizer(vocab)(note.text):
        cuts |= {token.idx, token.idx + len(token), token.idx + len(token.text_with_ws)}
    words: list[str] = []
    spaces: list[bool] = []
    for start, end in pairwise(sorted(cuts)):
        # spaCy keeps one space as a property of the word before it, unless a mark begins or ends with it.
        if note.text[start:end] == " " and words and not spaces[-1] and start not in starts and end not in ends:
            spaces[-1] = True
        else:
            words.append(note.text[start:end])
            spaces.append(False)
    return Doc(vocab, words=words, spaces=spaces)


def span_of(doc: Doc, mark: Mark) -> Span:
    """Return the span of a mark in a Doc that `cut_doc` made."""
    span = doc.char_span(mark["start"], mark["end"], label=mark["label"])
    assert span is not None
    return span
