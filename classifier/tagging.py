"""The classifier: the spaCy pipeline, and the same on texts, frames and streams of notes."""

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import fields
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import spacy
from spacy.language import Language
from spacy.tokens import Doc

# Importing the components registers their factories, also where the package is not installed.
from classifier import attributes
from classifier.components import advanced, arbiter, assertion, extents, phrases, segments  # noqa: F401
from classifier.components.base import RuleComponent
from classifier.schemes import Scheme, load_scheme
from classifier.screen import Screen
from classifier.span_groups import TERMS
from classifier.tags import Context, Tag, TaggedNote
from classifier.text import tokenizer  # noqa: F401
from classifier.text.surrogates import whole

Frame = TypeVar("Frame")

# A note of any length is read: nothing in the pipeline needs memory beyond what the text itself does.
_MAX_LENGTH = 2**31 - 1
_BATCH = 256
# So many words a pipeline keeps: a note is read faster whose words are known.
_MOST_WORDS = 40_000
# Of a sentence, so many characters are kept on either side of a phrase.
_AROUND = 160

# The columns of a tag that are attributes of its span.
_STORED = tuple(column.name for column in fields(Tag) if column.name in attributes.DEFAULTS)

DEFAULT_MODEL = "default"
"""The model of the package."""
NO_MODEL = "none"
"""The rules alone."""


def pipeline(
    scheme: str | Path = "ccs",
    rules: str | Path | None = None,
    model: str | Path = DEFAULT_MODEL,
    sha256: str | None = None,
    threshold: float = 0.0,
) -> Language:
    """Return the spaCy pipeline.

    Parameters
    ----------
    scheme : str or Path, default "ccs"
        `ccs`, `acs`, `tnm` or the path of a TOML file.
    rules : str or Path, optional
        A folder in the shape of `rules/`; default the rules of the package.
    model : str or Path, default "default"
        `default` for the model of the package, `none` for the rules alone, or the path of a model file.
    sha256 : str, optional
        The digest of a model file of your own, which is opened only if it has it.
    threshold : float, default 0
        Tags with a lower score are left out. The rules alone give no scores.

    Returns
    -------
    Language
        Sets `doc.spans["cancer_terms"]`, `span._.status`, `span._.extent` and so on, and `doc._.advanced_ambiguous`.

    Raises
    ------
    NoteTermsError
        E401 to E403 for a model that cannot or must not be opened; E211 for a scheme that is not there.
    """
    alone = str(model) == NO_MODEL
    nlp = _proposals("ccs" if not alone else str(scheme), weak=not alone)
    if not alone:
        path = None if str(model) == DEFAULT_MODEL else str(model)
        config = {"model": path, "sha256": sha256, "scheme": str(scheme), "threshold": threshold}
        nlp.add_pipe("cancer_arbiter", config=config)
    nlp.add_pipe("cancer_advanced")
    if rules is not None:
        # Not by the config: a saved pipeline takes its rules along, and must not look for the folder again.
        for _, component in nlp.pipeline:
            if isinstance(component, RuleComponent):
                component.use_rules(Path(rules))
    return nlp


def proposals() -> Language:
    """Return the pipeline up to the arbiter: weak phrases stand among the others, for a model to be trained on."""
    return _proposals("ccs", weak=True)


def _proposals(scheme: str, weak: bool) -> Language:
    nlp = spacy.blank("en", config={"nlp": {"tokenizer": {"@tokenizers": "cancer_tokenizer.v1"}}})
    nlp.max_length = _MAX_LENGTH
    nlp.add_pipe("cancer_segments")
    nlp.add_pipe("cancer_phrases", config={"weak": weak})
    nlp.add_pipe("cancer_extents", config={"scheme": scheme})
    nlp.add_pipe("cancer_assertion", config={"spans_key": TERMS, "past": "over", "confirm": True})
    return nlp


