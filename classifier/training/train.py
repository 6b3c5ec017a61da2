"""Train the arbiter: four questions over one matrix, a calibrator, and an honest table of what each decision gains."""

import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import sklearn
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits

import classifier
from classifier.annotation.notes import GoldNote
from classifier.arbiter_model import FORMAT, ArbiterModel, Judgement, digest, evidence
from classifier.batch.writers import replace_file
from classifier.components.arbiter import Decision, by_both, by_model, by_rules
from classifier.errors import NoteTermsError
from classifier.schemes import Scheme, load_scheme
from classifier.training.corpus import Candidate, candidates
from classifier.training.estimators import SEED, calibrator, fit
from classifier.training.pictures import reliability

FOLDS = 5
_BINS = 10


@dataclass(frozen=True, slots=True)
class Figures:
    """F1 of a way of deciding, over the candidates and the phrases of gold that none proposes."""

    tag: float
    """Label right under the scheme ccs."""
    tag_status: float
    """Label and status right."""
    extent: float
    """Label and extent right."""
    advanced: float
    """Uses of "advanced" found."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A model and what cross-validation says of it."""

    data: bytes
    """The model file."""
    table: dict[str, Figures]
    """F1 by way of deciding: the rules alone, the model alone, both, and both without one of its decisions."""
    brier: float
    """Mean squared error of the scores."""
    calibration_error: float
    """Expected calibration error over ten bins of equal width."""
    sure_right: float
    """Share of right tags among those with a score above 0.95."""
    reliability: list[tuple[float, float, int]]
    """Mean score, share of right tags and number of tags of each bin."""
    manifest: dict[str, Any]
    """What the package says of its model."""


# Threads cost more than they bring on matrices as sparse as these, and their sums depend on how many there are.
@threadpool_limits.wrap(limits=1)
def train(notes: Sequence[GoldNote], nlp: Any, report: Callable[[str], None] = lambda line: None) -> Trained:
    """Train on annotated notes; the same notes give the same file.

    Parameters
    ----------
    notes : sequence of GoldNote
        From `classifier.training.corpus.read_corpus`.
    nlp : Language
        `classifier.tagging.proposals()`.
    report : callable
        Gets a line as each step begins.

    Raises
    ------
    NoteTermsError
        E413 when there are too few notes or too few kinds of answers to learn from.
    """
    report(f"finding the candidates of {len(notes)} notes")
    found = candidates(nlp, notes)
    proposed = [candidate for candidate in found if candidate.features is not None]
    report(f"cross-validation over {FOLDS} folds of notes, {len(proposed)} candidates")
    judgements = judged(proposed)
    table = compared(found, judgements)
    decisions = _decisions(proposed, judgements, by_both)
    report("calibration")
    scored = [i for i, (c, d) in enumerate(zip(proposed, decisions, strict=True)) if d.tagged and c.right is not None]
    folds = _folds([proposed[i] for i in scored])
    seen = evidence(
        [judgements[i] for i in scored],
        [decisions[i].extent for i in scored],
        [proposed[i].ruling.weak for i in scored],
    )
    right = np.array([_right(proposed[i], decisions[i]) for i in scored])
    scores = np.zeros(len(scored))
    for rest, fold in folds:
        scores[fold] = calibrator(seen[rest], right[rest]).predict_proba(seen[fold])[:, 1]
    report("the model itself")
    data = BytesIO()
    joblib.dump(fit(proposed).parts(calibrator(seen, right)), data, compress=("zlib", 9))
    bins = _bins(scores, right)
    sure = right[scores > 0.95]
    trained = Trained(
        data.getvalue(),
        table,
        float(np.mean((scores - right) ** 2)),
        sum(count * abs(mean - share) for mean, share, count in bins) / max(len(scores), 1),
        float(sure.mean()) if len(sure) else 0.0,
        bins,
        {},
    )
    return replace(trained, manifest=_manifest(trained, notes, len(proposed)))


@threadpool_limits.wrap(limits=1)
def judged(proposed: Sequence[Candidate]) -> list[Judgement]:
    """Return what a model makes of each candidate that was trained without its note, fold by fold.

    Raises
    ------
    NoteTermsError
        E413 when there are too few notes, or what is left without a fold has too few kinds of answers.
    """
    judgements: list[Judgement] = [Judgement(0.0, {}, {})] * len(proposed)
    for rest, fold in _folds(proposed):
        part = ArbiterModel(fit([proposed[i] for i in rest]).parts())
        for i, judgement in zip(fold, part.judge([proposed[i].features or {} for i in fold]), strict=True):
            judgements[i] = judgement
    return judgements


def _folds(rows: Sequence[Candidate]) -> list[tuple[np.ndarray, np.ndarray]]:
    """What is learnt from and what is judged, in turn; split by note."""
    groups = [row.note for row in rows]
    if (notes := len(set(groups))) < 2 * FOLDS:
        raise NoteTermsError(
            "E413",
            f"There is too little to learn from: {notes} notes have phrases that could be tags.",
            f"Give at least {2 * FOLDS} such notes.",
        )
    return list(GroupKFold(FOLDS).split(rows, groups=groups))


