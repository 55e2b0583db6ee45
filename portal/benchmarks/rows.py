"""One line of a measurement, and how times are summed up."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """``value`` in ``unit``; ``floor`` is the engine's own figure for the same work, or None.

    ``ratio`` = value ÷ floor; ``n`` is how much was measured (members, requests …), as the suite
    says.
    """

    suite: str
    name: str
    value: float
    unit: str
    floor: float | None
    n: int

    def as_dict(self) -> dict[str, Any]:
        """The keys of the contract, rounded to what can be told apart."""
        ratio = self.value / self.floor if self.floor else None
        return {key: _rounded(value) for key, value in {**asdict(self), "ratio": ratio}.items()}


def _rounded(value: Any) -> Any:
    if not isinstance(value, float) or value == 0:
        return value
    return round(value, max(0, 3 - math.floor(math.log10(abs(value)))))


def seconds_of(work: Callable[[], object]) -> float:
    """How long ``work`` takes, once."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def median_seconds(work: Callable[[], object], *, times: int) -> float:
    """The median of ``times`` runs."""
    return statistics.median(seconds_of(work) for _ in range(times))


def best_seconds(work: Callable[[], object], *, times: int) -> float:
    """The shortest of ``times`` runs: what the work costs when nothing else runs beside it."""
    return min(seconds_of(work) for _ in range(times))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that ``share`` (0–1) of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
