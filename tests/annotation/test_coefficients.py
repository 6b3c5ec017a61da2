"""The figures against worked examples of their authors, hand-made cases, and the libraries that others use."""

import krippendorff
import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import aggregate_raters
from statsmodels.stats.inter_rater import fleiss_kappa as reference_fleiss

from classifier.annotation.coefficients import cohen_kappa, coincidences, f1, fleiss_kappa, krippendorff_alpha

# Fleiss (1971): 14 raters put 10 subjects in 5 categories.
FLEISS = [
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
]  # fmt: skip

# Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", example C: 4 observers, 12 units, * is missing.
KRIPPENDORFF = [
    "1 2 3 3 2 1 4 1 2 * * *",
    "1 2 3 3 2 2 4 1 2 5 * 3",
    "* 3 3 3 2 3 4 2 2 5 1 *",
    "1 2 3 3 2 4 4 1 2 5 1 *",
]
# Example A: two observers, ten units, two values.
BINARY = ["0 1 0 0 0 0 0 0 1 0", "1 1 1 0 0 1 0 0 0 0"]


def fleiss_sums(table):
    table = np.array(table, dtype=float)
    return np.array([(table * (table - 1)).sum(), *table.sum(axis=0)])


def alpha_sums(values, categories):
    return coincidences(
        [(unit[:, None] == np.arange(categories)).sum(0).astype(float) for unit in values.T], categories
    )


@pytest.mark.parametrize(
    ("table", "kappa"),
    [
        ([[20, 5], [10, 15]], 0.4),
        ([[45, 15], [25, 15]], 0.1304),
        ([[25, 35], [5, 35]], 0.2593),
        ([[0, 10], [10, 0]], -1.0),
        ([[7, 0], [0, 0]], None),
        ([[0, 0], [0, 0]], None),
    ],
)
def test_cohen(table, kappa):
    value = float(cohen_kappa(np.array(table, dtype=float).ravel()))
    assert np.isnan(value) if kappa is None else value == pytest.approx(kappa, abs=5e-5)


def test_fleiss():
    assert float(fleiss_kappa(fleiss_sums(FLEISS), 14)) == pytest.approx(0.210, abs=5e-4)
    assert np.isnan(fleiss_kappa(fleiss_sums([[3, 0], [3, 0]]), 3))


@pytest.mark.parametrize(("rows", "alpha"), [(KRIPPENDORFF, 0.743), (BINARY, 0.095)])
def test_krippendorff(rows, alpha):
    values = np.array([[-1 if value == "*" else int(value) for value in row.split()] for row in rows])
    assert float(krippendorff_alpha(alpha_sums(values, 6))) == pytest.approx(alpha, abs=5e-4)


def test_alpha_of_one_value_or_of_nothing_is_undefined():
    assert np.isnan(krippendorff_alpha(alpha_sums(np.zeros((2, 5)), 2)))
    assert np.isnan(krippendorff_alpha(np.zeros(4)))


def test_f1_is_the_mean_over_the_pairs_that_have_spans():
    # 2·3 / (2·3 + 1 + 1) = 0.75 and 0 / 2 = 0; the third pair has no span at all.
    assert float(f1(np.array([3, 1, 1, 0, 2, 0, 0, 0, 0], dtype=float))) == pytest.approx(0.375)
    assert np.isnan(f1(np.zeros(6)))


@pytest.mark.parametrize("seed", range(10))
def test_as_scikit_learn_statsmodels_and_krippendorff(seed):
    random = np.random.default_rng(seed)
    truth = random.integers(0, 4, 60)
    raters = np.array([np.where(random.random(60) < 0.6, truth, random.integers(0, 4, 60)) for _ in range(3)])
    crossed = np.bincount(raters[0] * 4 + raters[1], minlength=16).astype(float)
    assert float(cohen_kappa(crossed)) == pytest.approx(cohen_kappa_score(raters[0], raters[1]))
    table, _ = aggregate_raters(raters.T)
    assert float(fleiss_kappa(fleiss_sums(table), 3)) == pytest.approx(reference_fleiss(table, method="fleiss"))
    missing = np.where(random.random(raters.shape) < 0.3, -1, raters)
    expected = krippendorff.alpha(np.where(missing < 0, np.nan, missing), level_of_measurement="nominal")
    assert float(krippendorff_alpha(alpha_sums(missing, 4))) == pytest.approx(expected)


def test_sums_of_many_resamples_at_once():
    tables = np.array([[20, 5, 10, 15], [45, 15, 25, 15]], dtype=float)
    assert cohen_kappa(tables).tolist() == pytest.approx([0.4, 0.1304], abs=5e-5)
