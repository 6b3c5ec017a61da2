"""Seconds of a whole run, from command to table, with one worker and with two.

python benchmarks/workers.py [NOTES]        default: 40,000 notes, in turns, best of two rounds
"""

import sys
import tempfile
from pathlib import Path

from command import NOTE_TERMS, seconds
from exports import write_export

ROUNDS = 2


def main() -> None:
    """Print a line for each."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 40_000
    with tempfile.TemporaryDirectory() as folder:
        notes, table = Path(folder) / "notes.jsonl", Path(folder) / "tags.parquet"
        write_export(notes, count)
        best = {1: float("inf"), 2: float("inf")}
        for _ in range(ROUNDS):
            for jobs in best:
                command = [*NOTE_TERMS, "tag", str(notes), "-o", str(table), "--force", "--jobs", str(jobs)]
                best[jobs] = min(best[jobs], seconds(command))
    print(f"{count:,} notes, from command to table")
    for jobs, took in best.items():
        print(f"  {jobs} at work {took:8.1f} s {count / took:10,.0f} notes/s {best[1] / took:8.2f} times one")


if __name__ == "__main__":
    main()
