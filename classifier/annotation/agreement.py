"""How well annotators agree: spans, tokens and statuses, a row a label, with intervals from resampled notes."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
from spacy.vocab import Vocab

from classifier.annotation.annotators import Annotators
from classifier.annotation.coefficients import (
    Numbers,
    cohen_kappa,
    coincidences,
    f1,
    fleiss_kappa,
    krippendorff_alpha,
)
from classifier.annotation.matching import Unit, link, touches
from classifier.annotation.notes import IGNORE, Mark
from classifier.labels import Label, Sense, Status
from classifier.text.tokenizer import NoteTokenizer

OVERALL = "overall"
"""The row over the six labels; ADVANCED, which may lie over one of them, has a row of its own."""
TERMS = tuple(label for label in Label if label is not Label.ADVANCED)
ROWS = (*map(str, TERMS), OVERALL, str(Label.ADVANCED))
MEASURES = ("f1_exact", "f1_overlapping", "kappa", "alpha")

# What a token is in: a bit a label.
_BITS = {str(label): 1 << number for number, label in enumerate((*TERMS, Label.ADVANCED))} | {IGNORE: 1 << 7}
_TERM_BITS = (1 << len(TERMS)) - 1
# So many random numbers are held at once.
_WEIGHTS = 4_000_000
# With fewer resamples that have a value, an interval would be of other notes than these.
_LEAST_DEFINED = 0.9


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and its 95 % interval."""

    value: float | None
    """None where it is undefined: no span, or one category only."""
    low: float | None
    """None where there are too few notes for an interval."""
    high: float | None
    """As `low`."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well annotators agree."""

    annotators: list[str]
    """Their names."""
    notes: int
    """Notes that all of them have."""
    tokens: int | None
    """Tokens in these, without those of IGNORE spans; None where texts are lacking."""
    resamples: int
    """Resamples of the notes, for the intervals."""
    seed: int
    """Of the resamples."""
    spans: dict[str, dict[str, int]]
    """Spans of each row and annotator."""
    figures: dict[str, dict[str, Figure]]
    """Figures of each row: those of `MEASURES`."""


@dataclass(frozen=True, slots=True)
class _Measure:
    row: str
    name: str
    counts: Numbers
    """(notes, counts)"""
    value: Callable[[Numbers], Numbers]
    """Of sums over notes."""


def agreement(annotators: Annotators, resamples: int = 1000, seed: int = 0) -> Agreement:
    """Compare annotators over the notes that all of them have.

    Parameters
    ----------
    annotators : Annotators
        Two or more.
    resamples : int, default 1000
        Resamples of the notes, with replacement, for the intervals; 0 for none.
    seed : int, default 0
        Of the resamples.
    """
    sides = list(annotators.notes.values())
    codes = _token_codes(annotators) if len(annotators.texts) == len(sides) else None
    measures = [*_span_measures(sides), *_status_measures(sides), *_token_measures(codes, len(annotators.names))]
    figures: dict[str, dict[str, Figure]] = {row: {name: Figure(None, None, None) for name in MEASURES} for row in ROWS}
    for measure, figure in zip(measures, _with_intervals(measures, len(sides), resamples, seed), strict=True):
        figures[measure.row][measure.name] = figure
    return Agreement(
        annotators.names,
        len(sides),
        None if codes is None else sum(_kept(note).shape[1] for note in codes),
        resamples,
        seed,
        {
            row: {
                name: sum(_in_row(span, row) for note in sides for span in note[number])
                for number, name in enumerate(annotators.names)
            }
            for row in ROWS
        },
        figures,
    )


def as_json(result: Agreement, left_out: Sequence[str]) -> str:
    """Return the figures as one JSON object; what is undefined is null."""
    content: dict[str, Any] = asdict(result)
    for row in content["figures"].values():
        for figure in row.values():
            figure.update({name: None if value is None else round(value, 4) for name, value in figure.items()})
    return json.dumps(content | {"left_out": list(left_out)}, indent=2, ensure_ascii=False)


def _in_row(span: Mark, row: str) -> bool:
    return span["label"] == row or (row == OVERALL and span["label"] in TERMS)


def _span_measures(sides: list[list[list[Mark]]]) -> list[_Measure]:
    pairs = list(combinations(range(len(sides[0])), 2))
    ways = {"f1_exact": _same_place, "f1_overlapping": link}
    counts = {way: np.zeros((len(sides), len(ROWS), len(pairs), 3)) for way in ways}
    for number, note in enumerate(sides):
        for at, (first, second) in enumerate(pairs):
            if note[first] or note[second]:
                for way, units in ways.items():
                    counts[way][number, :, at] = _shared([note[first], note[second]], units)
    return [
        _Measure(row, way, counts[way][:, at].reshape(len(sides), -1), f1)
        for way in ways
        for at, row in enumerate(ROWS)
    ]


def _same_place(sides: Sequence[list[Mark]]) -> list[Unit]:
    units: dict[tuple, Unit] = {}
    for side, spans in enumerate(sides):
        for span in spans:
            # A second span of one annotator, in the same place and with the same label, is another unit.
            key, more = (span["start"], span["end"], span["label"]), 0
            while side in units.setdefault((*key, more), {}):
                more += 1
            units[(*key, more)][side] = span
    return list(units.values())


