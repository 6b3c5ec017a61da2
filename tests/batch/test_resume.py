"""A run that was stopped goes on, and its tables are those of a run that was not."""

import json
import shutil
import sys
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

import classifier
from classifier.batch import notes, progress, runner
from classifier.batch.notes import Row, batches
from classifier.batch.tagging import Settings
from classifier.batch.writers import replace_file
from classifier.errors import NoteTermsError
from classifier.schemes import load_scheme
from tests.conftest import SAMPLES

PACKAGE = str(Path(classifier.__file__).parent)
TEXTS = [json.loads(line)["text"] for line in (SAMPLES / "notes.jsonl").read_text(encoding="utf-8").splitlines()]
ROWS = [Row(number, f"n{number}", TEXTS[number % len(TEXTS)]) for number in range(1, 150)]
ROWS[70] = Row(71, "n70", None, "E124 the row has no text")


class StopError(Exception):
    pass


def stopping(rows, after):
    for number, row in enumerate(rows):
        if number == after:
            raise StopError
        yield row


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(notes, "BATCH_ROWS", 10)
    monkeypatch.setattr(runner, "_PART", 2)


def run(rows, out, kind="jsonl", **options):
    return runner.run(batches(rows), out, kind, **options)


def stop(out, after=55, **options):
    with pytest.raises(StopError):
        run(stopping(ROWS, after), out, **options)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_stopped_run_goes_on_and_ends_the_same(tmp_path, kind):
    whole, stopped = tmp_path / f"whole.{kind}", tmp_path / f"stopped.{kind}"
    run(ROWS, whole, kind, summary=tmp_path / "whole_summary.csv")
    for after in (5, 33, 34, 101):
        stop(stopped, after, kind=kind, summary=tmp_path / "stopped_summary.csv", resume=True)
        assert not stopped.exists()
    result = run(ROWS, stopped, kind, summary=tmp_path / "stopped_summary.csv", resume=True)
    assert stopped.read_bytes() == whole.read_bytes()
    assert (tmp_path / "stopped_summary.csv").read_bytes() == (tmp_path / "whole_summary.csv").read_bytes()
    assert result.notes == 148 and result.set_aside == 1
    assert not list(tmp_path.glob("*.progress")) and not list(tmp_path.glob(".*"))
    errors = [(tmp_path / f"{name}.{kind}.errors.jsonl").read_text() for name in ("whole", "stopped")]
    assert errors[0] == errors[1] and '"row": 71' in errors[0]


def test_what_was_written_when_ctrl_c_came_is_kept(tmp_path, monkeypatch):
    def write_and_stop(path, data):
        replace_file(path, data)
        if path.suffix == ".arrow":
            raise KeyboardInterrupt

    whole, stopped = tmp_path / "whole.jsonl", tmp_path / "stopped.jsonl"
    run(ROWS, whole)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(progress, "replace_file", write_and_stop)
        run(ROWS, stopped)
    assert list((tmp_path / "stopped.jsonl.progress").glob("*.arrow"))
    run(ROWS, stopped, resume=True)
    assert stopped.read_bytes() == whole.read_bytes()


class CtrlC:
    """Ctrl-C before a given line of those of the package that beginning a run does, counted as they are done."""

    def __init__(self, line):
        self.left = line

    def __call__(self, frame, event, argument):
        code = frame.f_code
        if self.left == 0 or code.co_name == "_leave" or not code.co_filename.startswith(PACKAGE):
            return None
        if event == "line":
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
        return self


def begin_and_stop(out, line):
    """Begin a run on a table with Ctrl-C at this line; return whether it came."""
    run_progress = progress.Progress(out, {"source": "notes.csv"}, resume=False)
    before, came = sys.gettrace(), CtrlC(line)
    sys.settrace(came)
    try:
        run_progress.__enter__()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    run_progress.__exit__(None, None, None)
    return False


def test_ctrl_c_before_anything_is_done_leaves_nothing(tmp_path, monkeypatch):
    def stop_and_write(path, data):
        raise KeyboardInterrupt

    monkeypatch.setattr(progress, "replace_file", stop_and_write)
    with pytest.raises(KeyboardInterrupt):
        run(ROWS, tmp_path / "t.jsonl")
    assert not list(tmp_path.iterdir())


def test_ctrl_c_at_any_line_of_a_beginning_leaves_nothing(tmp_path):
    line = 1
    while begin_and_stop(tmp_path / "t.jsonl", line):
        assert not list(tmp_path.iterdir()), line
        line += 1
    assert line > 20


