"""The scikit-learn estimators that the arbiter is trained with, and what of them a model file keeps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

from classifier.arbiter_model import FORMAT, QUESTIONS
from classifier.errors import NoteTermsError
from classifier.training.corpus import Candidate

SEED = 20
_STRENGTH = 3.0
# A feature is learnt from when so many candidates have it.
_LEAST = 2


@dataclass(frozen=True, slots=True)
class _Asked:
    """One question: what its answers are, for an error, which candidates have one, and which."""

    about: str
    of: Callable[[Candidate], bool]
    answer: Callable[[Candidate], Any]


_ASKED = {
    "about": _Asked("right and wrong phrases", lambda c: True, lambda c: c.right),
    "spread": _Asked("the extents of spread", lambda c: bool(c.right) and c.label == "SPREAD", lambda c: c.gold_extent),
    "returned": _Asked(
        "the extents of RECURRENCE and RELAPSE",
        lambda c: bool(c.right) and c.label in ("RECURRENCE", "RELAPSE"),
        lambda c: c.gold_extent,
    ),
    "status": _Asked("the statuses", lambda c: bool(c.right) and c.label != "ADVANCED", lambda c: c.gold_status),
}


@dataclass(frozen=True, slots=True)
class Estimators:
    """A vectorizer, and a classifier a question over the same sparse matrix, all fitted."""

    vectorizer: DictVectorizer
    """Makes the matrix of features."""
    questions: dict[str, LogisticRegression]
    """A classifier for each of `classifier.arbiter_model.QUESTIONS`."""

    def parts(self, score: LogisticRegression | None = None) -> dict[str, Any]:
        """Return what an `ArbiterModel` is made of: arrays and words, which every version of scikit-learn can read.

        Parameters
        ----------
        score : LogisticRegression, optional
            The calibrator; a model without one judges and gives no scores.
        """
        heads = [self.questions[question] for question in QUESTIONS]
        weights, biases = zip(*map(_answers, heads), strict=True)
        return {
            "format": FORMAT,
            "columns": {str(name): column for name, column in self.vectorizer.vocabulary_.items()},
            "answers": {name: list(map(str, head.classes_)) for name, head in zip(QUESTIONS, heads, strict=True)},
            "weights": np.ascontiguousarray(np.hstack(weights)),
            "biases": np.concatenate(biases),
            "score": np.append(score.coef_[0], score.intercept_[0]) if score else None,
        }


def fit(candidates: Sequence[Candidate]) -> Estimators:
    """Fit vectorizer and classifiers on the candidates of which it is known whether they are right.

    Parameters
    ----------
    candidates : sequence of Candidate
        From `classifier.training.corpus.candidates`, those with features.

    Raises
    ------
    NoteTermsError
        E413 when a question has fewer than two answers.
    """
    known = [candidate for candidate in candidates if candidate.right is not None]
    chosen = {name: [i for i, c in enumerate(known) if asked.of(c)] for name, asked in _ASKED.items()}
    answers = {
        name: _varied(asked.about, [str(asked.answer(known[i])) for i in chosen[name]])
        for name, asked in _ASKED.items()
    }
    vectorizer = DictVectorizer()
    matrix = vectorizer.fit_transform([candidate.features for candidate in known])
    # What was seen once tells nothing, and makes the model twice as large.
    often = np.asarray((matrix != 0).sum(axis=0)).ravel() >= _LEAST
    vectorizer.restrict(often)
    matrix = matrix[:, often]
    heads = {name: _regression(_STRENGTH).fit(matrix[chosen[name]], answers[name]) for name in _ASKED}
    return Estimators(vectorizer, heads)


def calibrator(seen: np.ndarray, right: np.ndarray) -> LogisticRegression:
    """Fit what makes a score of the evidence.

    Parameters
    ----------
    seen : array, shape (candidates, 4)
        From `classifier.arbiter_model.evidence`.
    right : array of bool, shape (candidates,)
        Whether label and extent are right.

    Raises
    ------
    NoteTermsError
        E413 when all are right, or none.
    """
    return _regression(1.0).fit(seen, _varied("right and wrong tags", right.tolist()))


def _regression(strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=2000, random_state=SEED)


def _varied(about: str, answers: list[Any]) -> list[Any]:
    """Return the answers, after a check that there is something to tell apart."""
    if len(set(answers)) < 2:
        raise NoteTermsError(
            "E413",
            f"There is too little to learn from: {about} are fewer than two, in all notes or in those beside a fold.",
            "Add annotated notes that have more kinds, such as data/samples/training.",
        )
    return answers


def _answers(head: LogisticRegression) -> tuple[np.ndarray, np.ndarray]:
    """Weights, shape (features, answers), and biases, shape (answers,), of a question."""
    weights, biases = head.coef_, head.intercept_
    if len(weights) == 1:
        # Of two answers scikit-learn keeps the second.
        weights, biases = np.vstack([np.zeros_like(weights), weights]), np.append(0.0, biases)
    return weights.T, biases
