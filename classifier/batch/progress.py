"""What a run has done so far, kept beside its table in finished parts, so that a stopped run can go on."""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from classifier.batch.writers import replace_file
from classifier.errors import NoteTermsError

_SETTINGS = "run.json"


class Progress:
    """The folder `<OUT>.progress`: the settings of the run, and a file for each finished part.

    Parameters
    ----------
    out : Path
        The tags table.
    settings : dict
        What the run was asked for: a run goes on only as it began.
    resume : bool
        Go on from what is there; otherwise what is there is dropped.

    Raises
    ------
    NoteTermsError
        E137 when a run with other settings left the folder.
    """

    def __init__(self, out: Path, settings: dict[str, Any], resume: bool) -> None:
        self.folder = out.with_name(out.name + ".progress")
        if self.folder.exists() and not resume:
            shutil.rmtree(self.folder)
        self.folder.mkdir(exist_ok=True)
        file = self.folder / _SETTINGS
        wanted = json.dumps(settings, sort_keys=True, indent=2)
        if file.exists() and file.read_text(encoding="utf-8") != wanted:
            raise NoteTermsError(
                "E137", f"{self.folder} is of a run with other options or another export.", "Use the same, or --force."
            )
        replace_file(file, wanted.encode())
        self.parts = len(self._files())

    def add(self, records: Sequence[dict[str, Any]]) -> None:
        """Keep a finished part."""
        lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        replace_file(self.folder / f"{self.parts:08}.jsonl", lines.encode("utf-8", "surrogatepass"))
        self.parts += 1

    def __iter__(self) -> Iterator[list[dict[str, Any]]]:
        """Yield the finished parts in order."""
        for file in self._files():
            text = file.read_bytes().decode("utf-8", "surrogatepass")
            yield [json.loads(line) for line in text.split("\n") if line]

    def clear(self) -> None:
        """Drop the folder, once the tables stand."""
        shutil.rmtree(self.folder)

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("[0-9]*.jsonl"))


def record(kind: str, content: Any) -> dict[str, Any]:
    """Return a dataclass as a record of a part."""
    return {"kind": kind, **asdict(content)}
