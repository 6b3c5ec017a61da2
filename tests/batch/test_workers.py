"""Workers that are killed, in truth: the order stays, and a note that kills is set aside alone."""

import os
import signal
from functools import partial

import pytest

from classifier.batch import notes, workers
from classifier.batch.notes import Row, batches
from classifier.batch.tagging import SetAside, outcome
from classifier.batch.workers import tag_batches
from classifier.errors import NoteTermsError
from classifier.tags import TaggedNote

ROWS = [Row(number, f"n{number}", "Well.") for number in range(1, 41)]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(notes, "BATCH_ROWS", 4)


def work(batch, kill=(), once=None):
    """Stands for tagging: quick, and deadly for some notes, each time or once."""
    names = batch["note_id"].to_pylist()
    if set(names) & set(kill) and (once is None or not once.exists()):
        if once is not None:
            once.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return outcome([TaggedNote(name, []) for name in names], [])


def results(work):
    done = list(tag_batches(batches(ROWS), work, jobs=2))
    assert [row for batch, _ in done for row in batch["number"].to_pylist()] == list(range(1, 41))
    tagged = [name for _, made in done for name in made.summaries["note_id"].to_pylist()]
    return tagged, [SetAside(**row) for _, made in done for row in made.aside.to_pylist()]


def test_a_killed_worker_is_replaced_and_its_batch_done_again(tmp_path):
    tagged, aside = results(partial(work, kill=["n18"], once=tmp_path / "died"))
    assert tagged == [row.note_id for row in ROWS] and aside == []


def test_a_note_that_kills_each_time_is_set_aside_alone():
    tagged, aside = results(partial(work, kill=["n7"]))
    assert tagged == [row.note_id for row in ROWS if row.note_id != "n7"]
    assert [(row.row, row.note_id, row.reason[:4]) for row in aside] == [(7, "n7", "E128")]


def test_workers_that_never_start_end_the_run(monkeypatch):
    monkeypatch.setattr(workers, "_MOST_DEATHS", 3)
    with pytest.raises(NoteTermsError, match="E127"):
        results(_dies)


def _dies(batch):
    os.kill(os.getpid(), signal.SIGKILL)


def test_no_more_batches_are_read_than_workers_take_soon():
    read = []

    def watched():
        for batch in batches(ROWS):
            read.append(batch)
            yield batch

    for number, _ in enumerate(tag_batches(watched(), work, jobs=2), start=1):
        assert len(read) <= number + 6


def test_an_error_of_the_user_comes_through():
    with pytest.raises(NoteTermsError) as caught:
        results(_refuses)
    assert (caught.value.code, caught.value.remedy) == ("E211", "Use another.")


def _refuses(batch):
    raise NoteTermsError("E211", "No such scheme.", "Use another.")
