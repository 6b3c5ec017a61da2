"""What a page holds, gathered while a batch runs: counts of all tags, and no more than a limit of the tags."""

import hashlib
import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from classifier.labels import Sense
from classifier.tags import Context, NoteSummary, Tag


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """The page that is wanted."""

    path: Path
    """Where it goes."""
    text: bool = True
    """It may hold text of the notes: phrases, cues and sentences."""
    limit: int = 5000
    """So many tags are listed; all are counted."""


@dataclass(frozen=True, slots=True)
class ListedTag:
    """A tag that is listed."""

    number: int
    """Its number among the tags of the run, from 0."""
    tag: Tag
    """The tag."""
    context: Context | None
    """The sentence around it; None on a page without text."""
    reason: str | None
    """Why its note's use of "advanced" is ambiguous."""


class Contents:
    """Gathers what a page holds. Memory does not grow with the number of notes.

    Parameters
    ----------
    options : ReportOptions
        The page that is wanted.
    source : str
        The export.
    scheme, model, threshold
        What the classifier was made from: see `classifier.batch.tagging.Settings`.

    Attributes
    ----------
    notes, notes_with_tags, flagged_notes, set_aside, tags, ambiguous : int
        Numbers of notes tagged, of those with any tag, of those whose "advanced" is ambiguous, of rows not tagged, of
        tags, and of ambiguous uses.
    counts : Counter of (label, extent, status, section)
        How many tags there are of each kind.
    """

    def __init__(
        self,
        options: ReportOptions,
        source: str = "",
        scheme: str = "ccs",
        model: str = "default",
        threshold: float = 0.0,
    ) -> None:
        self.options, self.source = options, source
        self.scheme, self.model, self.threshold = scheme, model, threshold
        self.notes = self.notes_with_tags = self.flagged_notes = self.set_aside = self.tags = 0
        self.counts: Counter[tuple[str, str | None, str, str | None]] = Counter()
        self._ambiguous = _Sample(options.limit)
        self._others = _Sample(options.limit)

    @property
    def ambiguous(self) -> int:
        """Number of ambiguous uses of "advanced"."""
        return self._ambiguous.seen

    def add(
        self, tags: Sequence[Tag], contexts: Sequence[Context], summaries: Sequence[NoteSummary], set_aside: int
    ) -> None:
        """Add a part of the run.

        Parameters
        ----------
        tags, contexts : sequence
            The tags in order, and one context each; no contexts for a page without text.
        summaries : sequence of NoteSummary
            One a note.
        set_aside : int
            Rows that were not tagged.
        """
        reasons = {summary.note_id: summary.advanced_reason for summary in summaries}
        self.notes += len(summaries)
        self.set_aside += set_aside
        self.flagged_notes += sum(summary.advanced_ambiguous for summary in summaries)
        self.notes_with_tags += len({tag.note_id for tag in tags})
        around: Sequence[Context | None] = contexts if self.options.text else [None] * len(tags)
        for tag, context in zip(tags, around, strict=True):
            self.counts[tag.label, tag.extent, tag.status, tag.section] += 1
            sample = self._ambiguous if tag.sense == Sense.AMBIGUOUS else self._others
            sample.offer(ListedTag(self.tags, tag, context, reasons[tag.note_id]))
            self.tags += 1

    def listed(self) -> list[ListedTag]:
        """Return the tags to list, in the order of the run: the ambiguous ones, then of the others what fits in."""
        ambiguous = self._ambiguous.lowest(self.options.limit)
        others = self._others.lowest(self.options.limit - len(ambiguous))
        return sorted([*ambiguous, *others], key=lambda listed: listed.number)


class _Sample:
    """A random sample that depends on nothing but the tags: those with the lowest digests."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: list[tuple[int, int, ListedTag]] = []
        self.seen = 0

    def offer(self, listed: ListedTag) -> None:
        tag = listed.tag
        self.seen += 1
        key = f"{tag.note_id}\0{tag.start}\0{tag.end}\0{tag.rule}".encode("utf-8", "surrogatepass")
        digest = int.from_bytes(hashlib.blake2b(key, digest_size=8).digest())
        # A heap has its least in front, so that with the sign turned the highest digest is the first to go.
        entry = (-digest, -listed.number, listed)
        if len(self._kept) < self._size:
            heapq.heappush(self._kept, entry)
        else:
            heapq.heappushpop(self._kept, entry)

    def lowest(self, size: int) -> list[ListedTag]:
        return [listed for _, _, listed in heapq.nlargest(size, self._kept)]
