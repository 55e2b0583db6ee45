"""The recent daily changes of what targets count, for many unions at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from campaigns.models import Metric as Indicated
from reports.forecasting.method import WINDOW
from reports.selectors.counts import Key, Metric, read_counts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Counted(NamedTuple):
    """What a kind of target counts. ``is_cumulative``: since the beginning, else on the day."""

    metric: str
    is_cumulative: bool
    by_group: bool = False


# As in ``reports/progress.py``; what has no daily counts yet has no forecast either.
COUNTED: dict[str, Counted] = {
    Indicated.NEW_MEMBERS: Counted(Metric.JOINED, is_cumulative=True, by_group=True),
    Indicated.ENROLMENT_RATE: Counted(Metric.MEMBERS, is_cumulative=False, by_group=True),
    Indicated.UNIONS_ESTABLISHED: Counted(Metric.UNIONS_FOUNDED, is_cumulative=True),
    Indicated.STATIONS: Counted(Metric.STATIONS, is_cumulative=False),
}


def recent_changes(
    union_ids: Sequence[int], counted: Counted, breakdowns: Sequence[str], day: dt.date
) -> dict[int, NDArray[np.float64]]:
    """By union, what each of the last ``WINDOW`` days up to ``day`` changed, the oldest first.

    ``breakdowns`` are added up: the groups of a set, or ``[""]`` for all.
    """
    import numpy as np

    days = [day - dt.timedelta(days=back) for back in range(WINDOW, -1, -1)]
    keys: list[Key] = [(counted.metric, breakdown) for breakdown in breakdowns]
    counts = read_counts(union_ids, keys, days)
    return {
        union_id: np.diff(
            np.array(
                [counts.sum_at(union_id, counted.metric, breakdowns, at) for at in days],
                dtype=np.float64,
            )
        )
        for union_id in union_ids
    }
