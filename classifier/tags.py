"""The records that come out: one Tag a phrase, one NoteSummary a note, and the schema of their tables."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import Any

import pyarrow as pa

from classifier.labels import Extent, Label, Sense, Status


@dataclass(frozen=True, slots=True)
class Tag:
    """One tagged phrase. The fields are the columns of the tags table, in order."""

    note_id: str
    """As given; for a folder, the file's name without .txt."""
    start: int
    """Offset of the first character in the text exactly as given."""
    end: int
    """Offset after the last character: text[start:end] is the phrase."""
    text: str
    """The phrase."""
    label: str
    """A `classifier.labels.Label`."""
    extent: str | None
    """A `classifier.labels.Extent`; null for SECOND_CANCER and ADVANCED."""
    status: str
    """A `classifier.labels.Status`."""
    historical: bool
    """The note puts it in the past, and not as current."""
    sense: str | None
    """ADVANCED only: a `classifier.labels.Sense`."""
    evidence: str | None
    """ADVANCED only: a `classifier.labels.Evidence`."""
    site: str | None
    """Normalised site of the spread or recurrence, where said."""
    primary: str | None
    """Normalised primary, where said."""
    cue: str | None
    """The words of the note that decided the status."""
    section: str | None
    """Normalised section, such as assessment or family_history."""
    rule: str
    """Id of the pattern that found the phrase."""
    decided_by: str
    """`rule` or `model`."""
    score: float | None
    """Calibrated probability that label and extent are right; null where rules alone decide."""

    def renamed(self, label: str) -> "Tag":
        """Return the same tag under another label."""
        return replace(self, label=str(label))


@dataclass(frozen=True, slots=True)
class NoteSummary:
    """One note in short. Counts are of affirmed tags: status present, and not historical."""

    note_id: str
    """As given."""
    local_spread: int
    """Affirmed LOCAL_SPREAD tags."""
    regional_spread: int
    """Affirmed REGIONAL_SPREAD tags."""
    distant_spread: int
    """Affirmed DISTANT_SPREAD tags."""
    recurrence: int
    """Affirmed RECURRENCE tags."""
    relapse: int
    """Affirmed RELAPSE tags."""
    second_cancer: int
    """Affirmed SECOND_CANCER tags."""
    advanced: int
    """Affirmed ADVANCED tags."""
    farthest_extent: str | None
    """The farthest extent among affirmed spread tags."""
    advanced_ambiguous: bool
    """Some use of "advanced" is ambiguous."""
    advanced_reason: str | None
    """Why, and what would settle it: a sentence for a person."""


@dataclass(frozen=True, slots=True)
class Context:
    """The sentence around a tag's phrase, as the note has it; cut where it is long."""

    before: str
    """What stands before the phrase."""
    after: str
    """What stands after it."""


@dataclass(frozen=True, slots=True)
class TaggedNote:
    """What the classifier makes of one note."""

    note_id: str
    """As given."""
    tags: list[Tag]
    """In the order of the text."""
    advanced_reason: str | None = None
    """Why a use of "advanced" is ambiguous, if one is."""
    contexts: list[Context] = field(default_factory=list)
    """One a tag, where they were asked for."""

    @property
    def summary(self) -> "NoteSummary":
        """The note in short."""
        return summarise(self.note_id, self.tags, self.advanced_reason)


# From near to far; a spread with no site counts as nearer than one with a distant site.
FAR = (
    Extent.CONFINED,
    Extent.STATED_LOCAL,
    Extent.ADJACENT,
    Extent.REGIONAL_NODES,
    Extent.REGION,
    Extent.SPREAD_NOS,
    Extent.METASTASIS_NOS,
    Extent.DISTANT,
)


_COUNTS = {str(label).lower(): 0 for label in Label}


def summarise(note_id: str, tags: Iterable[Tag], advanced_reason: str | None) -> NoteSummary:
    """Count a note's affirmed tags and find how far its cancer is said to have spread."""
    tags = list(tags)
    affirmed = [tag for tag in tags if tag.status == Status.PRESENT and not tag.historical]
    spread = [tag.extent for tag in affirmed if tag.label.endswith("_SPREAD") and tag.extent is not None]
    return NoteSummary(
        note_id,
        **_COUNTS | Counter(str(tag.label).lower() for tag in affirmed),
        farthest_extent=max(spread, key=lambda extent: FAR.index(Extent(extent)), default=None),
        advanced_ambiguous=any(tag.sense == Sense.AMBIGUOUS for tag in tags),
        advanced_reason=advanced_reason,
    )


_ARROW = {str: pa.string(), int: pa.int64(), bool: pa.bool_(), float: pa.float64()}


@cache
def record_schema(record: type) -> pa.Schema:
    """Return the Arrow schema of a table of records: instances of a dataclass of plain fields."""
    columns = []
    for column in fields(record):
        kinds: tuple[Any, ...] = getattr(column.type, "__args__", (column.type,))
        columns.append(pa.field(column.name, _ARROW[kinds[0]], nullable=type(None) in kinds))
    return pa.schema(columns)


def tags_schema() -> pa.Schema:
    """Return the Arrow schema of a tags table."""
    return record_schema(Tag)


def summary_schema() -> pa.Schema:
    """Return the Arrow schema of a summary table."""
    return record_schema(NoteSummary)


def context_schema() -> pa.Schema:
    """Return the Arrow schema of the sentences around tags."""
    return record_schema(Context)


def record_batch(records: Iterable[Any], schema: pa.Schema) -> pa.RecordBatch:
    """Return records as an Arrow batch; the columns of the schema are their fields."""
    records = list(records)
    return pa.record_batch([[getattr(record, name) for record in records] for name in schema.names], schema=schema)


def tags_table(tags: Iterable[Tag]) -> pa.Table:
    """Return the tags as an Arrow table with the columns of the contract."""
    return pa.Table.from_batches([record_batch(tags, tags_schema())])
