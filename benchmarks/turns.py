"""Several ways of work, timed in turns: what else the machine does for a while then falls on all of them."""

import time
from collections.abc import Callable, Hashable
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)


def timed(work: Callable[[], object]) -> Callable[[], float]:
    """Return what does the work and returns the seconds that it took."""

    def run() -> float:
        began = time.perf_counter()
        work()
        return time.perf_counter() - began

    return run


def best_in_turns(ways: dict[Name, Callable[[], float]], rounds: int) -> dict[Name, float]:
    """Return the fewest seconds of each way in some rounds: the first learns words, and other work only ever adds."""
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(rounds):
        for name, way in ways.items():
            best[name] = min(best[name], way())
    return best
