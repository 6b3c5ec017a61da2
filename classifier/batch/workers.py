"""Tag batches in worker processes: in order, a few at a time, and again where a worker was killed."""

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

import pyarrow as pa

# joblib is here for the model file, so its copy of loky serves: workers that can be killed, and need no main guard.
from joblib.externals.loky.process_executor import ProcessPoolExecutor

from classifier.batch.notes import SCHEMA
from classifier.batch.tagging import Outcome, SetAside, outcome
from classifier.errors import NoteTermsError

Work = Callable[[pa.RecordBatch], Outcome]

# So many batches are handed out for each worker: one is worked on while another waits for it. No more, so that all
# that is handed out is soon in the workers' queue.
_AHEAD = 2
# Seconds that it takes to get there at most.
_SOON = 2.0
# So often a batch is tried before its notes are tried alone, and so often each of these.
_TRIES = 3
# So many deaths with nothing done between them end the run.
_MOST_DEATHS = 12
_NOTHING = pa.RecordBatch.from_pylist([], schema=SCHEMA)


def tag_batches(batches: Iterable[pa.RecordBatch], work: Work, jobs: int) -> Iterator[tuple[pa.RecordBatch, Outcome]]:
    """Yield each batch with its outcome, in order; no more batches are read than workers can take soon.

    Where a worker is killed, others take its place and do again what was not done. A note that kills its worker each
    time is set aside (E128).

    Parameters
    ----------
    batches : iterable of RecordBatch
        From `classifier.batch.notes.batches`.
    work : callable
        Makes the outcome of a batch; it travels to the workers.
    jobs : int
        Worker processes; 1 for none beside this one.

    Raises
    ------
    NoteTermsError
        E127 when workers are killed before they do anything.
    """
    if jobs == 1:
        yield from ((batch, work(batch)) for batch in batches)
        return
    workers = _Workers(work, jobs)
    try:
        for batch in batches:
            workers.hand_out(batch)
            if len(workers) == _AHEAD * jobs:
                yield workers.first()
        while len(workers):
            yield workers.first()
    finally:
        workers.stop()


class _Workers:
    """Worker processes, and the batches that were handed to them."""

    def __init__(self, work: Work, jobs: int) -> None:
        self._work, self._jobs = work, jobs
        self._handed: deque[tuple[pa.RecordBatch, Future[Outcome]]] = deque()
        self._deaths = 0
        self._start()

    def __len__(self) -> int:
        return len(self._handed)

    def hand_out(self, batch: pa.RecordBatch) -> None:
        """Give a batch to the next free worker."""
        try:
            future = self._submit(batch)
        except BrokenProcessPool:
            # A worker was killed; `first` meets the batches that it took along.
            future = Future()
            future.set_exception(BrokenProcessPool())
        self._handed.append((batch, future))

    def first(self) -> tuple[pa.RecordBatch, Outcome]:
        """Wait for the outcome of the batch that was handed out first."""
        for tries in range(1, _TRIES + 1):
            try:
                done = self._handed[0][1].result()
            except BrokenProcessPool:
                self._replace()
                if tries < _TRIES:
                    self._hand_out_again()
            else:
                self._deaths = 0
                return self._handed.popleft()[0], done
        batch, _ = self._handed.popleft()
        done = self._one_by_one(batch)
        self._hand_out_again()
        return batch, done

    def stop(self) -> None:
        """Kill the workers."""
        # loky stumbles over a batch that has not reached the queue when the workers are killed.
        deadline = time.monotonic() + _SOON
        while time.monotonic() < deadline and not all(f.running() or f.done() for _, f in self._handed):
            time.sleep(0.01)
        self._executor.shutdown(wait=True, kill_workers=True)

    def _one_by_one(self, batch: pa.RecordBatch) -> Outcome:
        done = [self._alone(batch.slice(place, 1)) for place in range(batch.num_rows)]
        return Outcome(*(pa.concat_batches(parts) for parts in zip(*done, strict=True)))

    def _alone(self, note: pa.RecordBatch) -> Outcome:
        for _ in range(_TRIES):
            self._wait_until_ready()
            try:
                done = self._submit(note).result()
            except BrokenProcessPool:
                self._replace()
            else:
                self._deaths = 0
                return done
        (row,) = note.to_pylist()
        reason = f"E128 a worker was killed {_TRIES} times when it tagged this note alone"
        return outcome([], [SetAside(row["number"], row["note_id"], reason)])

    def _wait_until_ready(self) -> None:
        """Wait for a worker that has loaded all it needs: if it is killed after that, the note may be the reason."""
        while True:
            try:
                self._submit(_NOTHING).result()
                return
            except BrokenProcessPool:
                self._replace()

    def _hand_out_again(self) -> None:
        for _ in range(len(self._handed)):
            self.hand_out(self._handed.popleft()[0])

    def _submit(self, batch: pa.RecordBatch) -> "Future[Outcome]":
        future: Future[Outcome] = self._executor.submit(self._work, batch)
        return future

    def _replace(self) -> None:
        self._deaths += 1
        if self._deaths == _MOST_DEATHS:
            raise NoteTermsError(
                "E127",
                f"Workers were killed {self._deaths} times and nothing was done between.",
                "There may be too little memory: try fewer --jobs, then --resume.",
            )
        self.stop()
        self._start()

    def _start(self) -> None:
        with _quiet_tracker():
            self._executor = ProcessPoolExecutor(self._jobs, initializer=_live_with, initargs=(os.getpid(),))
        # Ctrl-C is for the run, which then stops its workers: they inherit that it is ignored.
        previous = None
        if threading.current_thread() is threading.main_thread():
            previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self._submit(_NOTHING)
        finally:
            if previous is not None:
                signal.signal(signal.SIGINT, previous)


@contextmanager
def _quiet_tracker() -> Iterator[None]:
    """Have loky's tracker of semaphores keep to itself that those of workers that were stopped may be gone."""
    before = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = ",".join(filter(None, (before, "ignore:resource_tracker")))
    try:
        yield
    finally:
        del os.environ["PYTHONWARNINGS"]
        if before is not None:
            os.environ["PYTHONWARNINGS"] = before


def _live_with(run: int) -> None:
    """End this worker when the run is gone, killed perhaps."""

    def watch() -> None:
        while os.getppid() == run:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
