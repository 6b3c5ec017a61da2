"""Score the assertion component alone on sentences about any finding: F1 a status.

python benchmarks/assertion.py [FILE]       default: data/samples/assertion_held_out.jsonl
"""

import json
import sys
from collections import Counter
from pathlib import Path

import spacy

FILE = Path(__file__).parent.parent / "data" / "samples" / "assertion_held_out.jsonl"


def main() -> None:
    """Print right, extra, missed and F1 of each status and of historical; never a sentence, so that it stays unread."""
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("cancer_assertion", config={"spans_key": "findings"})
    right, extra, missed = Counter(), Counter(), Counter()
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    for line in path.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        doc = nlp.get_pipe("sentencizer")(nlp.make_doc(case["sentence"]))
        doc.spans["findings"] = [doc.char_span(case["start"], case["end"], label="F", alignment_mode="expand")]
        doc = nlp.get_pipe("cancer_assertion")(doc)
        (span,) = doc.spans["findings"]
        found = {span._.status} | ({"historical"} if span._.historical else set())
        gold = {case["status"]} | ({"historical"} if case["historical"] else set())
        right.update(found & gold)
        extra.update(found - gold)
        missed.update(gold - found)
    for name in sorted(right | extra | missed):
        f1 = 2 * right[name] / (2 * right[name] + extra[name] + missed[name])
        print(f"{name:14} F1 {f1:.3f}  right {right[name]}  extra {extra[name]}  missed {missed[name]}")


if __name__ == "__main__":
    main()
