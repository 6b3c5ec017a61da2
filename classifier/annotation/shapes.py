"""Small checks of the shape of what other programs wrote."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from classifier.annotation.notes import Mark
from classifier.annotation.readings import Reading
from classifier.errors import NoteTermsError


def id_of(value: Any) -> str | None:
    """Return a note's id as text; None where there is none."""
    return str(value) if isinstance(value, str | int) and str(value) else None


def mark_of(found: Mapping[str, Any]) -> Mark:
    """Return a mark with the three keys that every mark has."""
    return {**found, "start": found["start"], "end": found["end"], "label": found["label"]}


@contextmanager
def understood(reading: Reading, expected: str) -> Iterator[None]:
    """Keep in the reading what is wrong with it, where its shape is not the expected one."""
    try:
        yield
    except NoteTermsError as error:
        reading.problem = error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        reading.problem = NoteTermsError(
            "E514",
            f"{reading.where} has another shape than expected ({type(error).__name__}).",
            f"Expected {expected}; see docs/annotation.md.",
        )
