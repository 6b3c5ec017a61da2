"""Score tags against gold: precision, recall and F1 a label, status, extent, and the flag for ambiguous "advanced"."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from classifier.annotation.notes import IGNORE, checked
from classifier.batch.tables import NEEDED, read_table
from classifier.components.arbiter import by_model
from classifier.errors import NoteTermsError
from classifier.labels import Label, Sense

Span = dict[str, Any]


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


@dataclass(slots=True)
class AnnotatedNote:
    """The spans of one note."""

    spans: list[Span] = field(default_factory=list)
    """Spans with start, end, label, extent, status, historical; label IGNORE counts for nothing."""
    advanced: list[Span] = field(default_factory=list)
    """Uses of "advanced" with start, end, sense."""
    text: str | None = None
    """The note, where gold has it."""
    of_table: bool = False
    """It is of a tags table, which does not name the notes without tags."""


def read_annotations(path: Path) -> dict[str, AnnotatedNote]:
    """Read gold (one note a line, with `spans` and `advanced`) or a tags table (one tag a row), by note id.

    Raises
    ------
    NoteTermsError
        E540 to E542 from `classifier.batch.tables.read_table`; E141 for a line that is neither shape; E543 for a note
        of gold that comes twice; what `classifier.annotation.notes.checked` raises for a span.
    """
    notes: dict[str, AnnotatedNote] = {}
    for number, row in read_table(path):
        if "note_id" not in row or not (_is_gold(row) if "spans" in row else set(row) >= NEEDED):
            raise NoteTermsError(
                "E141", f"{path}, line {number} is neither gold nor a tag.", "See docs/columns.md for the two shapes."
            )
        name = str(row["note_id"])
        if "spans" in row:
            if name in notes:
                raise NoteTermsError("E543", f"{path}, line {number} has note {name!r} again.", "Keep one of the two.")
            notes[name] = AnnotatedNote(text=row.get("text"))
            spans = [*row["spans"], *({**use, "label": str(Label.ADVANCED)} for use in row.get("advanced") or [])]
        else:
            notes.setdefault(name, AnnotatedNote(of_table=True))
            spans = [row]
        note = notes[name]
        for span in spans:
            span = checked(f"{path}, line {number}", span, note.text)
            (note.advanced if span["label"] == Label.ADVANCED else note.spans).append(span)
    return notes


def _is_gold(row: dict[str, Any]) -> bool:
    lists = (row["spans"], row.get("advanced") or [])
    spans = all(isinstance(found, list) and all(isinstance(span, dict) for span in found) for found in lists)
    return spans and isinstance(row.get("text"), str | None)


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


def _count_pairs(pairs: list[tuple[Span, Span]], missed: list[Span], extra: list[Span], evaluation: Evaluation) -> None:
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


def _same(*keys: str) -> Callable[[Span, Span], bool]:
    return lambda a, b: all(a.get(key) == b.get(key) for key in keys)


def pair_counted(
    gold: AnnotatedNote, predicted: AnnotatedNote, same: Callable[[Span, Span], bool]
) -> tuple[list[tuple[Span, Span]], list[Span], list[Span]]:
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
    gold: list[Span], predicted: list[Span], same: Callable[[Span, Span], bool]
) -> tuple[list[tuple[Span, Span]], list[Span], list[Span]]:
    """Pair spans one to one, the longest overlap first; return the pairs and what is left of each side."""
    candidates = [
        (overlap, i, j)
        for i, a in enumerate(gold)
        for j, b in enumerate(predicted)
        if (overlap := _overlap(a, b)) > 0 and same(a, b)
    ]
    left, right = set(range(len(gold))), set(range(len(predicted)))
    pairs = []
    for _, i, j in sorted(candidates, reverse=True):
        if i in left and j in right:
            left.remove(i)
            right.remove(j)
            pairs.append((gold[i], predicted[j]))
    return pairs, [gold[i] for i in sorted(left)], [predicted[j] for j in sorted(right)]


def _overlap(a: Span, b: Span) -> int:
    return min(a["end"], b["end"]) - max(a["start"], b["start"])


def touches(span: Span, others: list[Span]) -> bool:
    """Return whether a span overlaps any of others."""
    return any(_overlap(span, other) > 0 for other in others)


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