def compared(
    found: Sequence[Candidate], judgements: Sequence[Judgement], counted: Callable[[Candidate], bool] = lambda c: True
) -> dict[str, Figures]:
    """Return the figures of each way of deciding.

    Parameters
    ----------
    found : sequence of Candidate
        From `classifier.training.corpus.candidates`.
    judgements : sequence of Judgement
        One for each of them that has features, in order.
    counted : callable
        Says of a candidate whether it counts.
    """
    scheme = load_scheme("ccs")
    proposed = [candidate for candidate in found if candidate.features is not None]
    pairs = [(c, j) for c, j in zip(proposed, judgements, strict=True) if counted(c)]
    rows, kept = [c for c, _ in pairs], [j for _, j in pairs]
    missed = [c for c in found if c.features is None and counted(c)]
    return {name: _figures(rows, _decisions(rows, kept, way), missed, scheme) for name, way in WAYS.items()}


def _decisions(
    rows: Sequence[Candidate], judgements: Sequence[Judgement], way: Callable[..., Decision]
) -> list[Decision]:
    return [way(c.ruling, j) for c, j in zip(rows, judgements, strict=True)]


WAYS: dict[str, Callable[..., Decision]] = {
    "rules alone": by_rules,
    "model alone": by_model,
    "both": by_both,
    "both, weak phrases left out": partial(by_both, threshold=2.0),
    "both, no phrase dropped": partial(by_both, drop=0.0),
    "both, extents by the rules": partial(by_both, open_extents=()),
    "both, statuses by the rules": partial(by_both, open_statuses=()),
}
"""Ways of deciding that the table compares."""


def _right(candidate: Candidate, decision: Decision) -> bool:
    """Whether label and extent are right."""
    return bool(candidate.right) and (candidate.label == "ADVANCED" or decision.extent == candidate.gold_extent)


def _figures(
    rows: Sequence[Candidate], decisions: Sequence[Decision], missed: Sequence[Candidate], scheme: Scheme
) -> Figures:
    right = dict.fromkeys(("tag", "status", "extent", "advanced"), 0)
    tagged, wanted, used, uses = (
        0,
        sum(c.label != "ADVANCED" for c in missed),
        0,
        sum(c.label == "ADVANCED" for c in missed),
    )
    for candidate, decision in zip(rows, decisions, strict=True):
        if candidate.right is None:
            continue
        if candidate.label == "ADVANCED":
            uses, used = uses + candidate.right, used + decision.tagged
            right["advanced"] += candidate.right and decision.tagged
            continue
        wanted, tagged = wanted + candidate.right, tagged + decision.tagged
        if (
            decision.tagged
            and candidate.right
            and _label(candidate.label, decision.extent, scheme)
            == _label(candidate.label, candidate.gold_extent, scheme)
        ):
            right["tag"] += 1
            right["status"] += decision.status == candidate.gold_status
            right["extent"] += decision.extent == candidate.gold_extent

    def f1(hits: int, all_tagged: int, all_wanted: int) -> float:
        return round(2 * hits / max(all_tagged + all_wanted, 1), 4)

    return Figures(
        f1(right["tag"], tagged, wanted),
        f1(right["status"], tagged, wanted),
        f1(right["extent"], tagged, wanted),
        f1(right["advanced"], used, uses),
    )


def _label(family: str, extent: str | None, scheme: Scheme) -> str | None:
    return scheme.label(extent) if family == "SPREAD" and extent else family


def _bins(scores: np.ndarray, right: np.ndarray) -> list[tuple[float, float, int]]:
    places = np.minimum((scores * _BINS).astype(int), _BINS - 1)
    return [
        (float(scores[places == b].mean()), float(right[places == b].mean()), int((places == b).sum()))
        for b in range(_BINS)
        if (places == b).any()
    ]


def _manifest(trained: Trained, notes: Sequence[GoldNote], proposed: int) -> dict[str, Any]:
    gold = sha256()
    for note in notes:
        gold.update(repr((note.note_id, note.text, note.spans, note.advanced)).encode())
    return {
        "sha256": digest(trained.data),
        "format": FORMAT,
        "package": classifier.__version__,
        "python": platform.python_version(),
        "scikit-learn": sklearn.__version__,
        "data_sha256": gold.hexdigest(),
        "notes": len(notes),
        "candidates": proposed,
        "seed": SEED,
        "folds": FOLDS,
        "cross_validation_f1": {
            name: {key: getattr(figures, key) for key in Figures.__dataclass_fields__}
            for name, figures in trained.table.items()
        },
        "brier": round(trained.brier, 4),
        "expected_calibration_error": round(trained.calibration_error, 4),
        "right_above_0.95": round(trained.sure_right, 4),
    }


def save(trained: Trained, folder: Path) -> None:
    """Write `arbiter.joblib`, `manifest.json` and `reliability.svg` into a folder, each at once or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / "arbiter.joblib", trained.data)
    replace_file(folder / "reliability.svg", reliability(trained.reliability).encode())
    replace_file(folder / "manifest.json", (json.dumps(trained.manifest, indent=2) + "\n").encode())
