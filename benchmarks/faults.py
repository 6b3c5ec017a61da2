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


def disturb(command: list[str], draw: random.Random, longest: float, of_workers: bool) -> tuple[bool, bool]:
    """Start a run and kill it, or one of its workers and let it end; return whether it was killed, and is done."""
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    until = time.monotonic() + draw.random() * longest
    while time.monotonic() < until and process.poll() is None:
        time.sleep(0.01)
    running = process.poll() is None
    if of_workers:
        victims = workers(process.pid) if running else []
        for pid in victims[:1]:
            os.kill(pid, signal.SIGKILL)
        return bool(victims), process.wait() == 0
    process.kill()
    return running, process.wait() == 0


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
                was_killed, done = disturb(resume, draw, longest, of_workers)
                killed += was_killed
                if killed == times and not done:
                    subprocess.run(resume, check=True, stderr=subprocess.DEVNULL)
                    done = True
                if done:
                    rounds += 1
                    wrong += out.read_bytes() != whole.read_bytes()
                    out.unlink()
            left = sorted(path.name for path in folder.iterdir() if path not in (notes, whole))
            wrong += bool(left)
            print(f"kill -9 of {victim:9} {killed} times, {rounds} tables, {wrong} of them wrong, left behind: {left}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
