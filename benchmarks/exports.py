"""Exports for the benchmarks: the public notes of ../shared/gold, else the samples, as often as is wanted."""

import json
import random
from collections.abc import Iterable
from itertools import cycle, islice
from pathlib import Path

ROOT = Path(__file__).parent.parent
GOLD = ROOT.parent / "shared" / "gold"
ONCOLOGY = GOLD / "dev_notes.jsonl"
SAMPLES = ROOT / "data" / "samples" / "notes.jsonl"


def texts_of(files: Iterable[Path]) -> list[str]:
    """The texts of some files of notes."""
    return [json.loads(line)["text"] for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def texts() -> list[str]:
    """The texts of all notes there are; with the public ones 7 % are of oncology, else all."""
    return texts_of([ONCOLOGY, GOLD / "general_notes.jsonl"] if GOLD.exists() else [SAMPLES])


def write_export(path: Path, count: int) -> None:
    """Write so many notes as JSONL. Each ends in names that no other has, as notes do."""
    draw = random.Random(1)
    letters = "abcdefghijklmnopqrstuvwxyz"
    notes = texts()
    draw.shuffle(notes)
    with path.open("w", encoding="utf-8") as stream:
        for number, text in enumerate(islice(cycle(notes), count)):
            names = " ".join("".join(draw.choices(letters, k=8)).title() for _ in range(20))
            stream.write(json.dumps({"note_id": number, "text": f"{text}\nSeen by {names}."}) + "\n")
