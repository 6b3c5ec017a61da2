"""What the command says beside its output: lines on the standard error."""

from rich.console import Console

notices = Console(stderr=True, highlight=False, soft_wrap=True)
"""The standard error."""


def warn(line: str) -> None:
    """Print one line."""
    notices.print(f"note-terms: {line}", markup=False)
