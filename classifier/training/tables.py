"""Figures as tables for the terminal."""

from rich.console import Group, RenderableType
from rich.table import Table

from classifier.training.evaluate import Evaluation
from classifier.training.train import Figures, Trained


def scores(result: Evaluation) -> RenderableType:
    """One line a figure: precision, recall, F1 and the counts."""
    table = Table("", "precision", "recall", "F1", "right", "extra", "missed", box=None)
    for name in sorted(result.counts):
        count = result.counts[name]
        figures = (f"{count.precision:.4f}", f"{count.recall:.4f}", f"{count.f1:.4f}")
        table.add_row(name, *figures, str(int(count.right)), str(int(count.extra)), str(int(count.missed)))
    lines: list[RenderableType] = [table]
    if result.status_accuracy is not None:
        lines.append(f"status right in {result.status_accuracy:.4f} of the tags that are right")
    lines.append(f'sense right in {result.sense_right} of {result.counts["advanced"].right} uses of "advanced" found')
    return Group(*lines)


def comparison(results: dict[str, Evaluation]) -> RenderableType:
    """F1 of each way of deciding, side by side."""
    columns = ("tag", "tag+status", "extent", "historical", "advanced", "flag")
    table = Table("F1", *columns, box=None)
    for way, result in results.items():
        table.add_row(way, *(f"{result.counts[name].f1:.4f}" for name in columns))
    return Group(table, "")


def training(trained: Trained) -> RenderableType:
    """What cross-validation says of a model."""
    columns = tuple(Figures.__dataclass_fields__)
    table = Table("cross-validated F1", *(name.replace("_", "+") for name in columns), box=None)
    for way, figures in trained.table.items():
        table.add_row(way, *(f"{getattr(figures, name):.4f}" for name in columns))
    return Group(
        table,
        f"Brier score {trained.brier:.4f}, expected calibration error {trained.calibration_error:.4f}, "
        f"right of those scored above 0.95: {trained.sure_right:.4f}",
    )
