"""Kill runs and their workers at random moments, 20 times each, and compare the table with an undisturbed one (Linux).

python benchmarks/faults.py [TIMES [NOTES]]   default: 20 times, on 10,000 notes
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from command import NOTE_TERMS, seconds, workers
from exports import write_export


def finished(out: Path) -> bool:
    """Whether a table stands, and nothing is left to go on with."""
    return out.exists() and not out.with_name(out.name + ".progress").exists()


def disturb(command: list[str], draw: random.Random, longest: float, of_workers: bool) -> bool:
    """Start a run and kill it, or one of its workers and let it end; return whether anything was killed."""
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    until = time.monotonic() + draw.random() * longest
    while time.monotonic() < until and process.poll() is None:
        time.sleep(0.01)
    victims = [] if process.poll() is not None else workers(process.pid)[:1] if of_workers else [process.pid]
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    _, told = process.communicate()
    if process.returncode not in (0, -signal.SIGKILL):
        sys.exit(f"exit status {process.returncode}: {told.decode()}")
    return bool(victims)


def main() -> None:
    """Print a line for each kind of kill; the status is 1 when a table differs."""
    times, count = [*map(int, sys.argv[1:]), *(20, 10_000)[len(sys.argv) - 1 :]]
    draw = random.Random(20)
    wrong = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        notes, whole, out = (folder / file for file in ("notes.jsonl", "whole.parquet", "killed.parquet"))
        write_export(notes, count)
        run = [*NOTE_TERMS, "tag", str(notes), "--jobs", "2", "-o"]
        longest = seconds([*run, str(whole)])
        resume = [*run, str(out), "--resume"]
        for of_workers, victim in ((False, "the run"), (True, "a worker")):
            killed = rounds = 0
            while killed < times:
                killed += disturb(resume, draw, longest, of_workers)
                if killed == times and not finished(out):
                    subprocess.run(resume, check=True)
                if finished(out):
                    rounds += 1
                    wrong += out.read_bytes() != whole.read_bytes()
                    out.unlink()
            left = sorted(path.name for path in folder.iterdir() if path not in (notes, whole))
            wrong += bool(left)
            print(f"kill -9 of {victim:9} {killed} times, {rounds} tables, {wrong} of them wrong, left behind: {left}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
