"""Tag one batch of notes: the work of a worker, or of the one process there is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from classifier.tags import TaggedNote, context_schema, record_batch, summary_schema, tags_schema

if TYPE_CHECKING:
    from classifier.tagging import Classifier

# spaCy is imported where notes are tagged: a process that only hands them to workers stays light.


@dataclass(frozen=True, slots=True)
class Settings:
    """What a classifier is made from: see `classifier.tagging.load`."""

    scheme: str = "ccs"
    """Names of the spread."""
    model: str = "default"
    """`default`, `none`, or a model file."""
    sha256: str | None = None
    """Digest of a model file."""
    threshold: float = 0.0
    """Lowest score of a tag."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row that was not tagged."""

    row: int
    """Its number in the export (see `classifier.batch.notes.Row`)."""
    note_id: str | None
    """As given, where it could be read."""
    reason: str
    """Code and reason; never note text."""


ASIDE_SCHEMA = pa.schema([("row", pa.int64()), ("note_id", pa.string()), ("reason", pa.string())])
"""The columns of the rows set aside: the fields of `SetAside`."""


FAILED = "E126 tagging failed"
"""How the reason begins where tagging a note fails."""


class Outcome(NamedTuple):
    """What becomes of a batch of notes."""

    tags: pa.RecordBatch
    """With the columns of `classifier.tags.Tag`."""
    contexts: pa.RecordBatch
    """One row a tag, with the columns of `classifier.tags.Context`, where they were asked for."""
    summaries: pa.RecordBatch
    """One row a note that was tagged, with the columns of `classifier.tags.NoteSummary`."""
    aside: pa.RecordBatch
    """One row a note that was not, with the columns of `SetAside`."""

    @property
    def rows(self) -> int:
        """Number of notes, tagged or not."""
        return int(self.summaries.num_rows + self.aside.num_rows)


def outcome(tagged: Iterable[TaggedNote], aside: Iterable[SetAside]) -> Outcome:
    """Return tagged notes and rows set aside as Arrow batches."""
    notes = list(tagged)
    return Outcome(
        record_batch([tag for note in notes for tag in note.tags], tags_schema()),
        record_batch([context for note in notes for context in note.contexts], context_schema()),
        record_batch([note.summary for note in notes], summary_schema()),
        record_batch(aside, ASIDE_SCHEMA),
    )


def tag_batch(notes: pa.RecordBatch, settings: Settings, contexts: bool = False) -> Outcome:
    """Tag a batch of notes (see `classifier.batch.notes`). A note that fails is set aside, and the rest goes on."""
    classifier = _classifier(settings)
    rows = list(zip(*(notes[name].to_pylist() for name in ("number", "note_id", "text", "problem")), strict=True))
    aside = [SetAside(number, note_id, problem) for number, note_id, _, problem in rows if problem is not None]
    good = [(number, note_id, text) for number, note_id, text, problem in rows if problem is None]
    try:
        return outcome(
            list(classifier.tag_notes(((note_id, text) for _, note_id, text in good), contexts=contexts)), aside
        )
    except Exception:  # One note must not end a night's run: they are tagged one by one to find it.
        tagged = list(_one_by_one(classifier, good, contexts, aside))
        return outcome(tagged, sorted(aside, key=lambda row: row.row))


def _one_by_one(
    classifier: "Classifier", notes: Iterable[tuple[int, str, str]], contexts: bool, aside: list[SetAside]
) -> Iterator[TaggedNote]:
    for number, note_id, text in notes:
        try:
            yield next(classifier.tag_notes([(note_id, text)], contexts=contexts))
        except Exception as error:  # Its class says enough without its text.
            aside.append(SetAside(number, note_id, f"{FAILED} with {type(error).__name__}"))


@lru_cache(maxsize=1)
def _classifier(settings: Settings) -> "Classifier":
    """The classifier of this process: the rules are compiled once."""
    from classifier.tagging import load

    return load(settings.scheme, model=settings.model, sha256=settings.sha256, threshold=settings.threshold)