def test_ctrl_c_in_a_run_that_begins_anew_leaves_all_or_nothing_of_the_one_before(tmp_path):
    stop(tmp_path / "t.jsonl")
    folder, before = tmp_path / "t.jsonl.progress", tmp_path / "before"
    folder.rename(before)
    expected = {file.name: file.read_bytes() for file in before.iterdir()}
    ends = set()
    for line in count(1):
        shutil.copytree(before, folder)
        came = begin_and_stop(tmp_path / "t.jsonl", line)
        ends.add(folder.exists())
        assert not folder.exists() or {file.name: file.read_bytes() for file in folder.iterdir()} == expected, line
        shutil.rmtree(folder, ignore_errors=True)
        if not came:
            break
    assert ends == {True, False}


def test_without_resume_a_run_begins_anew(tmp_path):
    stop(tmp_path / "t.jsonl")
    other = [Row(1, "a", "Breast cancer metastatic to the liver.")]
    assert run(other, tmp_path / "t.jsonl").tags == 1


@pytest.mark.parametrize("options", [{"settings": Settings(scheme="acs")}, {"source": "another.csv"}])
def test_a_run_goes_on_only_with_the_same_options(tmp_path, options):
    stop(tmp_path / "t.jsonl")
    with pytest.raises(NoteTermsError, match="E137"):
        run(ROWS, tmp_path / "t.jsonl", resume=True, **options)


def test_a_run_does_not_go_on_with_an_edited_scheme(tmp_path):
    labels = {**load_scheme("ccs").labels, "regional_nodes": "DISTANT_SPREAD"}
    mine = tmp_path / "mine.toml"
    mine.write_text("[labels]\n" + "".join(f'{extent} = "{label}"\n' for extent, label in labels.items()))
    options = {"settings": Settings(scheme=str(mine))}
    stop(tmp_path / "t.jsonl", **options)
    before = mine.read_text()
    mine.write_text(before.replace('"DISTANT_SPREAD"', '"REGIONAL_SPREAD"'))
    with pytest.raises(NoteTermsError, match="E137"):
        run(ROWS, tmp_path / "t.jsonl", resume=True, **options)
    mine.write_text(before)
    assert run(ROWS, tmp_path / "t.jsonl", resume=True, **options).notes == 148


CHANGED = {
    "a character": [replace(ROWS[0], text=ROWS[0].text + " "), *ROWS[1:]],
    "an id": [*ROWS[:30], replace(ROWS[30], note_id="other"), *ROWS[31:]],
    "a row more": [ROWS[0], Row(0, "more", "Well."), *ROWS[1:]],
    "a row less": [*ROWS[:20], *ROWS[21:]],
    "cut short": ROWS[:25],
    "nothing": [],
}


@pytest.mark.parametrize("rows", CHANGED.values(), ids=CHANGED)
def test_a_run_does_not_go_on_with_another_export(tmp_path, rows):
    stop(tmp_path / "t.jsonl")
    with pytest.raises(NoteTermsError, match="E138"):
        run(rows, tmp_path / "t.jsonl", resume=True)
    assert not (tmp_path / "t.jsonl").exists()
    assert run(ROWS, tmp_path / "t.jsonl", resume=True).notes == 148, "the right export still goes on"


def test_rows_that_were_not_reached_may_be_mended(tmp_path):
    mended = [*ROWS[:90], replace(ROWS[90], text="Colon cancer, lung metastases."), *ROWS[91:]]
    stop(tmp_path / "t.jsonl")
    run(mended, tmp_path / "t.jsonl", resume=True)
    run(mended, tmp_path / "whole.jsonl")
    assert (tmp_path / "t.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_two_runs_do_not_write_the_same_table(tmp_path):
    def rows():
        yield from ROWS[:30]
        with pytest.raises(NoteTermsError, match="E140"):
            run(ROWS, tmp_path / "t.jsonl")
        yield from ROWS[30:]

    assert run(rows(), tmp_path / "t.jsonl").notes == 148


def test_a_run_that_was_killed_when_its_table_had_its_name_goes_on(tmp_path):
    whole, stopped = tmp_path / "whole.jsonl", tmp_path / "stopped.jsonl"
    run(ROWS, whole)
    stop(stopped, 101)
    stopped.write_text("what a run had written")
    run(ROWS, stopped, resume=True)
    assert stopped.read_bytes() == whole.read_bytes()
    assert not list(tmp_path.glob("*.progress"))


def test_a_run_goes_on_only_to_tables_of_the_same_names(tmp_path):
    stop(tmp_path / "t.jsonl", 101, summary=tmp_path / "mine.csv")
    other = tmp_path / "other.csv"
    other.write_text("of somebody else")
    with pytest.raises(NoteTermsError, match="E137"):
        run(ROWS, tmp_path / "t.jsonl", summary=other, resume=True)
    assert other.read_text() == "of somebody else"
