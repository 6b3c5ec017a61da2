"""Run `note-terms` in a test."""

import contextlib
import io
import subprocess
import sys
from subprocess import CompletedProcess
from unittest import mock

from classifier.cli import main

SECONDS = 240
"""No command of a test takes so long, on any machine."""
COMMAND = [sys.executable, "-c", "from classifier.cli import main; main()"]


def process(*arguments, cwd, stdin=None):
    """Run the command in a process of its own, as a user does."""
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, input=stdin, capture_output=True, text=True, timeout=SECONDS)


def run(*arguments, cwd, stdin=""):
    """Run the command in this process, which has spaCy loaded already: it takes half the time."""
    given = io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")
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
