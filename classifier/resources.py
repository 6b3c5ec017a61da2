"""The one way to the project's data files: beside the package in a checkout, inside it in an installed wheel."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from classifier.errors import NoteTermsError
from classifier.json_text import parse_json

_PACKAGE = Path(__file__).parent
_INSTALLED = _PACKAGE / "resources"
_ROOT = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent

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
