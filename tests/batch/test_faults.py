"""What goes wrong in truth, done for real: each ends in one clear line, nothing half-written, and no note text told."""

import gzip
import json
import os
import random
import re
import signal
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.command import NOTE_TERMS, workers
from tests.command import SECONDS, one_line
from tests.conftest import SAMPLES

TEXTS = [json.loads(line)["text"] for line in (SAMPLES / "notes.jsonl").read_text(encoding="utf-8").splitlines()]
SECRET = "Zyxwvut"
linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")


def export(path, count=3000):
    """Notes that all name the secret; every tenth is of a cancer."""
    texts = (TEXTS[number // 10 % len(TEXTS)] if number % 10 == 0 else "Well today." for number in range(count))
    rows = ({"note_id": f"n{number}", "text": f"{SECRET}. {text}"} for number, text in enumerate(texts))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def tag(*arguments, **options):
    command = [*NOTE_TERMS, "tag", *map(str, arguments), "--model", "none"]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, **options)


def start(*arguments):
    command = [*NOTE_TERMS, "tag", *map(str, arguments), "--model", "none"]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)


def told(result, status, *parts):
    """Assert one line on standard error that holds the parts, the status, and no note text."""
    one_line(result, status, *parts)
    assert SECRET not in result.stderr


def left(folder, *names):
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)


def wait_for_parts(out, count=1):
    folder = out.with_name(out.name + ".progress")
    until = time.monotonic() + SECONDS
    while len(list(folder.glob("*.arrow"))) < count and not out.exists() and time.monotonic() < until:
        time.sleep(0.01)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An export, and the tables of a run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    notes, out = export(folder / "notes.jsonl", 10_000), folder / "tags.csv"
    assert tag(notes, "-o", out, "--summary", folder / "summary.csv").returncode == 0
    return notes, out.read_bytes(), (folder / "summary.csv").read_bytes()


@linux
@pytest.mark.parametrize("source", ["file", "standard input"])
def test_kill_9_of_the_run_and_of_its_workers(tmp_path, whole, source):
    notes, tags, summary = whole
    out = tmp_path / "tags.csv"
    options = ["-o", out, "--summary", tmp_path / "summary.csv", "--resume", "--jobs", "2"]
    draw = random.Random(source)
    for parts in (1, 2):
        with notes.open("rb") as stream:
            command = [*NOTE_TERMS, "tag", "-" if source != "file" else str(notes), *map(str, options)]
            process = subprocess.Popen(
                [*command, "--model", "none"], stdin=stream, stderr=subprocess.DEVNULL, start_new_session=True
            )
            wait_for_parts(out, parts)
            time.sleep(draw.random() * 0.3)
            at_work = workers(process.pid)
            if parts == 1 and at_work:
                os.kill(at_work[0], signal.SIGKILL)
                time.sleep(draw.random())
            process.kill()
            process.wait()
        until = time.monotonic() + 30
        while any(Path(f"/proc/{pid}/cmdline").exists() for pid in at_work) and time.monotonic() < until:
            time.sleep(0.1)
        assert not any(Path(f"/proc/{pid}/cmdline").exists() for pid in at_work), "workers outlive the run"
    with notes.open("rb") as stream:
        result = tag("-" if source != "file" else notes, *options, stdin=stream)
    told(result, 0, "10000 notes")
    assert out.read_bytes() == tags and (tmp_path / "summary.csv").read_bytes() == summary
    left(tmp_path, "tags.csv", "summary.csv")


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_leaves_what_can_go_on(tmp_path, whole, jobs):
    notes, tags, _ = whole
    out = tmp_path / "tags.csv"
    process = start(notes, "-o", out, "--jobs", jobs)
    wait_for_parts(out)
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=SECONDS)
    told(subprocess.CompletedProcess([], process.returncode, "", stderr), 130, "stopped", "--resume")
    left(tmp_path, "tags.csv.progress")
    assert tag(notes, "-o", out, "--resume").returncode == 0 and out.read_bytes() == tags


def test_a_file_that_may_not_grow(tmp_path, whole):
    resource = pytest.importorskip("resource")
    notes, tags, _ = whole
    out = tmp_path / "tags.csv"
    # More than a part needs, less than the table.
    limit = len(tags) * 2 // 3
    result = tag(
        notes, "-o", out, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    )
    told(result, 2, "E139", "tags.csv", "Make room", "--resume")
    left(tmp_path, "tags.csv.progress")
    assert tag(notes, "-o", out, "--resume").returncode == 0 and out.read_bytes() == tags


