"""The trained model file: what it holds, how it is opened with care, and how it judges candidate phrases."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from classifier import resources
from classifier.errors import NoteTermsError
from classifier.reading.features import Features

MODEL = resources.MODELS / "arbiter.joblib"
"""The model of the package."""
MANIFEST = resources.MODELS / "manifest.json"
"""What the package says of its model: its digest, the versions that made it, its data and scores."""

FORMAT = 2
QUESTIONS = ("about", "spread", "returned", "status")
"""What the model is asked: whether a phrase is a cancer's, its extent as a spread or as a recurrence, its status."""
TRAIN_AGAIN = "note-terms train data/samples data/samples/training -o models --force"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the model makes of one candidate phrase."""

    about: float
    """Probability that it is what its pattern says, of a cancer."""
    extents: dict[str, float]
    """Probability of each extent, if it is; empty where its label has none."""
    statuses: dict[str, float]
    """Probability of each status, if it is."""
    placed: bool = False
    """A site is named in its sentence, outside the phrase."""
    known: bool = True
    """The model has learnt from phrases of its pattern."""


class ArbiterModel:
    """Four logistic regressions over the same sparse features, and a calibrator, as plain arrays.

    scikit-learn trains it (`classifier.training.estimators`); to judge takes numpy alone, which is imported sooner and
    reads the file whatever the version of scikit-learn.

    Parameters
    ----------
    parts : dict
        `columns`, the number of each feature; `answers`, the names of the answers to each question; `weights`, shape
        (features, answers), and `biases`, shape (answers,), of all questions side by side; `score`, the weights of the
        calibrator and its bias, shape (5,).
    """

    def __init__(self, parts: dict[str, Any]) -> None:
        self._columns: dict[str, int] = parts["columns"]
        self._weights: np.ndarray = parts["weights"]
        self._biases: np.ndarray = parts["biases"]
        self._score: np.ndarray = parts["score"]
        self._answers: dict[str, list[str]] = parts["answers"]
        ends = np.cumsum([len(self._answers[question]) for question in QUESTIONS]).tolist()
        self._places = dict(zip(QUESTIONS, map(slice, [0, *ends[:-1]], ends), strict=True))

    def judge(self, features: Sequence[Features]) -> list[Judgement]:
        """Judge candidates.

        Parameters
        ----------
        features : sequence of dict
            From `classifier.reading.features.features`.
        """
        if not features:
            return []
        sums = np.array([self._sums(candidate) for candidate in features])
        about, spread, returned, statuses = (self._probabilities(question, sums) for question in QUESTIONS)
        judged = []
        for row, candidate in enumerate(features):
            label = str(candidate["label"])
            extents = spread if "_SPREAD" in label else returned if label.startswith(("RECURRENCE", "RELAPSE")) else {}
            judged.append(
                Judgement(
                    about["True"][row],
                    {name: values[row] for name, values in extents.items()},
                    {name: values[row] for name, values in statuses.items()},
                    placed="SITE before" in candidate or "SITE after" in candidate,
                    known=f"rule={candidate['rule']}" in self._columns,
                )
            )
        return judged

    def _sums(self, candidate: Features) -> np.ndarray:
        """What a candidate's features add up to for each answer; shape (answers,). The model may not know them all."""
        named = (
            (f"{name}={value}", 1.0) if isinstance(value, str) else (name, value) for name, value in candidate.items()
        )
        known = [(self._columns[name], value) for name, value in named if name in self._columns]
        columns, values = zip(*known, strict=True) if known else ((), ())
        return self._biases + np.array(values) @ self._weights[list(columns)]

    def _probabilities(self, question: str, sums: np.ndarray) -> dict[str, list[float]]:
        sums = sums[:, self._places[question]]
        odds = np.exp(sums - sums.max(axis=1, keepdims=True))
        chances = odds / odds.sum(axis=1, keepdims=True)
        return {name: chances[:, n].tolist() for n, name in enumerate(self._answers[question])}

    def scores(self, judgements: Sequence[Judgement], chosen: Sequence[str | None], weak: Sequence[bool]) -> np.ndarray:
        """Return the calibrated probability that label and extent are right; shape (candidates,).

        Parameters
        ----------
        judgements : sequence of Judgement
        chosen : sequence of str or None
            The extent that was chosen for each.
        weak : sequence of bool
            Whether no rule settled the candidate.
        """
        if not judgements:
            return np.zeros(0)
        return 1 / (1 + np.exp(-evidence(judgements, chosen, weak) @ self._score[:-1] - self._score[-1]))


def evidence(judgements: Sequence[Judgement], chosen: Sequence[str | None], weak: Sequence[bool]) -> np.ndarray:
    """Return what the calibrator sees; shape (candidates, 4): two log-odds, weak or not, whether the model agrees."""
    rows = []
    for judgement, extent, loose in zip(judgements, chosen, weak, strict=True):
        sure = judgement.extents.get(extent, 0.01) if judgement.extents and extent else 1.0
        best = max(judgement.extents, key=lambda name: judgement.extents[name], default=None)
        rows.append([_log_odds(judgement.about), _log_odds(sure), float(loose), float(best in (None, extent))])
    return np.array(rows)


def _log_odds(probability: float) -> float:
    clipped = min(max(probability, 0.005), 0.995)
    return float(np.log(clipped / (1 - clipped)))


def digest(data: bytes) -> str:
    """Return the SHA-256 of a model file."""
    return hashlib.sha256(data).hexdigest()


def load_model(path: Path = MODEL, sha256: str | None = None) -> ArbiterModel:
    """Open a model file, which is unpickled only when its digest is known.

    Parameters
    ----------
    path : Path, default the model of the package
    sha256 : str, optional
        The digest that the file must have; default that of the package's manifest.

    Raises
    ------
    NoteTermsError
        E401 when there is no such file, E402 when its digest is not the one pinned, E403 when it is no model file
        of this version.
    """
    try:
        data = path.read_bytes()
    except OSError:
        raise NoteTermsError("E401", f"{path} cannot be read.", f"Make it with: {TRAIN_AGAIN}") from None
    pinned = sha256 or json.loads(MANIFEST.read_text(encoding="utf-8"))["sha256"]
    found = digest(data)
    if found != pinned.lower():
        raise NoteTermsError(
            "E402",
            f"{path} has the digest {found}, not {pinned}; a model file can run code, so it is not opened.",
            "If it is yours, give its digest with --sha256; else get the file again.",
        )
    try:
        parts = joblib.load(BytesIO(data))
        if parts["format"] != FORMAT:
            raise ValueError("another format")
        return ArbiterModel(parts)
    except Exception as error:  # Whatever unpickling raises, the remedy is the same.
        raise NoteTermsError(
            "E403",
            f"{path} is no model that this version can read ({type(error).__name__}).",
            f"Train it again: {TRAIN_AGAIN}",
        ) from None
