"""`cancer_segments`: sections and sentences of a note."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import srsly
from spacy.attrs import IDX, IS_SPACE, LENGTH, SENT_START
from spacy.language import Language
from spacy.tokens import Doc, Span

from classifier import resources
from classifier.segmentation import load_headings, segment

SECTIONS = "cancer_sections"
"""Key in `doc.spans` of the sections: spans from heading to next heading, labelled with the section's name."""

# How spaCy writes, in an unsigned array, that a token starts no sentence.
_NO_START = 2**64 - 1


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
        tokens = _Tokens(doc)
        starts = np.full((len(doc), 1), _NO_START, dtype="uint64")
        starts[[index for index in map(tokens.at, segments.sentence_starts) if index < len(doc)]] = 1
        doc.from_array([SENT_START], starts)  # type: ignore[arg-type]
        bounds = ((section, tokens.at(section.start), tokens.at(section.end)) for section in segments.sections)
        sections = [Span(doc, start, end, label=section.name) for section, start, end in bounds if start < end]
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