def load(
    scheme: str | Path = "ccs",
    rules: str | Path | None = None,
    model: str | Path = DEFAULT_MODEL,
    sha256: str | None = None,
    threshold: float = 0.0,
) -> "Classifier":
    """Return a classifier.

    Parameters
    ----------
    scheme, rules, model, sha256, threshold
        As for `pipeline`, which also says what is raised.
    """
    return Classifier(pipeline(scheme, rules, model, sha256, threshold), load_scheme(scheme))


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
        self._screen = Screen(nlp)
        # The screen does the work of the first, which finds the sentences.
        self._components: list[Any] = [component for name, component in nlp.pipeline if name != "cancer_segments"]

    def tag_text(self, text: str, note_id: str = "") -> list[Tag]:
        """Return the tags of one note, in the order of the text."""
        return next(iter(self.tag_notes([(note_id, text)]))).tags

    def tag_notes(self, notes: Iterable[tuple[str, str]], contexts: bool = False) -> Iterator[TaggedNote]:
        """Tag a stream of notes, in order.

        Text that cannot matter is skipped (`classifier.screen`); the tags are those of `nlp(text)`. A lone half of a
        surrogate pair is read as U+FFFD, one character for one.

        Parameters
        ----------
        notes : iterable of (note_id, text)
        contexts : bool, default False
            Also give the sentence around each tag.
        """
        iterator = iter(notes)
        while batch := [(whole(note_id), whole(text)) for note_id, text in islice(iterator, _BATCH)]:
            # Once many words are known, those of later notes are forgotten with them: a long run would else know
            # every name and number.
            with self.nlp.memory_zone() if len(self.nlp.vocab) > _MOST_WORDS else nullcontext():
                tagged = list(self._tag_batch(batch, contexts))
            yield from tagged

    def _tag_batch(self, batch: list[tuple[str, str]], contexts: bool) -> Iterator[TaggedNote]:
        docs = [self._screen.doc(text) for _, text in batch]
        read: Iterable[Doc] = [doc for doc in docs if doc is not None]
        for component in self._components:
            read = component.pipe(read)
        done = iter(list(read))
        for (note_id, text), doc in zip(batch, docs, strict=True):
            if doc is None:
                yield TaggedNote(note_id, [])
            else:
                tagged = next(done)
                around = doc_contexts(tagged, text) if contexts else []
                yield TaggedNote(note_id, doc_tags(tagged, note_id, text), tagged._.advanced_reason, around)

    def tag(self, notes: Frame, text: str = "text", note_id: str = "note_id") -> Frame:
        """Tag the notes of a frame.

        Parameters
        ----------
        notes : pandas or Polars DataFrame, or Arrow Table, RecordBatch or RecordBatchReader; one row a note
            Its index is not read. A row without text or id has no tags. A reader is read as its tags are.
        text : str, default "text"
            Column of the texts.
        note_id : str, default "note_id"
            Column of the ids.

        Returns
        -------
        DataFrame or Arrow table, batch or reader
            As `notes` is; one row a tag, in the order of the notes, with the columns of `classifier.tags.Tag`.

        Raises
        ------
        NoteTermsError
            E101 when a column is missing or there twice, E129 when `notes` is no frame, E130 when the texts are bytes.
        """
        # Imported here for its pandas, which other ways to tag do without.
        from classifier.frames import tag_frame

        tagged: Frame = tag_frame(notes, text, note_id, lambda pairs: (note.tags for note in self.tag_notes(pairs)))
        return tagged


def doc_tags(doc: Doc, note_id: str = "", text: str | None = None) -> list[Tag]:
    """Return the tags of a Doc that the pipeline made.

    Parameters
    ----------
    doc : Doc
        Of a whole note, or of windows of it (`classifier.screen`).
    note_id : str, default ""
        The column of that name.
    text : str, optional
        The note, where the Doc is made of windows of it.
    """
    note = doc.text if text is None else text
    tags = []
    for span in doc.spans[TERMS]:
        start = attributes.offset(doc, span.start_char)
        end = attributes.offset(doc, span.end_char - 1) + 1
        stored = attributes.DEFAULTS | attributes.attributes(span)
        columns = {name: stored[name] for name in _STORED}
        tags.append(Tag(note_id, start, end, note[start:end], span.label_, rule=span.id_, **columns))
    return tags


def doc_contexts(doc: Doc, text: str) -> list[Context]:
    """Return the sentence around each tag of a Doc, in the order of `doc_tags`.

    Parameters
    ----------
    doc : Doc
        Of a whole note, or of windows of it.
    text : str
        The note.
    """
    contexts = []
    for span in doc.spans[TERMS]:
        sentence = span.sent
        start, first = attributes.offset(doc, span.start_char), attributes.offset(doc, sentence.start_char)
        end = attributes.offset(doc, span.end_char - 1) + 1
        last = attributes.offset(doc, sentence.start_char + len(sentence.text.rstrip()) - 1) + 1
        contexts.append(Context(_last_words(text[first:start].lstrip()), _first_words(text[end:last])))
    return contexts


def _first_words(text: str) -> str:
    return text if len(text) <= _AROUND else text[:_AROUND].rsplit(maxsplit=1)[0] + " …"


def _last_words(text: str) -> str:
    return text if len(text) <= _AROUND else "… " + text[-_AROUND:].split(maxsplit=1)[-1]
