"""Seconds until the command answers: --help beside the import of Typer, and the first tag.

python benchmarks/start_up.py               best of five rounds, in turns
"""

import subprocess
import sys
import time

from command import NOTE_TERMS, seconds
from turns import best_in_turns

ROUNDS = 5
NOTE = b'{"note_id": 1, "text": "Breast cancer metastatic to the liver."}\n'


def first_tag() -> float:
    """Seconds until the first tag stands on standard output, of one note on standard input."""
    began = time.perf_counter()
    with subprocess.Popen([*NOTE_TERMS, "tag", "-"], stdin=-1, stdout=-1, stderr=subprocess.DEVNULL) as process:
        assert process.stdin and process.stdout
        process.stdin.write(NOTE)
        process.stdin.close()
        if not process.stdout.readline():
            raise SystemExit("No tag came.")
        return time.perf_counter() - began


def main() -> None:
    """Print a line for each."""
    python = sys.executable
    ways = {
        "import typer": lambda: seconds([python, "-c", "import typer"]),
        "note-terms --help": lambda: seconds([*NOTE_TERMS, "--help"]),
        "import spacy": lambda: seconds([python, "-c", "import spacy"]),
        "classifier.load()": lambda: seconds([python, "-c", "import classifier; classifier.load()"]),
        "note-terms tag, first tag": first_tag,
    }
    best = best_in_turns(ways, ROUNDS)
    for name, took in best.items():
        print(f"  {name:28}{took:8.2f} s {took / best['import typer']:8.1f} times import typer")


if __name__ == "__main__":
    main()
