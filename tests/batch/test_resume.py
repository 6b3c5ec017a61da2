"""A run that was stopped goes on, and its tables are those of a run that was not."""

import json
import random
import signal
import subprocess
import sys
import time

import pytest

from classifier.batch import runner
from classifier.batch.readers import Row
from classifier.errors import NoteTermsError
from tests.conftest import SAMPLES

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
    monkeypatch.setattr(runner, "_PART", 20)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_stopped_run_goes_on_and_ends_the_same(tmp_path, kind):
    whole, stopped = tmp_path / f"whole.{kind}", tmp_path / f"stopped.{kind}"
    runner.run(ROWS, whole, kind, summary=tmp_path / "whole_summary.csv")
    for after in (5, 33, 34, 101):
        with pytest.raises(StopError):
            runner.run(stopping(ROWS, after), stopped, kind, summary=tmp_path / "stopped_summary.csv", resume=True)
        assert not stopped.exists()
    result = runner.run(ROWS, stopped, kind, summary=tmp_path / "stopped_summary.csv", resume=True)
    assert stopped.read_bytes() == whole.read_bytes()
    assert (tmp_path / "stopped_summary.csv").read_bytes() == (tmp_path / "whole_summary.csv").read_bytes()
    assert result.notes == 148 and result.set_aside == 1
    assert not list(tmp_path.glob("*.progress"))
    errors = [(tmp_path / f"{name}.{kind}.errors.jsonl").read_text() for name in ("whole", "stopped")]
    assert errors[0] == errors[1] and '"row": 71' in errors[0]


def test_without_resume_a_run_begins_anew(tmp_path):
    with pytest.raises(StopError):
        runner.run(stopping(ROWS, 50), tmp_path / "t.jsonl", "jsonl")
    other = [Row(1, "a", "Breast cancer metastatic to the liver.")]
    assert runner.run(other, tmp_path / "t.jsonl", "jsonl").tags == 1


def test_a_run_goes_on_only_with_the_same_options(tmp_path):
    with pytest.raises(StopError):
        runner.run(stopping(ROWS, 50), tmp_path / "t.jsonl", "jsonl")
    with pytest.raises(NoteTermsError, match="E137"):
        runner.run(ROWS, tmp_path / "t.jsonl", "jsonl", settings=runner.Settings(scheme="acs"), resume=True)


def test_a_killed_process_goes_on(tmp_path):
    notes = tmp_path / "notes.jsonl"
    rows = ({"note_id": f"n{number}", "text": TEXTS[number % len(TEXTS)]} for number in range(5000))
    notes.write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = [sys.executable, "-c", "from classifier.cli import main; main()", "tag", str(notes), "--model", "none"]
    subprocess.run([*command, "-o", str(tmp_path / "whole.jsonl")], check=True)
    random.seed(4)
    out, folder = tmp_path / "killed.jsonl", tmp_path / "killed.jsonl.progress"
    for _ in range(2):
        process = subprocess.Popen([*command, "-o", str(out), "--resume"], stderr=subprocess.DEVNULL)
        before = len(list(folder.glob("*.jsonl"))) if folder.exists() else 0
        while process.poll() is None and (not folder.exists() or len(list(folder.glob("*.jsonl"))) <= before):
            time.sleep(0.02)
        time.sleep(random.random() * 0.2)
        process.send_signal(signal.SIGKILL)
        process.wait()
    subprocess.run([*command, "-o", str(out), "--resume"], check=out.exists() is False)
    assert out.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
