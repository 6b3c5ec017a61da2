"""Where the time goes: the screen, each component and the tags, on the notes of `speed.py`, best of three rounds.

python benchmarks/parts.py [NOTES.jsonl...]
"""

import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from speed import exports

import classifier
from classifier.tagging import doc_tags

ROUNDS = 3
BATCH = 256


def parts(clf: classifier.Classifier, texts: list[str]) -> Iterator[tuple[str, float]]:
    """Yield each part with the seconds that it takes, batch by batch as `clf.tag` goes."""
    for start in range(0, len(texts), BATCH):
        batch = texts[start : start + BATCH]
        began = time.perf_counter()
        screened = [clf._screen.doc(text) for text in batch]
        yield "screen", time.perf_counter() - began
        docs: Iterable = [doc for doc in screened if doc is not None]
        for component in clf._components:
            began = time.perf_counter()
            docs = list(component.pipe(docs))
            yield type(component).__name__, time.perf_counter() - began
        began = time.perf_counter()
        for doc in docs:
            doc_tags(doc)
        yield "tags", time.perf_counter() - began


def main() -> None:
    """Print a table for each set of notes."""
    clf = classifier.load()
    for name, notes in exports([Path(path) for path in sys.argv[1:]]).items():
        texts = notes["text"].tolist()
        best: dict[str, float] = {}
        for _ in range(ROUNDS):
            took: dict[str, float] = {}
            for part, seconds in parts(clf, texts):
                took[part] = took.get(part, 0.0) + seconds
            best = {part: min(seconds, best.get(part, seconds)) for part, seconds in took.items()}
        passed = sum(clf._screen._gate.search(text.encode()) is not None for text in texts)
        read = [doc for doc in map(clf._screen.doc, texts) if doc is not None]
        characters = sum(len(doc.text) for doc in read) / sum(map(len, texts))
        print(
            f"\n{name}: {len(texts)} notes; {passed} pass the gate, {len(read)} are read, {characters:.1%} of the text"
        )
        for part, seconds in best.items():
            print(f"  {part:16} {1000 * seconds:8.1f} ms {seconds / sum(best.values()):6.0%}")


if __name__ == "__main__":
    main()
