"""The one way to the project's data files: beside the package in a checkout, inside it in an installed wheel."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from classifier.errors import NoteTermsError
from classifier.json_text import parse_json

_PACKAGE = Path(__file__).parent
_INSTALLED = _PACKAGE / "resources"
_ROOT = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent

Shape = TypeVar("Shape", bound=BaseModel)

RULES = _ROOT / "rules"
MODELS = _ROOT / "models"


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    NoteTermsError
        E201 when there is no such file, E202 when it is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NoteTermsError("E201", f"{path} does not exist.", "Give the path of an existing file.") from None
    except (ValueError, RecursionError) as error:  # Of ValueError are bytes that are not UTF-8, too.
        raise NoteTermsError("E202", f"{path} is not valid TOML: {error}.", "Mend the file at that place.") from None


def read_jsonl(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number, object) for each line of a JSONL file that is not blank.

    Raises
    ------
    NoteTermsError
        E201 when there is no such file, E203 when a line is not JSON.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        raise NoteTermsError("E201", f"{path} does not exist.", "Give the path of an existing file.") from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found = parse_json(line)
        except ValueError as error:
            raise NoteTermsError(
                "E203", f"{path}, line {number} is not JSON: {error}.", "Each line is one JSON object."
            ) from None
        yield number, found


def shaped(shape: type[Shape], content: Any, where: str, code: str, remedy: str) -> Shape:
    """Return what a file holds as what it should be.

    Parameters
    ----------
    shape : type
        What it should be.
    content : Any
        What was read.
    where, code, remedy : str
        Of the error: the file and the place in it, and as in `NoteTermsError`.

    Raises
    ------
    NoteTermsError
        With that code, where a field is missing, unknown or of the wrong kind: the first of them.
    """
    try:
        return shape.model_validate(content)
    except ValidationError as error:
        wrong = error.errors()[0]
        problem = ": ".join(filter(None, (where, ".".join(map(str, wrong["loc"])), wrong["msg"])))
        raise NoteTermsError(code, f"{problem}.", remedy) from None
