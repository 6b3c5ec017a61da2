"""Files and folders of annotations: JSON and JSONL in, whole files and folders out."""

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from classifier.batch.writers import replace_file
from classifier.errors import NoteTermsError
from classifier.json_text import parse_json

# File systems hold 255 bytes; the ending and what a tool adds to it must fit too.
_LONGEST_NAME = 200


def read_text(path: Path) -> str:
    """Read a file as UTF-8, with its line ends as they are.

    Raises
    ------
    NoteTermsError
        E501 when there is no such file, or it is not UTF-8; E502 when it is empty.
    """
    if not path.is_file():
        raise NoteTermsError("E501", f"{path} is no file.", "Give an existing file.")
    data = path.read_bytes()
    if not data.strip():
        raise NoteTermsError("E502", f"{path} is empty.", "Export it again.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise NoteTermsError("E501", f"{path} is not UTF-8.", "Export it as UTF-8.") from None


def read_json(path: Path) -> Any:
    """Read a file of JSON; raises as `read_text` does, and E501 when it is not JSON."""
    try:
        return parse_json(read_text(path))
    except ValueError as error:
        raise NoteTermsError(
            "E501", f"{path} is not JSON: {error}.", "Export from the tool again, in the format named by --from."
        ) from None


def read_lines(path: Path) -> Iterator[tuple[str, dict[str, Any] | NoteTermsError]]:
    """Yield (place, object) for each line of JSONL that is not blank; an error (E501) for one that is no object."""
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path.name}, line {number}"
        try:
            found = parse_json(line)
        except ValueError:
            found = None
        if isinstance(found, dict):
            yield where, found
        else:
            yield where, NoteTermsError("E501", f"{where} is no JSON object.", "Each line is one note.")


def write_lines(lines: Iterable[dict[str, Any]], path: Path, ascii_only: bool = False) -> None:
    """Write objects as JSONL."""
    content = "".join(json.dumps(line, ensure_ascii=ascii_only) + "\n" for line in lines)
    # UTF-8 cannot hold half of a surrogate pair; with a backslash it is what JSON writes for it.
    replace_file(path, content.encode("utf-8", "backslashreplace"))


def file_name(note_id: str, ending: str) -> str:
    """Return a file name that every tool and system takes, and that says the id.

    Raises
    ------
    NoteTermsError
        E525 for an id that is too long.
    """
    # brat and INCEpTION show names in addresses, where % has a meaning of its own.
    name = quote(note_id, safe="").replace("%", "=")
    if name.startswith("."):
        name = "=2E" + name[1:]
    if len(name) > _LONGEST_NAME:
        raise NoteTermsError(
            "E525",
            f"The id of a note, {note_id[:20]}…, is too long for a file name.",
            "Give shorter ids, or use a format that is one file.",
        )
    return name + ending


def note_id_of(name: str) -> str:
    """Return the id that `file_name` made a name from."""
    return unquote(name.replace("=", "%"))


@contextmanager
def new_folder(path: Path, endings: tuple[str, ...]) -> Iterator[Path]:
    """Give a folder to write to, which takes the place of `path` at the end, and not at all after an error.

    Raises
    ------
    NoteTermsError
        E524 where `path` holds files of other endings: they are not ours to delete.
    """
    if path.exists() and (
        not path.is_dir() or any(not entry.is_file() or entry.suffix not in endings for entry in path.iterdir())
    ):
        raise NoteTermsError(
            "E524", f"{path} holds other things than {', '.join(endings)} files.", "Name another folder with -o."
        )
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as temporary:
        made = Path(temporary) / path.name
        made.mkdir()
        yield made
        if path.exists():
            shutil.move(path, Path(temporary) / f"old.{path.name}")
        made.replace(path)
