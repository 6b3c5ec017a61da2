"""Which spans overlap, and which of several annotators speak of the same phrase."""

from collections.abc import Iterator, Sequence

from classifier.annotation.annotators import identity
from classifier.annotation.notes import Mark
from classifier.labels import Label

Unit = dict[int, Mark]
"""The spans of one phrase, by the number of the annotator: at most one of each."""


def link(sides: Sequence[list[Mark]]) -> list[Unit]:
    """Bring together the spans that overlap, at most one of each annotator, in the order of the text.

    Spans of the same label come first, the longer overlap before the shorter, and of equal overlaps the closer bounds;
    what is left over is joined across labels, but for ADVANCED, which says another thing of a phrase. The order of the
    annotators changes nothing.
    """
    entries = [(span, side) for side, spans in enumerate(sides) for span in spans]
    entries.sort(key=lambda entry: identity(entry[0]))
    # By the number of each span: the spans of its phrase, as numbers by annotator. Spans of one phrase share one.
    phrases = [{side: number} for number, (_, side) in enumerate(entries)]
    for *_, i, j in sorted(_overlaps([span for span, _ in entries])):
        first, second = phrases[i], phrases[j]
        if not first.keys() & second.keys():
            first.update(second)
            for number in second.values():
                phrases[number] = first
    distinct = {id(phrase): phrase for phrase in phrases}.values()
    return [{side: entries[phrase[side]][0] for side in sorted(phrase)} for phrase in distinct]


def _overlaps(spans: list[Mark]) -> Iterator[tuple[bool, int, int, int, int]]:
    """Yield each two of the sorted spans that may be linked: (other label, -overlap, distance of the bounds, i, j)."""
    for i, span in enumerate(spans):
        for j in range(i + 1, len(spans)):
            other = spans[j]
            if other["start"] >= span["end"]:
                break
            same = span["label"] == other["label"]
            if same or Label.ADVANCED not in (span["label"], other["label"]):
                distance = other["start"] - span["start"] + abs(other["end"] - span["end"])
                yield not same, -overlap(span, other), distance, i, j


def overlap(a: Mark, b: Mark) -> int:
    """Return how many characters two spans share; 0 or less where they share none."""
    return min(a["end"], b["end"]) - max(a["start"], b["start"])


def touches(span: Mark, others: list[Mark]) -> bool:
    """Return whether a span overlaps any of others."""
    return any(overlap(span, other) > 0 for other in others)
