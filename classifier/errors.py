"""Errors that a user can act on: each has a code, says what and where, and how to mend it. Never note text."""

from collections.abc import Sequence

_NAMED = 10


class NoteTermsError(Exception):
    """An error in what the user gave: a file, a column, an option, a rule.

    Parameters
    ----------
    code : str
        Stable code such as ``E101``, so that a script can tell errors apart.
    problem : str
        What is wrong and where, without any note text.
    remedy : str
        What to do about it.
    """

    def __init__(self, code: str, problem: str, remedy: str) -> None:
        self.code = code
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"[{code}] {problem} {remedy}")

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:
        # It travels from a worker to the run.
        return type(self), (self.code, self.problem, self.remedy)


def some_of(names: Sequence[object]) -> str:
    """Return the first names, and how many more there are, for one line of an error or a warning."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(map(str, names[:_NAMED])) + more
