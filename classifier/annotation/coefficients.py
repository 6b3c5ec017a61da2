"""Agreement from counts: each function takes sums over notes, along the last axis, and gives NaN where undefined.

Sums over notes are all that the figures need, so a resample of the notes is a weighted sum of what is counted once.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


def f1(sums: Numbers) -> Numbers:
    """Return the F1 of spans, the mean over the pairs of annotators that have any.

    Parameters
    ----------
    sums : array, (..., 3 * pairs)
        For each pair of annotators the spans that both have, that the first alone has and that the second alone has.
    """
    both, first, second = np.moveaxis(sums.reshape(*sums.shape[:-1], -1, 3), -1, 0)
    values = _ratio(2 * both, 2 * both + first + second)
    defined = ~np.isnan(values)
    return _ratio(np.where(defined, values, 0.0).sum(-1), defined.sum(-1).astype(float))


def cohen_kappa(sums: Numbers) -> Numbers:
    """Return Cohen's kappa (1960) of two annotators.

    Parameters
    ----------
    sums : array, (..., categories ** 2)
        The table of the first annotator's categories by the second's.
    """
    categories = round(sums.shape[-1] ** 0.5)
    table = sums.reshape(*sums.shape[:-1], categories, categories)
    total, same = table.sum((-1, -2)), np.trace(table, axis1=-2, axis2=-1)
    chance = (table.sum(-1) * table.sum(-2)).sum(-1)
    return _ratio(total * same - chance, total**2 - chance)


def fleiss_kappa(sums: Numbers, raters: int) -> Numbers:
    """Return Fleiss' kappa (1971) of several annotators who all judge each item.

    Parameters
    ----------
    sums : array, (..., 1 + categories)
        How many ordered pairs of judgements of one item agree; then how many judgements each category has.
    raters : int
        Judgements an item.
    """
    total = sums[..., 1:].sum(-1)
    chance = (sums[..., 1:] ** 2).sum(-1)
    return _ratio(sums[..., 0] * total / (raters - 1) - chance, total**2 - chance)


def krippendorff_alpha(sums: Numbers) -> Numbers:
    """Return Krippendorff's alpha for categories; an item may lack judgements.

    Parameters
    ----------
    sums : array, (..., 1 + categories)
        How many judgements agree with another of the same item, in the sense of the coincidence matrix (its diagonal);
        then how many judgements each category has, in items with two or more.
    """
    total = sums[..., 1:].sum(-1)
    disagreeing = total - sums[..., 0]
    chance = total**2 - (sums[..., 1:] ** 2).sum(-1)
    return 1 - _ratio((total - 1) * disagreeing, chance)


def coincidences(counts: Iterable[Numbers], categories: int) -> Numbers:
    """Return what `krippendorff_alpha` sums, for items given as judgements a category."""
    sums = np.zeros(1 + categories)
    for count in counts:
        judgements = count.sum()
        if judgements >= 2:
            sums[0] += (count * (count - 1)).sum() / (judgements - 1)
            sums[1:] += count
    return sums


def _ratio(above: Numbers, below: Numbers) -> Numbers:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(below == 0, np.nan, np.divide(above, below))