@pytest.fixture
def small_disk(tmp_path):
    """A disk of its own, which only root can mount."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(disk)]
    try:
        mounted = subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("only root can mount a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk(small_disk, whole):
    notes, tags, _ = whole
    out = small_disk / "tags.csv"
    told(tag(notes, "-o", out), 2, "E139", "No space left on device", "--resume")
    assert not out.exists() and not list(small_disk.glob(".*"))
    subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk)], check=True)
    assert tag(notes, "-o", out, "--resume").returncode == 0 and out.read_bytes() == tags
    left(small_disk, "tags.csv")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is of Linux")
def test_standard_output_on_a_full_disk(tmp_path):
    with Path("/dev/full").open("w") as full:
        command = [*NOTE_TERMS, "tag", str(export(tmp_path / "n.jsonl", 300)), "--model", "none"]
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=SECONDS)
    told(result, 2, "E139", "Standard output", "No space left on device")


@pytest.mark.parametrize("jobs", [1, 2])
def test_head_ends_the_run_quietly(tmp_path, jobs):
    notes = export(tmp_path / "n.jsonl")
    command = " ".join([f"'{part}'" for part in NOTE_TERMS] + [f"tag {notes} --model none --jobs {jobs} | head -n 1"])
    result = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=SECONDS)
    assert len(result.stdout.splitlines()) == 1 and result.stderr == ""


def hostile():
    anchors = "cancer metastatic nodes positive recurrence advanced stage liver mets N1 M1 "
    return {
        "10 MB": "The patient is well and was seen in clinic. " * 230_000 + "Breast cancer with liver metastases.",
        "a million newlines": "\n" * 1_000_000 + "Breast cancer with liver metastases.",
        "anchors": anchors * 2000,
        "one chunk": "x" * 1_000_000 + " Breast cancer with liver metastases.",
        "brackets": "(" * 4_000 + " Breast cancer with liver metastases.",
    }


def test_hostile_notes_are_tagged_like_others(tmp_path):
    rows = ({"note_id": name, "text": text} for name, text in hostile().items())
    (tmp_path / "n.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = tag(tmp_path / "n.jsonl", "-o", tmp_path / "t.jsonl")
    told(result, 0, f"{len(hostile())} notes")
    tags = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text().splitlines()]
    assert {tag["note_id"] for tag in tags} == set(hostile())
    assert all(hostile()[tag["note_id"]][tag["start"] : tag["end"]] == tag["text"] for tag in tags[:20])


def damaged(folder):
    """Exports that cannot be read to their end, and what is said of each."""
    rows = [{"note_id": f"n{number}", "text": f"{SECRET}, lung cancer."} for number in range(3000)]
    frame = pd.DataFrame(rows)
    frame.to_parquet(folder / "footer.parquet")
    whole = (folder / "footer.parquet").read_bytes()
    (folder / "footer.parquet").write_bytes(whole[:-6])
    lines = frame.to_csv(index=False).splitlines()
    lines[1000] = f'n999,"{SECRET}" and more"'
    (folder / "quote.csv").write_text("\n".join(lines) + "\n")
    lines[1000] = f'n999,"{SECRET} never closed'
    (folder / "open.csv").write_text("\n".join(lines) + "\n")
    packed = gzip.compress("\n".join(json.dumps(row) for row in rows).encode())
    (folder / "cut.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    (folder / "other_bytes.jsonl.gz").write_bytes(packed[:10] + b"\xff" * 50 + packed[60:])
    return {
        "footer.parquet": ("E112", "footer.parquet", "Parquet"),
        "quote.csv": ("E113", "row 1000"),
        "open.csv": ("E113", "row 1000"),
        "cut.jsonl.gz": ("E112", "cut short"),
        "other_bytes.jsonl.gz": ("E112", "damaged"),
    }


def test_damaged_exports(tmp_path):
    for name, parts in damaged(tmp_path).items():
        told(tag(tmp_path / name, "-o", tmp_path / "tags.csv"), 2, *parts)
        assert not list(tmp_path.glob("*tags.csv*")), name


def test_a_csv_that_was_mended_goes_on(tmp_path):
    """What was done before the broken row is not done again."""
    lines = [f'n{number},"{SECRET}, lung cancer with liver mets."' for number in range(3000)]
    broken = [*lines[:2500], f'n2500,"{SECRET}" and more"', *lines[2501:]]
    notes, out = tmp_path / "notes.csv", tmp_path / "tags.jsonl"
    notes.write_text("\n".join(["note_id,text", *broken]) + "\n")
    told(tag(notes, "-o", out), 2, "E113", "row 2501", "--resume")
    left(tmp_path, "notes.csv", "tags.jsonl.progress")
    notes.write_text("\n".join(["note_id,text", *lines]) + "\n")
    told(tag(notes, "-o", out, "--resume"), 0, "3000 notes")


def test_bytes_that_are_not_utf8_in_the_middle(tmp_path):
    notes = export(tmp_path / "n.jsonl", 2000)
    whole = notes.read_bytes()
    place = re.search(SECRET.encode(), whole[len(whole) // 2 :]).start() + len(whole) // 2
    notes.write_bytes(whole[:place] + b"\xff\xfe\xc3" + whole[place:])
    result = tag(notes, "-o", tmp_path / "t.jsonl")
    assert result.returncode == 0 and "3 bytes are not UTF-8" in result.stderr and SECRET not in result.stderr
    assert "2000 notes" in result.stderr
