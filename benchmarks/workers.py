"""Seconds of a whole run, from command to table, with one worker and with two.

python benchmarks/workers.py [NOTES]        default: 40,000 notes, in turns, best of two rounds
"""

import sys
import tempfile
from functools import partial
from pathlib import Path

from command import NOTE_TERMS, seconds
from exports import write_export
from turns import best_in_turns

ROUNDS = 2


def main() -> None:
    """Print a line for each."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 40_000
    with tempfile.TemporaryDirectory() as folder:
        notes, table = Path(folder) / "notes.jsonl", Path(folder) / "tags.parquet"
        write_export(notes, count)

        def run(jobs: int) -> float:
            return seconds([*NOTE_TERMS, "tag", str(notes), "-o", str(table), "--force", "--jobs", str(jobs)])

        best = best_in_turns({jobs: partial(run, jobs) for jobs in (1, 2)}, ROUNDS)
    print(f"{count:,} notes, from command to table")
    for jobs, took in best.items():
        print(f"  {jobs} at work {took:8.1f} s {count / took:10,.0f} notes/s {best[1] / took:8.2f} times one")


if __name__ == "__main__":
    main()
