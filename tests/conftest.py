import json
import os
import re
from pathlib import Path

# The tests share the processors: threads of linear algebra only wait for each other. It is read when numpy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest

import classifier

ROOT = Path(__file__).parent.parent
CASES = ROOT / "tests" / "cases"
SAMPLES = ROOT / "data" / "samples"
GOLD = ROOT.parent / "shared" / "gold"

needs_gold = pytest.mark.skipif(
    not (GOLD / "dev_notes.jsonl").exists(), reason="the optional public notes of ../shared/gold are not there"
)

MARK = re.compile(r"\[\[(.+?)\]\]", re.DOTALL)


def unmark(text):
    """Return a text without its double brackets, and the start and end of what stood in them."""
    match = MARK.search(text)
    assert match and len(MARK.findall(text)) == 1, text
    return text.replace("[[", "").replace("]]", ""), match.start(), match.start() + len(match[1])


def sample_texts():
    """Return (note_id, text) of each sample note."""
    lines = (SAMPLES / "notes.jsonl").read_text(encoding="utf-8").splitlines()
    return [(note["note_id"], note["text"]) for note in map(json.loads, lines)]


@pytest.fixture(scope="session")
def clf():
    return classifier.load()


@pytest.fixture(scope="session")
def nlp(clf):
    return clf.nlp
