"""Score negspacy or medspaCy on the sentences of `assertion.py`, in an environment of their own.

python -m venv other && other/bin/pip install negspacy    (or medspacy)
other/bin/python benchmarks/assertion_others.py negspacy  (or medspacy)  [FILE]
"""

import json
import sys
from collections import Counter
from pathlib import Path

import spacy

FILE = Path(__file__).parent.parent / "data" / "samples" / "assertion_held_out.jsonl"


def main() -> None:
    """Print F1 of what each of them tells: negation, or all statuses; never a sentence."""
    which, path = sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else FILE
    nlp = spacy.blank("en")
    splitter = nlp.add_pipe("sentencizer")
    if which == "negspacy":
        from negspacy.negation import Negex
        from negspacy.termsets import termset

        terms = termset("en_clinical").get_patterns()
        read = Negex(nlp, "negex", neg_termset=terms, ent_types=[], extension_name="negex", chunk_prefix=[])
    else:
        from medspacy.context import ConText

        read = ConText(nlp)
    right, extra, missed = Counter(), Counter(), Counter()
    for line in path.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        doc = splitter(nlp.make_doc(case["sentence"]))
        doc.ents = [doc.char_span(case["start"], case["end"], label="F", alignment_mode="expand")]
        (span,) = read(doc).ents
        gold = {case["status"]} | ({"historical"} if case["historical"] else set())
        if which == "negspacy":
            found, gold = ({"negated"} if span._.negex else set()), gold & {"negated"}
        else:
            signs = {
                "negated": span._.is_negated,
                "family": span._.is_family,
                "hypothetical": span._.is_hypothetical,
                "possible": span._.is_uncertain,
            }
            found = {next((name for name, there in signs.items() if there), "present")}
            found |= {"historical"} if span._.is_historical else set()
        right.update(found & gold)
        extra.update(found - gold)
        missed.update(gold - found)
    for name in sorted(right | extra | missed):
        print(f"{name:14} F1 {2 * right[name] / (2 * right[name] + extra[name] + missed[name]):.3f}")


if __name__ == "__main__":
    main()
