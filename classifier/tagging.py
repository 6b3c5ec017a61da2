"""The classifier: the spaCy pipeline, and the same on texts, frames and streams of notes."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import pandas as pd
import pyarrow as pa
import spacy
from spacy.language import Language
from spacy.tokens import Doc

# Importing the components registers their factories, also where the package is not installed.
from classifier import tokenizer  # noqa: F401
from classifier.components import advanced, assertion, extents, phrases, segments  # noqa: F401
from classifier.components.phrases import TERMS
from classifier.errors import NoteTermsError
from classifier.schemes import Scheme, load_scheme
from classifier.tags import Tag, TaggedNote, summarise, tags_table

Frame = TypeVar("Frame", pd.DataFrame, pa.Table)

# A note of any length is read: nothing in the pipeline needs memory beyond what the text itself does.
_MAX_LENGTH = 2**31 - 1
_BATCH = 64


def pipeline(scheme: str | Path = "ccs", rules: str | Path | None = None) -> Language:
    """Return the spaCy pipeline.

    Parameters
    ----------
    scheme : str or Path, default "ccs"
        `ccs`, `acs`, `tnm` or the path of a TOML file.
    rules : str or Path, optional
        A folder in the shape of `rules/`; default the rules of the package.

    Returns
    -------
    Language
        Sets `doc.spans["cancer_terms"]`, `span._.status`, `span._.extent` and so on, and `doc._.advanced_ambiguous`.
    """
    nlp = spacy.blank("en", config={"nlp": {"tokenizer": {"@tokenizers": "cancer_tokenizer.v1"}}})
    nlp.max_length = _MAX_LENGTH
    nlp.add_pipe("cancer_segments")
    nlp.add_pipe("cancer_phrases")
    nlp.add_pipe("cancer_extents", config={"scheme": str(scheme)})
    nlp.add_pipe("cancer_assertion", config={"spans_key": TERMS, "past": "over", "confirm": True})
    nlp.add_pipe("cancer_advanced")
    if rules is not None:
        # Not by the config: a saved pipeline takes its rules along, and must not look for the folder again.
        for _, component in nlp.pipeline:
            component.use_rules(Path(rules))  # type: ignore[attr-defined]
    return nlp


def load(scheme: str | Path = "ccs", rules: str | Path | None = None) -> "Classifier":
    """Return a classifier.

    Parameters
    ----------
    scheme : str or Path, default "ccs"
        `ccs`, `acs`, `tnm` or the path of a TOML file.
    rules : str or Path, optional
        A folder in the shape of `rules/`; default the rules of the package.
    """
    return Classifier(pipeline(scheme, rules), load_scheme(scheme))


class Classifier:
    """Tags notes. Make one with `classifier.load()`, and keep it: the rules are compiled once.

    Attributes
    ----------
    nlp : Language
        The spaCy pipeline.
    scheme : Scheme
        The scheme that gives the labels of spread.
    """

    def __init__(self, nlp: Language, scheme: Scheme) -> None:
        self.nlp = nlp
        self.scheme = scheme

    def tag_text(self, text: str, note_id: str = "") -> list[Tag]:
        """Return the tags of one note, in the order of the text."""
        return doc_tags(self.nlp(text), note_id)

    def tag_notes(self, notes: Iterable[tuple[str, str]]) -> Iterator[TaggedNote]:
        """Tag a stream of notes, in order.

        Parameters
        ----------
        notes : iterable of (note_id, text)
        """
        pairs = ((text, note_id) for note_id, text in notes)
        for doc, note_id in self.nlp.pipe(pairs, as_tuples=True, batch_size=_BATCH):
            tags = doc_tags(doc, note_id)
            yield TaggedNote(tags, summarise(note_id, tags, doc._.advanced_reason))

    def tag(self, notes: Frame, text: str = "text", note_id: str = "note_id") -> Frame:
        """Tag the notes of a frame.

        Parameters
        ----------
        notes : DataFrame or Arrow table, one row a note
            Its index is not read. A row without text has no tags.
        text : str, default "text"
            Column of the texts.
        note_id : str, default "note_id"
            Column of the ids.

        Returns
        -------
        DataFrame or Arrow table
            As `notes` is; one row a tag, in the order of the notes, with the columns of `classifier.tags.Tag`.

        Raises
        ------
        NoteTermsError
            E101 when a column is missing.
        """
        columns = list(notes.columns if isinstance(notes, pd.DataFrame) else notes.column_names)
        for column in (text, note_id):
            if column not in columns:
                raise NoteTermsError(
                    "E101",
                    f"There is no column {column!r}; the columns are {', '.join(map(str, columns))}.",
                    "Name the columns with text=… and note_id=….",
                )
        if isinstance(notes, pd.DataFrame):
            pairs = zip(notes[note_id].tolist(), notes[text].tolist(), strict=True)
        else:
            pairs = zip(notes[note_id].to_pylist(), notes[text].to_pylist(), strict=True)
        rows = ((str(identifier), content) for identifier, content in pairs if isinstance(content, str))
        table = tags_table(tag for note in self.tag_notes(rows) for tag in note.tags)
        return table.to_pandas() if isinstance(notes, pd.DataFrame) else table


def doc_tags(doc: Doc, note_id: str = "") -> list[Tag]:
    """Return the tags of a Doc that the pipeline made."""
    return [
        Tag(
            note_id=note_id,
            start=span.start_char,
            end=span.end_char,
            text=span.text,
            label=span.label_,
            extent=span._.extent,
            status=span._.status,
            historical=span._.historical,
            sense=span._.sense,
            evidence=span._.evidence,
            site=span._.site,
            primary=span._.primary,
            cue=span._.cue,
            section=span._.section,
            rule=span.id_,
            decided_by=span._.decided_by,
            score=span._.score,
        )
        for span in doc.spans[TERMS]
    ]
