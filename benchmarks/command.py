"""Run `note-terms` from a benchmark."""

import subprocess
import sys
import time
from pathlib import Path

NOTE_TERMS = [sys.executable, "-c", "from classifier.cli import main; main()"]


def seconds(command: list[str], **options: object) -> float:
    """Run a command to its end, quietly; return how long it took."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)  # type: ignore[call-overload]
    return time.perf_counter() - began


def processes(parent: int) -> dict[int, str]:
    """The running processes that a process started, and those that these did, with their command lines (Linux)."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = {parent}
    while more := {pid for pid, of in parents.items() if of in found} - found:
        found |= more
    lines: dict[int, str] = {}
    for pid in found - {parent}:
        try:
            lines[pid] = (Path("/proc") / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
    return lines


def workers(parent: int) -> list[int]:
    """The worker processes of a run (Linux)."""
    return [pid for pid, line in processes(parent).items() if "popen_loky" in line]
