"""Figures of agreement as tables for the terminal."""

from rich.console import Group, RenderableType
from rich.table import Table

from classifier.annotation.agreement import MEASURES, ROWS, Agreement, Figure

UNDEFINED = "–"


def agreement_tables(result: Agreement) -> RenderableType:
    """A row a label: how many spans each annotator has, and how well they agree."""
    spans = Table("spans", *result.annotators, box=None, pad_edge=False)
    figures = Table("agreement", "F1 exact", "F1 overlapping", "kappa", "alpha", box=None, pad_edge=False)
    figures.columns[0].no_wrap = True
    for row in ROWS:
        spans.add_row(row, *(str(count) for count in result.spans[row].values()))
        figures.add_row(row, *(_cell(result.figures[row][name]) for name in MEASURES))
    tokens = "" if result.tokens is None else f", {result.tokens:,} tokens"
    kappa = "Cohen's" if len(result.annotators) == 2 else "Fleiss'"
    return Group(
        spans,
        "",
        figures,
        "",
        f"{result.notes:,} notes{tokens}; 95 % intervals from {result.resamples:,} resamples.",
        f"kappa: {kappa}, over tokens. alpha: Krippendorff's, of status (ADVANCED: sense).",
        f"{UNDEFINED}: undefined, as there is no span or one category only.",
    )


def _cell(figure: Figure) -> str:
    if figure.value is None:
        return UNDEFINED
    if figure.low is None or figure.high is None:
        return f"{figure.value:.2f}"
    return f"{figure.value:.2f} {figure.low:.2f}–{figure.high:.2f}"
