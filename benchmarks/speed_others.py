"""Notes a second of EDS-NLP or medSpaCy, finding a list of terms and what is denied, beside the bare tokenizer.

python benchmarks/speed_others.py           what is installed here; EDS-NLP: pip install -e '.[benchmarks]'

medSpaCy needs an older spaCy, so an environment of its own:
python3 -m venv other && other/bin/pip install medspacy && other/bin/python benchmarks/speed_others.py
"""

import random
from collections.abc import Callable
from importlib.util import find_spec

import spacy
from exports import texts
from turns import best_in_turns, timed

SAMPLE = 150
ROUNDS = 3
TERMS = ["metastasis", "metastases", "metastatic", "mets", "recurrence", "recurrent", "recurred", "relapse", "relapsed"]
TERMS += ["secondaries", "carcinomatosis", "second primary", "locally advanced", "advanced cancer", "stage IV"]


def eds_nlp() -> Callable[[str], object]:
    """EDS-NLP: sentences, a list of terms, negation, hypothesis, family and history."""
    import edsnlp
    import edsnlp.pipes as eds

    nlp = edsnlp.blank("eds")
    nlp.add_pipe(eds.sentences())
    nlp.add_pipe(eds.matcher(terms={"spread": TERMS}, attr="LOWER"))
    for qualifier in (eds.negation, eds.hypothesis, eds.family, eds.history):
        nlp.add_pipe(qualifier())
    return nlp


def medspacy_pipeline() -> Callable[[str], object]:
    """The pipeline of medSpaCy: PyRuSH, its target matcher with a list of terms, and ConText."""
    import medspacy
    from loguru import logger
    from medspacy.ner import TargetRule

    # PyRuSH logs each token unless it is told not to.
    logger.remove()
    nlp = medspacy.load(enable=["medspacy_pyrush", "medspacy_target_matcher", "medspacy_context"])
    nlp.get_pipe("medspacy_target_matcher").add([TargetRule(term, "SPREAD") for term in TERMS])
    return nlp


OTHERS = {
    name: make
    for name, module, make in (("EDS-NLP", "edsnlp", eds_nlp), ("medSpaCy", "medspacy", medspacy_pipeline))
    if find_spec(module)
}
"""Those that are installed."""


def sample() -> list[str]:
    """Some of the notes, the same each time: the others take long for all."""
    notes = texts()
    return random.Random(1).sample(notes, min(SAMPLE, len(notes)))


def reader(read: Callable[[str], object], notes: list[str]) -> Callable[[], object]:
    """What reads all of some notes."""
    return lambda: [read(note) for note in notes]


def main() -> None:
    """Print a line for each."""
    if not OTHERS:
        raise SystemExit("Neither EDS-NLP nor medSpaCy is installed: see the head of this file.")
    notes = sample()
    readers = {"spaCy bare tokenizer": spacy.blank("en").make_doc, **{name: make() for name, make in OTHERS.items()}}
    took = best_in_turns({name: timed(reader(read, notes)) for name, read in readers.items()}, ROUNDS)
    print(f"{len(notes)} notes; spaCy {spacy.__version__}")
    for name, seconds in took.items():
        times = took["spaCy bare tokenizer"] / seconds
        print(f"  {name:24} {len(notes) / seconds:10,.1f} notes/s {times:8.3f} times the tokenizer")


if __name__ == "__main__":
    main()
