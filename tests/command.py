"""Run `note-terms` in a test, and write what it reads."""

import contextlib
import gzip
import io
import json
import os
import subprocess
import sys
from subprocess import CompletedProcess
from unittest import mock

import pandas as pd

from benchmarks.command import NOTE_TERMS
from classifier.cli import main

SECONDS = 240
"""No command of a test takes so long, on any machine."""

NOTES = [
    {"note_id": "007", "text": "Breast cancer with liver metastases."},
    {"note_id": "b,1", "text": "Advanced lung cancer, seen\r\nin “clinic” 😀."},
    {"note_id": "c", "text": "Well."},
]


def write(folder, kind, notes=NOTES):
    """Write notes as an export of a kind; return its path."""
    path = folder / f"notes.{kind}"
    frame = pd.DataFrame(notes)
    if kind in ("csv", "csv.gz", "tsv"):
        opener = gzip.open if kind.endswith("gz") else open
        with opener(path, "wt", encoding="utf-8", newline="") as stream:
            frame.to_csv(stream, sep="\t" if kind == "tsv" else ",", index=False)
    elif kind.startswith("jsonl"):
        opener = gzip.open if kind.endswith("gz") else open
        with opener(path, "wt", encoding="utf-8", newline="") as stream:
            stream.write("".join(json.dumps(note) + "\n" for note in notes))
    elif kind == "parquet":
        frame.to_parquet(path)
    else:
        path = folder / "folder"
        path.mkdir()
        for note in notes:
            (path / f"{note['note_id']}.txt").write_bytes(note["text"].encode())
    return path


def process(*arguments, cwd, stdin=None):
    """Run the command in a process of its own, as a user does."""
    command = [*NOTE_TERMS, *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, input=stdin, capture_output=True, text=True, timeout=SECONDS)


def run(*arguments, cwd, stdin=""):
    """Run the command in this process, which has spaCy loaded already: it takes half the time."""
    given = io.TextIOWrapper(io.BytesIO(os.fsencode(stdin)), encoding="utf-8")
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="", write_through=True) for _ in range(2))
    code = 0
    with (
        contextlib.chdir(cwd),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        mock.patch.object(sys, "stdin", given),
        mock.patch.object(sys, "argv", ["note-terms", *map(str, arguments)]),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    return CompletedProcess(arguments, code, *(stream.buffer.getvalue().decode() for stream in (out, err)))


def one_line(result, code, *parts):
    """Assert a clear end: the code, one line on standard error that holds the parts, no traceback."""
    assert result.returncode == code, result.stderr
    (line,) = result.stderr.strip().splitlines()
    for part in parts:
        assert part in line, line
