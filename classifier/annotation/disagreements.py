"""The phrases on which annotators differ, ready to be ruled on."""

from collections.abc import Iterator
from dataclasses import dataclass

from classifier.annotation.annotators import Annotators
from classifier.annotation.matching import Unit, link
from classifier.annotation.notes import Mark

_FIELDS = {
    "label": ("label",),
    "extent": ("extent",),
    "status": ("status",),
    "historical": ("historical",),
    "sense": ("sense",),
    "boundaries": ("start", "end"),
}
KINDS = ("missing", *_FIELDS)
"""Kinds of disagreements, the gravest first."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One phrase on which annotators differ. The fields are those of a line of the list."""

    note_id: str
    """As given."""
    kind: str
    """The gravest of `KINDS` that there is."""
    also: list[str]
    """The others."""
    start: int
    """The first offset that any annotator gives."""
    end: int
    """The last."""
    annotators: dict[str, Mark | None]
    """What each has, by the name of the file."""
    ruling: str | Mark | None = None
    """To be filled: see `classifier.annotation.adjudication`."""


def disagreements(annotators: Annotators) -> Iterator[Disagreement]:
    """Yield the phrases on which annotators differ, in the order of the notes and of the text.

    IGNORE is a label like another here: gold has to say whether a phrase is left open.
    """
    for note_id, sides in annotators.notes.items():
        for unit in link(sides):
            if kinds := differences(unit, len(sides)):
                yield Disagreement(
                    note_id,
                    kinds[0],
                    kinds[1:],
                    min(span["start"] for span in unit.values()),
                    max(span["end"] for span in unit.values()),
                    {name: unit.get(side) for side, name in enumerate(annotators.names)},
                )


def differences(unit: Unit, annotators: int) -> list[str]:
    """Return the kinds of disagreement over a phrase, the gravest first."""
    missing = ["missing"] if len(unit) < annotators else []
    return missing + [
        kind
        for kind, fields in _FIELDS.items()
        if len({tuple(span.get(field) for field in fields) for span in unit.values()}) > 1
    ]
