"""Which notes to annotate next: those that teach most, and a random share for an unbiased estimate.

The export and its tags are streamed. Of a note, eight bytes are kept, and more only of the notes that may be chosen.
"""

import heapq
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from classifier.batch.notes import Row
from classifier.batch.tables import read_tags
from classifier.errors import NoteTermsError

RANDOM = "random"
"""Stratum of the notes that are drawn at random."""
TRAITS = ("label", "extent", "status", "sense")
"""Columns of the tags whose rare values are sought."""
RARE = 0.1
"""A value is rare in fewer than this share of the tags that have its column."""
UNCERTAIN = (0.1, 0.9)
"""A score between these leaves a tag open."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Why a note is chosen."""

    reason: str
    """A sentence for a person."""
    stratum: str
    """`random`, `uncertain`, `disputed` or `rare`."""
    inclusion_probability: float | None
    """Of a note drawn at random; None for the others, which are not drawn."""


@dataclass(frozen=True, slots=True)
class ChosenNote:
    """A note to annotate. The fields are those of a line that is written."""

    note_id: str
    """As given."""
    text: str
    """The note."""
    reason: str
    """See `Choice`."""
    stratum: str
    """See `Choice`."""
    inclusion_probability: float | None
    """See `Choice`."""


class _Best:
    """The notes with the highest ranks, at most so many of them, each note once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[tuple[float, int, str]] = []
        self._reasons: dict[str, str] = {}

    def offer(self, rank: float, key: int, note_id: str, reason: str) -> None:
        """Take a note where it is among the best; of equal ranks the higher key goes first."""
        if self._most == 0 or note_id in self._reasons:
            return
        self._reasons[note_id] = reason
        heapq.heappush(self._heap, (rank, key, note_id))
        if len(self._heap) > self._most:
            del self._reasons[heapq.heappop(self._heap)[2]]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Yield (note id, reason), the best first."""
        for _, _, note_id in sorted(self._heap, reverse=True):
            yield note_id, self._reasons[note_id]


def choose(
    rows: Iterable[Row],
    tags: Path,
    size: int,
    *,
    seed: int = 0,
    random_share: float = 0.2,
    exclude: Collection[str] = frozenset(),
) -> dict[str, Choice]:
    """Choose notes, and say why, by note id.

    The random share is drawn first, from all notes. The rest is taken in turn from three lists: scores in `UNCERTAIN`,
    those nearest to a coin toss first; tags that the model settled other than the rules, the notes with most first; and
    rare values of `TRAITS`, a note each in turn, the rarest first. A list that has no more is passed over, so fewer
    notes than asked for may come out.

    Parameters
    ----------
    rows : iterable of Row
        From `classifier.batch.readers.read_rows`.
    tags : Path
        The tags table of the same notes, the tags of a note together, as `note-terms tag` writes it.
    size : int
        Notes wanted.
    seed : int, default 0
        The same seed gives the same notes, whatever their order.
    random_share : float, default 0.2
        Share of the notes that is drawn at random.
    exclude : collection of str, optional
        Ids of notes that are not to be chosen.

    Raises
    ------
    NoteTermsError
        E560 where there is no note to choose from, E542 for a value of the wrong type; and what
        `classifier.batch.tables.read_tags` raises.
    """
    drawn, notes = _draw(rows, round(size * random_share), seed, exclude)
    wanted = size - round(size * random_share)
    passed_over = set(exclude) | set(drawn)
    reason = f"Drawn at random from {notes:,} notes, for an estimate without bias."
    chosen = {note_id: Choice(reason, RANDOM, len(drawn) / notes) for note_id in drawn}
    lists = [(stratum, iter(found)) for stratum, found in _lists(tags, wanted, seed, passed_over).items()]
    while lists and len(chosen) < size:
        stratum, found = lists.pop(0)
        fresh = next(((note_id, reason) for note_id, reason in found if note_id not in chosen), None)
        if fresh is not None:
            chosen[fresh[0]] = Choice(fresh[1], stratum, None)
            lists.append((stratum, found))
    return chosen


def with_texts(rows: Iterable[Row], chosen: dict[str, Choice]) -> Iterator[ChosenNote]:
    """Yield the chosen notes in the order of the export, each once.

    Raises
    ------
    NoteTermsError
        E562 for a chosen note that the export does not have.
    """
    left = dict(chosen)
    for row in rows:
        if row.text is not None and row.note_id in left:
            choice = left.pop(row.note_id)
            yield ChosenNote(row.note_id, row.text, choice.reason, choice.stratum, choice.inclusion_probability)
    if left:
        raise NoteTermsError(
            "E562",
            f"The tags are of {len(left)} notes that the export does not have, such as {min(left)!r}.",
            "Give the tags table of the same notes.",
        )


