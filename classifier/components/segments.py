"""`cancer_segments`: sections and sentences of a note."""

from bisect import bisect_left
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import srsly
from spacy.language import Language
from spacy.tokens import Doc, Span

from classifier import resources
from classifier.segmentation import load_headings, segment

SECTIONS = "cancer_sections"
"""Key in `doc.spans` of the sections: spans from heading to next heading, labelled with the section's name."""


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
    return Segmenter(load_headings(Path(rules) if rules else resources.RULES))


class Segmenter:
    """Set sentence starts and `doc.spans["cancer_sections"]`, whatever tokenizer made the Doc."""

    def __init__(self, headings: dict[str, str]) -> None:
        self.headings = headings

    def __call__(self, doc: Doc) -> Doc:
        """Set the sentence starts and sections of a Doc."""
        segments = segment(doc.text, self.headings)
        offsets = [token.idx for token in doc]
        starts = {_token_at(doc, offsets, start) for start in segments.sentence_starts}
        for index, token in enumerate(doc):
            token.is_sent_start = index in starts
        sections = []
        for section in segments.sections:
            start, end = _token_at(doc, offsets, section.start), _token_at(doc, offsets, section.end)
            if start < end:
                sections.append(Span(doc, start, end, label=section.name))
        doc.spans[SECTIONS] = sections
        return doc

    def pipe(self, docs: Iterable[Doc], batch_size: int = 128) -> Iterable[Doc]:
        """Set the segments of a stream of Docs."""
        yield from map(self, docs)

    def to_bytes(self, **kwargs: Any) -> bytes:
        """Return the headings as bytes."""
        return srsly.msgpack_dumps(self.headings)

    def from_bytes(self, data: bytes, **kwargs: Any) -> "Segmenter":
        """Take the headings from bytes."""
        self.headings = srsly.msgpack_loads(data)
        return self

    def to_disk(self, path: str | Path, **kwargs: Any) -> None:
        """Write the headings to a file."""
        Path(path).write_bytes(self.to_bytes())

    def from_disk(self, path: str | Path, **kwargs: Any) -> "Segmenter":
        """Read the headings from a file."""
        return self.from_bytes(Path(path).read_bytes())


def _token_at(doc: Doc, offsets: list[int], character: int) -> int:
    """Index of the token that holds a character, or of the next where white space holds it."""
    index = bisect_left(offsets, character)
    if index and offsets[index - 1] + len(doc[index - 1]) > character and not doc[index - 1].is_space:
        return index - 1
    return index
