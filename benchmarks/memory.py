"""Peak memory of a run and of its workers, on an export and on 10 and 50 times as many notes (Linux).

python benchmarks/memory.py [NOTES]         default: 1,000 notes, 10,000 and 50,000
"""

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from command import NOTE_TERMS, workers
from exports import write_export


def peak(pid: int) -> float:
    """Most memory that a process has held so far, in MB; 0 when it is gone."""
    try:
        status = (Path("/proc") / str(pid) / "status").read_text()
    except OSError:
        return 0.0
    match = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(match[1]) / 1024 if match else 0.0


def measure(command: list[str]) -> tuple[float, float]:
    """Run a command; return the peak of the process, and of the worker that held most."""
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    run = worker = 0.0
    while process.poll() is None:
        run = max(run, peak(process.pid))
        worker = max([worker, *map(peak, workers(process.pid))])
        time.sleep(0.05)
    if process.returncode:
        raise SystemExit(f"The run ended with status {process.returncode}.")
    return run, worker


def main() -> None:
    """Print a line for each export."""
    base = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    first = None
    print("peak MB         the run   times   a worker   times")
    with tempfile.TemporaryDirectory() as folder:
        notes, table = Path(folder) / "notes.jsonl", Path(folder) / "tags.parquet"
        for times in (1, 10, 50):
            write_export(notes, base * times)
            options = ["-o", str(table), "--summary", str(table) + ".csv", "--force", "--jobs", "2"]
            run, worker = measure([*NOTE_TERMS, "tag", str(notes), *options])
            first = first or (run, worker)
            of_run, of_worker = run / first[0], worker / first[1]
            print(f"{base * times:8,} notes {run:8.0f} {of_run:7.2f} {worker:10.0f} {of_worker:7.2f}", flush=True)


if __name__ == "__main__":
    main()