def _draw(rows: Iterable[Row], size: int, seed: int, exclude: Collection[str]) -> tuple[list[str], int]:
    """Draw notes at random: those with the highest keys. Return their ids, and of how many notes they are."""
    keys = array("Q")
    best = _Best(size)
    for row in rows:
        if row.note_id is not None and row.text is not None and row.note_id not in exclude:
            key = _key(row.note_id, seed)
            keys.append(key)
            best.offer(key, key, row.note_id, "")
    if not keys:
        raise NoteTermsError("E560", "There is no note to choose from.", "All are excluded, or have no text or id.")
    # Equal ids have equal keys, and are one note.
    ordered = np.frombuffer(keys, dtype=np.uint64)
    ordered.sort()
    notes = 1 + int(np.count_nonzero(ordered[1:] != ordered[:-1]))
    return [note_id for note_id, _ in best], notes


def _key(note_id: str, seed: int) -> int:
    digest = blake2b(note_id.encode("utf-8", "surrogatepass"), digest_size=8, key=str(seed).encode()).digest()
    return int.from_bytes(digest)


def _lists(tags: Path, size: int, seed: int, passed_over: Collection[str]) -> dict[str, Iterable[tuple[str, str]]]:
    """Rank the notes that have tags, and say why."""
    counts = Counter(trait for tag in _read(tags) for trait in _traits(tag))
    uncertain, disputed = _Best(size), _Best(size)
    having: Counter[str] = Counter()
    for (name, _), count in counts.items():
        having[name] += count
    rare = {trait: _Best(size) for trait, count in counts.items() if count < RARE * having[trait[0]]}
    for note_id, group in groupby(_read(tags), key=lambda tag: str(tag["note_id"])):
        if note_id in passed_over:
            continue
        key = _key(note_id, seed)
        found = list(group)
        for trait, tag in ((trait, one) for one in found for trait in _traits(one) if trait in rare):
            name, value = trait
            reason = f"The {name} {value} at {tag['start']}-{tag['end']} is rare: it is in {counts[trait]:,} tags."
            rare[trait].offer(0, key, note_id, reason)
        scored = [tag for tag in found if tag.get("score") is not None and UNCERTAIN[0] < tag["score"] < UNCERTAIN[1]]
        if scored:
            tag = min(scored, key=lambda tag: abs(tag["score"] - 0.5))
            reason = f"The score of {_place(tag)} is {tag['score']:.2f}, which leaves it open."
            uncertain.offer(-abs(tag["score"] - 0.5), key, note_id, reason)
        settled = [tag for tag in found if tag.get("decided_by") == "model"]
        if settled:
            reason = f"The rules alone would not have said {_place(settled[0])}; the model did."
            disputed.offer(len(settled), key, note_id, reason)
    rarest = sorted(rare, key=lambda trait: (counts[trait], trait))
    return {"uncertain": uncertain, "disputed": disputed, "rare": _in_turn([rare[trait] for trait in rarest])}


def _read(tags: Path) -> Iterator[dict[str, Any]]:
    # JSONL and Parquet have types of their own.
    for number, tag in read_tags(tags):
        words = all(isinstance(tag.get(name), str | None) for name in TRAITS)
        if not words or not isinstance(tag.get("score"), float | int | None):
            raise NoteTermsError(
                "E542", f"{tags}, line {number} has a value of the wrong type.", "See docs/columns.md."
            )
        yield tag


def _traits(tag: dict[str, Any]) -> list[tuple[str, str]]:
    return [(name, tag[name]) for name in TRAITS if tag.get(name) is not None]


def _place(tag: dict[str, Any]) -> str:
    named = [tag["label"], *(tag[name] for name in TRAITS[1:] if tag.get(name) is not None)]
    return f"{' '.join(named)} at {tag['start']}-{tag['end']}"


def _in_turn(lists: Iterable[Iterable[tuple[str, str]]]) -> Iterator[tuple[str, str]]:
    """Yield the first of each list, then the second of each, and so on."""
    waiting = [iter(one) for one in lists]
    while waiting:
        still = []
        for one in waiting:
            found = next(one, None)
            if found is not None:
                yield found
                still.append(one)
        waiting = still