def _shared(sides: list[list[Mark]], units: Callable[[Sequence[list[Mark]]], list[Unit]]) -> Numbers:
    """(rows, 3): spans that both annotators have, the first alone, the second alone."""
    counts = np.zeros((len(ROWS), 3))
    ignored = [[span for span in spans if span["label"] == IGNORE] for spans in sides]
    for unit in units(sides):
        if len(unit) == 2 and unit[0]["label"] == unit[1]["label"]:
            _add(counts, unit[0], 0)
            continue
        for side, span in unit.items():
            # What the other leaves open is no disagreement.
            if span["label"] == Label.ADVANCED or not touches(span, ignored[1 - side]):
                _add(counts, span, 1 + side)
    return counts


def _add(counts: Numbers, span: Mark, column: int) -> None:
    for at, row in enumerate(ROWS):
        counts[at, column] += _in_row(span, row)


def _status_measures(sides: list[list[list[Mark]]]) -> list[_Measure]:
    """Alpha of the status, or of the sense of ADVANCED, over spans of one label that overlap."""
    values = {row: list(map(str, Sense if row == Label.ADVANCED else Status)) for row in ROWS}
    counts = {row: np.zeros((len(sides), 1 + len(values[row]))) for row in ROWS}
    for number, note in enumerate(sides):
        units = link(note)
        for row in ROWS:
            judged = []
            for label in {span["label"] for unit in units for span in unit.values() if _in_row(span, row)}:
                field = "sense" if label == Label.ADVANCED else "status"
                for unit in units:
                    given = [span.get(field) for span in unit.values() if span["label"] == label]
                    judged.append(np.array([float(given.count(value)) for value in values[row]]))
            counts[row][number] = coincidences(judged, len(values[row]))
    return [_Measure(row, "alpha", counts[row], krippendorff_alpha) for row in ROWS]


def _token_codes(annotators: Annotators) -> list[np.ndarray]:
    """For each note (annotators, tokens): the labels that a token is in, as bits."""
    tokenizer = NoteTokenizer(Vocab())
    codes = []
    for note_id, sides in annotators.notes.items():
        places = [(token.idx, token.idx + len(token)) for token in tokenizer(annotators.texts[note_id])
                  if not token.is_space]  # fmt: skip
        starts, ends = np.array(places, dtype=np.int64).reshape(-1, 2).T
        note = np.zeros((len(sides), len(places)), dtype=np.uint8)
        for side, spans in enumerate(sides):
            for span in spans:
                first, after = np.searchsorted(ends, span["start"], "right"), np.searchsorted(starts, span["end"])
                note[side, first:after] |= _BITS[span["label"]]
        codes.append(note)
    return codes


def _kept(note: np.ndarray) -> np.ndarray:
    """Leave out the tokens that some annotator leaves open."""
    return note[:, ~(note & _BITS[IGNORE]).any(axis=0)]


def _token_measures(codes: list[np.ndarray] | None, annotators: int) -> list[_Measure]:
    if codes is None:
        return []
    kept = [_kept(note) for note in codes]
    measures = []
    for row in ROWS:
        bits = _TERM_BITS if row == OVERALL else _BITS[row]
        notes = [note & bits for note in (codes if row == Label.ADVANCED else kept)]
        # A token in spans of two labels is in a category of its own.
        categories = np.unique(np.concatenate([np.zeros(1, np.uint8), *(note.ravel() for note in notes)]))
        numbered = [np.searchsorted(categories, note) for note in notes]
        if annotators == 2:
            counts = np.array([_crossed(note, len(categories)) for note in numbered])
            measures.append(_Measure(row, "kappa", counts, cohen_kappa))
        else:
            counts = np.array([_judgements(note, len(categories)) for note in numbered])
            measures.append(_Measure(row, "kappa", counts, partial(fleiss_kappa, raters=annotators)))
    return measures


def _crossed(note: np.ndarray, categories: int) -> Numbers:
    return np.bincount(note[0] * categories + note[1], minlength=categories**2).astype(float)


def _judgements(note: np.ndarray, categories: int) -> Numbers:
    each = np.stack([(note == category).sum(axis=0) for category in range(categories)])
    return np.array([(each * (each - 1)).sum(), *each.sum(axis=1)], dtype=float)


def _with_intervals(measures: list[_Measure], notes: int, resamples: int, seed: int) -> list[Figure]:
    counts = np.concatenate([measure.counts for measure in measures], axis=1)
    edges = np.cumsum([0, *(measure.counts.shape[1] for measure in measures)])
    random = np.random.default_rng(seed)
    chunk = max(1, _WEIGHTS // notes)
    sizes = [min(chunk, resamples - done) for done in range(0, resamples, chunk)]
    drawn = [random.multinomial(notes, np.full(notes, 1 / notes), size=size) @ counts for size in sizes]
    sums = np.concatenate([counts.sum(axis=0)[np.newaxis], *drawn])
    figures = []
    for measure, start, end in zip(measures, edges[:-1], edges[1:], strict=True):
        value, *resampled = measure.value(sums[:, start:end]).tolist()
        defined = [other for other in resampled if not np.isnan(other)]
        if np.isnan(value):
            figures.append(Figure(None, None, None))
        elif notes < 2 or not defined or len(defined) < _LEAST_DEFINED * resamples:
            figures.append(Figure(value, None, None))
        else:
            low, high = np.percentile(defined, [2.5, 97.5])
            figures.append(Figure(value, float(low), float(high)))
    return figures
