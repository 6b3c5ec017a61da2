"""What the model gains over the rules, by batch of the written notes: cross-validation, split by note.

python benchmarks/arbiter.py   about two minutes
"""

from pathlib import Path

from classifier.tagging import proposals
from classifier.training.corpus import candidates, read_corpus
from classifier.training.train import compared, judged

SAMPLES = Path(__file__).parent.parent / "data" / "samples"
UNTUNED = tuple("fhijklm")
"""Batches of data/samples/training of which no rule has learnt to find phrases (see its README)."""


def main() -> None:
    """Print a table for all notes, for those that rules were tuned on, and for those they were not."""
    notes = read_corpus([SAMPLES, SAMPLES / "training"])
    found = candidates(proposals(), notes)
    judgements = judged([candidate for candidate in found if candidate.features is not None])
    untuned = {number for number, note in enumerate(notes) if note.note_id.startswith(UNTUNED)}
    groups = {
        "all notes": set(range(len(notes))),
        "notes that rules were tuned on": set(range(len(notes))) - untuned,
        "notes that no rule was tuned on (batches f, h to m)": untuned,
    }
    for name, numbers in groups.items():
        print(f"\n{name}: {len(numbers)}")
        table = compared(found, judgements, lambda candidate, numbers=numbers: candidate.note in numbers)
        for way in ("rules alone", "model alone", "both"):
            figures = table[way]
            print(
                f"  {way:12} tag {figures.tag:.3f}  tag+status {figures.tag_status:.3f}  "
                f"extent {figures.extent:.3f}  advanced {figures.advanced:.3f}"
            )


if __name__ == "__main__":
    main()
