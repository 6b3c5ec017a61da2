"""The formats: a module each, all with the same two functions, `read(path)` and `write(notes, path)`."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from classifier.errors import NoteTermsError

if TYPE_CHECKING:
    from classifier.annotation.notes import GoldNote
    from classifier.annotation.readings import Reading


class FormatName(StrEnum):
    """The formats, by the names that the command takes."""

    LABEL_STUDIO = "label-studio"
    PRODIGY = "prodigy"
    DOCCANO = "doccano"
    BRAT = "brat"
    INCEPTION = "inception"
    DOCBIN = "docbin"
    GOLD = "gold"


FOLDERS = (FormatName.BRAT, FormatName.INCEPTION)
"""The formats that are a folder with a file a note."""

_BESIDE = {FormatName.LABEL_STUDIO: ".xml", FormatName.PRODIGY: ".labels.txt"}


def beside(path: Path, form: FormatName) -> Path:
    """Return where the settings of a tool stand that go with a file; the file itself where there are none.

    Raises
    ------
    NoteTermsError
        E526 where the file has the name that the settings would have.
    """
    if form not in _BESIDE:
        return path
    settings = path.with_suffix(_BESIDE[form])
    if settings == path:
        raise NoteTermsError("E526", f"{path} is where the settings of {form} go.", "Give the file another ending.")
    return settings


class AnnotationFormat(Protocol):
    """What each module gives."""

    def read(self, path: Path) -> Iterator["Reading"]:
        """Yield what the file says of each note, with offsets in characters; what is wrong is in the reading."""

    def write(self, notes: Iterable["GoldNote"], path: Path) -> None:
        """Write the notes, and beside them what the tool needs to be set up."""


def annotation_format(name: FormatName) -> AnnotationFormat:
    """Return the module of a format."""
    return cast(AnnotationFormat, import_module(f"{__name__}.{name.replace('-', '_')}"))
