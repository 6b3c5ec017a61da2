"""Write annotated notes in every format, read them back, and count the tags that are the same.

python benchmarks/round_trip.py [GOLD NOTES]

Reads the sample notes, gold and notes of yours or those of ../shared/gold where they are there, and 500 generated
documents of hard characters and overlaps.
"""

import random
import sys
import tempfile
from pathlib import Path

from classifier.annotation.formats import FormatName, annotation_format, gold
from classifier.annotation.notes import LABELS, WORDS, GoldNote, facts_of, gold_note
from classifier.annotation.readings import annotated_notes
from classifier.resources import read_jsonl

ROOT = Path(__file__).parent.parent
CORPORA = {
    "samples": (ROOT / "data/samples/gold.jsonl", ROOT / "data/samples/notes.jsonl"),
    "samples/training": (ROOT / "data/samples/training/gold.jsonl", ROOT / "data/samples/training/notes.jsonl"),
    "gold/dev": (ROOT.parent / "shared/gold/dev.jsonl", ROOT.parent / "shared/gold/dev_notes.jsonl"),
}
PIECES = [
    "mets",
    "N2c",
    "stage IV",
    " ",
    "  ",
    "\n",
    "\r\n",
    "\t",
    "é",
    "e\u0301",
    "😀",
    "👩🏽‍⚕️",
    "𝟙",
    "ß",
    "\u200b",
    "\u2028",
    "<b>",
    "&amp;",
    ",",
]
DOCUMENTS, SEED = 500, 20


def generated() -> list[GoldNote]:
    """Return documents of hard characters with nested, overlapping and equal spans; some are empty."""
    chance = random.Random(SEED)
    notes = []
    for number in range(DOCUMENTS):
        text = "".join(chance.choices(PIECES, k=chance.randrange(40)))
        places = [place for place, character in enumerate(text) if not character.isspace()]
        marks = {}
        for _ in range(chance.randrange(9) if places else 0):
            start, last = sorted(chance.choices(places, k=2))
            label = chance.choice(LABELS)
            facts = {name: str(chance.choice(list(WORDS[name]))) for name in facts_of(label) if name in WORDS}
            historical = chance.random() < 0.3
            marks[start, last, label] = {
                "start": start,
                "end": last + 1,
                "label": label,
                "historical": historical,
            } | facts
        notes.append(gold_note("generated", f"{number}/ü", text, "", marks.values()))
    return notes


def read(path: Path, texts: Path) -> list[GoldNote]:
    """Return the notes of a corpus."""
    return list(gold.read_notes(path, {str(line["note_id"]): line["text"] for _, line in read_jsonl(texts)}))


def main() -> None:
    """Print, a format and corpus, how many notes and tags come back the same; exit status 1 if any does not."""
    sources = CORPORA | ({"yours": (Path(sys.argv[1]), Path(sys.argv[2]))} if len(sys.argv) == 3 else {})
    corpora = {name: read(*paths) for name, paths in sources.items() if all(path.exists() for path in paths)}
    corpora["generated"] = generated()
    differs = False
    for name, notes in corpora.items():
        total = sum(len(note.marks) for note in notes)
        print(f"{name}: {len(notes)} notes, {total} tags")
        for form in FormatName:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "out.file"
                annotation_format(form).write(notes, path)
                back = {
                    note.note_id: note
                    for note in annotated_notes(annotation_format(form).read(path), predictions=True)
                    if isinstance(note, GoldNote)
                }
            same = sum(
                mark in back[note.note_id].marks for note in notes if note.note_id in back for mark in note.marks
            )
            whole = sum(note.note_id in back and _content(note) == _content(back[note.note_id]) for note in notes)
            print(f"  {form:13} {same / total:7.2%} of the tags, {whole} of {len(notes)} notes the same")
            differs |= same < total or whole < len(notes)
    sys.exit(differs)


def _content(note: GoldNote) -> tuple:
    return note.text, note.spans, note.advanced


if __name__ == "__main__":
    main()
