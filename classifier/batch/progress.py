"""What a run has done so far, kept beside its table in finished parts, so that a stopped run can go on."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from classifier.batch.tagging import Outcome
from classifier.batch.writers import replace_file, told
from classifier.errors import NoteTermsError

try:
    import fcntl
except ImportError:  # Windows has no such lock.
    fcntl = None  # type: ignore[assignment]

_SETTINGS = "run.json"
_DIGEST = b"digest"


def folder_of(out: Path) -> Path:
    """Return the folder that keeps the finished parts of an unfinished run."""
    return out.with_name(out.name + ".progress")


def unfinished(out: Path | None) -> bool:
    """Whether a run on a table was stopped before its end: what stands under the tables' names is its own."""
    return out is not None and (folder_of(out) / _SETTINGS).exists()


class Progress:
    """The folder `<OUT>.progress`: the settings of the run, and a file for each finished part.

    Use it as a context: the folder is this run's alone until the end, and stays for `--resume` if anything is in it.

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
        On entering: E137 when a run with other settings left the folder, E139 when the disk is full, E140 when another
        run is at it.
    """

    def __init__(self, out: Path, settings: dict[str, Any], resume: bool) -> None:
        self.folder = folder_of(out)
        self.parts = 0
        """Number of finished parts."""
        self._settings = settings
        self._resume = resume
        self._digest = hashlib.blake2b(digest_size=16)

    def __enter__(self) -> Self:
        try:
            self._take()
            self._begin()
            return self
        except KeyboardInterrupt:
            # It may come when the folder is not yet this run's, which may only remove its own.
            with suppress(NoteTermsError):
                self._take()
                self._leave(done=False)
            raise

    def _take(self) -> None:
        """Make the folder, and lock it for this run."""
        with told(self.folder):
            self.folder.mkdir(exist_ok=True)
            self._lock = (self.folder / "lock").open("wb")
        if fcntl is None:
            return
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NoteTermsError(
                "E140", f"Another run is writing {self.folder}.", "Wait for it, or give the table another name."
            ) from None

    def _begin(self) -> None:
        """Check that the run that left what is there was asked for the same, or drop it."""
        file = self.folder / _SETTINGS
        wanted = json.dumps(self._settings, sort_keys=True, indent=2)
        if not self._resume or not file.exists():
            # First the settings: without them the rest is nothing to go on from, should the machine stop just now.
            for old in (file, *self._files()):
                old.unlink(missing_ok=True)
        elif file.read_text(encoding="utf-8") != wanted:
            raise NoteTermsError(
                "E137",
                f"{self.folder} is of a run with other options, or by another version.",
                "Use the same, or begin anew without --resume.",
            )
        replace_file(file, wanted.encode())
        self.parts = len(self._files())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._leave(done=kind is None)

    def _leave(self, done: bool) -> None:
        """Remove the folder, unless there is something in it to go on from."""
        settings = self.folder / _SETTINGS
        # Not by the number of parts: Ctrl-C may come right after one is written.
        if done or not settings.exists() or not self._files():
            with suppress(OSError):
                # First the settings, as above.
                settings.unlink(missing_ok=True)
                shutil.rmtree(self.folder)
        self._lock.close()

    def check(self, number: int, notes: Sequence[pa.RecordBatch]) -> None:
        """Check that a finished part was made from these notes; call it for each in order.

        Raises
        ------
        NoteTermsError
            E138 when it was made from others.
        """
        with pa.OSFile(str(self._file(number))) as source:
            wanted = pa.ipc.open_stream(source).schema.metadata[_DIGEST].decode()
        if self._read(notes) != wanted:
            rows = f"in or before row {notes[-1]['number'][-1]}" if notes else "and is shorter now"
            raise NoteTermsError(
                "E138",
                f"The export has changed since the run was stopped, {rows}.",
                "Give the same export again, or begin anew without --resume.",
            )

    def add(self, notes: Sequence[pa.RecordBatch], outcomes: Sequence[Outcome]) -> None:
        """Keep a finished part: notes, and what became of them."""
        digest = self._read(notes)
        sink = pa.BufferOutputStream()
        for batches in zip(*outcomes, strict=True):
            with pa.ipc.new_stream(sink, batches[0].schema.with_metadata({_DIGEST: digest})) as stream:
                for batch in batches:
                    stream.write_batch(batch)
        replace_file(self._file(self.parts), sink.getvalue())
        self.parts += 1

    def __iter__(self) -> Iterator[Outcome]:
        """Yield the finished parts in order."""
        for file in self._files():
            with pa.OSFile(str(file)) as source:
                parts = [pa.concat_batches(list(pa.ipc.open_stream(source))) for _ in Outcome._fields]
            yield Outcome(*(part.replace_schema_metadata() for part in parts))

    def _read(self, notes: Sequence[pa.RecordBatch]) -> str:
        """Digest of all notes of the run up to these."""
        for batch in notes:
            self._digest.update(batch.serialize())
        return self._digest.hexdigest()

    def _file(self, number: int) -> Path:
        return self.folder / f"{number:08}.arrow"

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("[0-9]*.arrow"))
