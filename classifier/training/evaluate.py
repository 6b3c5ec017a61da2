"""Score tags against gold: precision, recall and F1 a label, status, extent, and the flag for ambiguous "advanced"."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from classifier.annotation.annotations import AnnotatedNote
from classifier.annotation.matching import overlap, touches
from classifier.annotation.notes import IGNORE, Mark
from classifier.components.arbiter import by_model
from classifier.labels import Label, Sense


@dataclass(slots=True)
class Count:
    """Right, superfluous and missed spans."""

    right: int = 0
    """Predicted spans that pair with a gold span."""
    extra: int = 0
    """Predicted spans that pair with none."""
    missed: int = 0
    """Gold spans that pair with none."""

    @property
    def precision(self) -> float:
        """Share of the predicted spans that are right; 0 where there are none."""
        return self.right / (self.right + self.extra) if self.right + self.extra else 0.0

    @property
    def recall(self) -> float:
        """Share of the gold spans that are found; 0 where there are none."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def add(self, right: int, extra: int, missed: int) -> None:
        """Add to the counts."""
        self.right += right
        self.extra += extra
        self.missed += missed


@dataclass(slots=True)
class Evaluation:
    """How well tags agree with gold."""

    counts: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    """`tag`, `tag+status`, `extent`, `historical`, `advanced`, `flag`, and `label:` with each label.

    `historical` is counted over the pairs of `tag` alone.
    """
    status_right: int = 0
    """Pairs of the same label that have the same status."""
    status_all: int = 0
    """Pairs of the same label."""
    sense_right: int = 0
    """Uses of "advanced" found that have the same sense."""

    @property
    def status_accuracy(self) -> float | None:
        """Share of the paired spans with the right status."""
        return self.status_right / self.status_all if self.status_all else None


def evaluate(gold: dict[str, AnnotatedNote], predicted: dict[str, AnnotatedNote]) -> Evaluation:
    """Compare predicted spans with gold.

    A predicted span is right when it overlaps a gold span of the same label, one to one, the longer overlap first.
    What overlaps a gold span of the label IGNORE is neither right nor wrong.
    """
    evaluation = Evaluation()
    for name, note in gold.items():
        _compare(note, predicted.get(name, AnnotatedNote()), evaluation)
    return evaluation


def _compare(gold: AnnotatedNote, predicted: AnnotatedNote, evaluation: Evaluation) -> None:
    for name, keys in (("tag", ()), ("tag+status", ("status",)), ("extent", ("extent",))):
        pairs, missed, extra = pair_counted(gold, predicted, _same("label", *keys))
        evaluation.counts[name].add(len(pairs), len(extra), len(missed))
        if name == "tag":
            _count_pairs(pairs, missed, extra, evaluation)
    pairs, missed, extra = pair(gold.advanced, predicted.advanced, lambda a, b: True)
    evaluation.counts["advanced"].add(len(pairs), len(extra), len(missed))
    evaluation.sense_right += sum(a["sense"] == b["sense"] for a, b in pairs)
    flagged, flags = _ambiguous(gold), _ambiguous(predicted)
    evaluation.counts["flag"].add(flagged and flags, flags and not flagged, flagged and not flags)


def _count_pairs(pairs: list[tuple[Mark, Mark]], missed: list[Mark], extra: list[Mark], evaluation: Evaluation) -> None:
    for a, b in pairs:
        evaluation.counts[f"label:{a['label']}"].right += 1
        evaluation.status_all += 1
        evaluation.status_right += a.get("status") == b.get("status")
        past, found = bool(a.get("historical")), bool(b.get("historical"))
        evaluation.counts["historical"].add(past and found, found and not past, past and not found)
    for span in extra:
        evaluation.counts[f"label:{span['label']}"].extra += 1
    for span in missed:
        evaluation.counts[f"label:{span['label']}"].missed += 1


def _same(*keys: str) -> Callable[[Mark, Mark], bool]:
    return lambda a, b: all(a.get(key) == b.get(key) for key in keys)


def pair_counted(
    gold: AnnotatedNote, predicted: AnnotatedNote, same: Callable[[Mark, Mark], bool]
) -> tuple[list[tuple[Mark, Mark]], list[Mark], list[Mark]]:
    """Return what `pair` does of the spans of a note, without what either side leaves open by IGNORE."""
    ignored = [span for span in gold.spans if span["label"] == IGNORE]
    wanted = [span for span in gold.spans if span["label"] != IGNORE]
    found = [span for span in predicted.spans if span["label"] != IGNORE]
    if len(found) < len(predicted.spans):
        # A second annotator's IGNORE spans count for nothing either.
        ignored += [span for span in predicted.spans if span["label"] == IGNORE]
        wanted = [span for span in wanted if not touches(span, ignored)]
    pairs, missed, extra = pair(wanted, found, same)
    return pairs, missed, [span for span in extra if not touches(span, ignored)]


def pair(
    gold: list[Mark], predicted: list[Mark], same: Callable[[Mark, Mark], bool]
) -> tuple[list[tuple[Mark, Mark]], list[Mark], list[Mark]]:
    """Pair spans one to one, the longest overlap first; return the pairs and what is left of each side."""
    candidates = [
        (shared, i, j)
        for i, a in enumerate(gold)
        for j, b in enumerate(predicted)
        if (shared := overlap(a, b)) > 0 and same(a, b)
    ]
    left, right = set(range(len(gold))), set(range(len(predicted)))
    pairs = []
    for _, i, j in sorted(candidates, reverse=True):
        if i in left and j in right:
            left.remove(i)
            right.remove(j)
            pairs.append((gold[i], predicted[j]))
    return pairs, [gold[i] for i in sorted(left)], [predicted[j] for j in sorted(right)]


def _ambiguous(note: AnnotatedNote) -> bool:
    return any(use.get("sense") == Sense.AMBIGUOUS for use in note.advanced)


def as_json(evaluation: Evaluation) -> str:
    """Return the figures as one JSON object."""
    figures: dict[str, Any] = {
        name: {
            "precision": round(count.precision, 4),
            "recall": round(count.recall, 4),
            "f1": round(count.f1, 4),
            "right": int(count.right),
            "extra": int(count.extra),
            "missed": int(count.missed),
        }
        for name, count in sorted(evaluation.counts.items())
    }
    accuracy = evaluation.status_accuracy
    figures["status_accuracy"] = None if accuracy is None else round(accuracy, 4)
    figures["sense_right"] = evaluation.sense_right
    return json.dumps(figures, indent=2)


def annotate(texts: Mapping[str, str]) -> dict[str, dict[str, AnnotatedNote]]:
    """Tag notes, given by their ids, by the rules alone, by the model alone and by both."""
    from classifier.tagging import load

    alone, both, model = load(model="none"), load(), load()
    model.nlp.get_pipe("cancer_arbiter").decide = by_model  # type: ignore[attr-defined]
    ways = {"rules alone": alone, "model alone": model, "both": both}
    return {
        way: {
            note.note_id: AnnotatedNote(
                [asdict(tag) for tag in note.tags if tag.label != Label.ADVANCED],
                [asdict(tag) for tag in note.tags if tag.label == Label.ADVANCED],
            )
            for note in classifier.tag_notes(texts.items())
        }
        for way, classifier in ways.items()
    }
