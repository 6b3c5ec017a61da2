"""Notes a second of the classifier beside spaCy's bare tokenizer, on the same notes in the same run.

What else is installed (see `speed_others.py`) is measured on a sample of them.

python benchmarks/speed.py [NOTES.jsonl...]   default: the public notes of ../shared/gold, else the samples, 10 times
"""

import sys
from pathlib import Path

import pandas as pd
import spacy
from exports import GOLD, ONCOLOGY, texts, texts_of
from speed_others import OTHERS, reader, sample
from turns import best_in_turns, timed

import classifier
from classifier.tagging import doc_tags

ROUNDS = 7


def frame(texts: list[str]) -> pd.DataFrame:
    """A frame of notes, with ids of their own."""
    return pd.DataFrame({"note_id": [str(number) for number in range(len(texts))], "text": texts})


def exports(given: list[Path]) -> dict[str, pd.DataFrame]:
    """Return the sets of notes: those given, or the public ones, or the samples."""
    if given:
        return {"given": frame(texts_of(given))}
    if GOLD.exists():
        return {"mixed": frame(texts()), "oncology": frame(texts_of([ONCOLOGY]))}
    return {"samples, 10 times": frame(texts() * 10)}


def main() -> None:
    """Print a table for each set of notes."""
    bare, both, rules = spacy.blank("en"), classifier.load(), classifier.load(model="none")
    for name, notes in exports([Path(path) for path in sys.argv[1:]]).items():
        texts = notes["text"].tolist()
        gate = both._screen._gate
        ways = {
            "spaCy's bare tokenizer": lambda texts=texts: [bare.make_doc(text) for text in texts],
            "clf.tag": lambda notes=notes: both.tag(notes),
            "clf.tag, rules alone": lambda notes=notes: rules.tag(notes),
            "nlp(text), no screen": lambda texts=texts: [doc_tags(both.nlp(text)) for text in texts],
            "the scan alone (RE2)": lambda texts=texts, gate=gate: [gate.findall(text.encode()) for text in texts],
        }
        print(f"\n{name}: {len(texts)} notes, {sum(map(len, texts)):,} characters")
        took = best_in_turns({way: timed(work) for way, work in ways.items()}, ROUNDS)
        for way, seconds in took.items():
            times = took["spaCy's bare tokenizer"] / seconds
            print(f"  {way:24} {len(texts) / seconds:10,.0f} notes/s {times:8.2f} times the tokenizer")
        print(f"  clf.tag takes {took['clf.tag'] / took['the scan alone (RE2)']:,.0f} times as long as the scan alone")
    if OTHERS:
        notes = sample()
        print(f"\na sample of {len(notes)} notes")
        ways = {
            "spaCy's bare tokenizer": lambda: [bare.make_doc(note) for note in notes],
            "clf.tag": lambda: list(both.tag_notes(("", note) for note in notes)),
            **{name: reader(make(), notes) for name, make in OTHERS.items()},
        }
        took = best_in_turns({way: timed(work) for way, work in ways.items()}, ROUNDS)
        for way, seconds in took.items():
            times = took["spaCy's bare tokenizer"] / seconds
            print(f"  {way:24} {len(notes) / seconds:10,.1f} notes/s {times:8.3f} times the tokenizer", flush=True)


if __name__ == "__main__":
    main()
