"""From the daily changes of a figure to what will come until a day ahead, with an interval.

The method is exponential smoothing in its state space form (Hyndman, Koehler, Ord, Snyder:
*Forecasting with Exponential Smoothing*, 2008): additive errors, a damped trend of the daily
changes and, from four weeks on, an additive pattern of the week, fitted by statsforecast. What
comes until the end is the sum of the days; its variance is that of lead-time demand (chapter 6
there), with what is not known of the level added; and it is never narrower than what the method
missed of this very figure when tried on the past weeks. Why so, and what it costs:
docs/adr/0010-forecasts.md.

Nothing here knows the database.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from members.working_days import is_announced, is_working_day

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Days = NDArray[np.float64]

WINDOW = 112  # days: sixteen weeks are read
WEEK = 7
# For so many days after its last one a fit serves, from the same first day on.
SERVES = 6
MOST_DAYS = WINDOW + SERVES  # read at most
FORTNIGHT = 14
CONFIDENCE = 0.8
# Student's t, 10 % on either side, by the number of back-tests the width rests on (its degrees of
# freedom); fewer than two are as two.
_QUANTILES = {2: 1.8856, 3: 1.6377, 4: 1.5332}
_SATURDAY = 5

WEEKLY_SMOOTHING = "weekly_smoothing"
SMOOTHING = "smoothing"
MEAN_RATE = "mean_rate"
TOO_FEW_DAYS = "too_few_days"

# Additive errors, trend and week; the last letter: damped.
_WITH_WEEK, _WITHOUT_WEEK = "AAAD", "AAND"

FEWEST_DAYS = 14  # below: nothing is said
FEWEST_CHANGES = 14  # days with a change; below: the mean of the days
DAYS_FOR_THE_WEEK = 28
MOST_BACK_TESTS = 4


class Outlook(NamedTuple):
    """What the figure will change by until the end; all three None for ``TOO_FEW_DAYS``.

    The interval holds with probability ``CONFIDENCE``. ``back_test_error``: what the method missed
    of the changes of ``back_tests`` past fortnights (weeks), as a share of them; None without any.
    """

    method: str
    change: float | None
    low: float | None
    high: float | None
    days_used: int
    back_test_error: float | None
    back_tests: int


class Spread(NamedTuple):
    """A forecast sum and its standard deviation."""

    total: float
    deviation: float


class Weights(NamedTuple):
    """What is kept of a fit, for the days after it: fitting is nearly all that a forecast costs.

    ``parameters``, ``components``, ``season`` and ``free`` (parameters fitted) as statsforecast
    has them: smoothing weights, then the states before ``first_day``. ``tried``: the back-tests of
    ``fitted_on``, periods of ``period`` days: by how much each was missed, and what it brought.
    """

    fitted_on: dt.date
    first_day: dt.date
    method: str
    components: str
    season: int
    free: int
    parameters: tuple[float, ...]
    period: int
    tried: tuple[tuple[float, float], ...]

    def serve(self, last: dt.date, method: str) -> bool:
        """May they be used for ``last``? For some days after they were fitted, for that method."""
        age = (last - self.fitted_on).days
        return 0 < age <= SERVES and method == self.method


class Recent:
    """The recent days of a figure, tried and fitted once, for as many horizons as are asked for.

    ``changes`` ends with that of ``last``; what lies before its first change or before the window
    is left out. ``never_falls``: the figure counts up only, so no day brings less than nothing.
    With ``kept``, weights fitted in the week before, nothing is fitted: they run on over the days
    since. ``weights``: those to be kept, None where there are none.
    """

    def __init__(
        self, changes: Days, last: dt.date, *, never_falls: bool, kept: Weights | None = None
    ) -> None:
        self.series = _since_first_change(changes[-WINDOW:])
        self.last = last
        self.never_falls = never_falls
        self.method = _method_for(self.series)
        self.weights = kept if kept is not None and kept.serve(last, self.method) else None
        self.period = 0
        self.tried: Sequence[tuple[float, float]] = ()
        self.regular = self.series
        self.fitted: _Fitted | None = None
        if self.weights is not None:
            self._carry_on(self.weights, changes)
        elif self.method != TOO_FEW_DAYS:
            self._try_and_fit()

    def _carry_on(self, weights: Weights, changes: Days) -> None:
        self.series = changes[-((self.last - weights.first_day).days + 1) :]
        self.period, self.tried = weights.period, weights.tried
        self.regular = _regular(self.series, self.last)
        self.fitted = _Fitted.of(weights).forward_to(self.regular)

    def _try_and_fit(self) -> None:
        self.period, self.tried = _tested(self.series, self.last, self.method, self.never_falls)
        if self.method == MEAN_RATE:
            return
        self.regular = _regular(self.series, self.last)
        self.fitted = _fit(self.regular, self.method)
        first_day = self.last - dt.timedelta(days=len(self.series) - 1)
        self.weights = self.fitted.weights(
            self.last, first_day, self.method, self.period, self.tried
        )

    def outlook(self, days_ahead: int) -> Outlook:
        """What the ``days_ahead`` (≥ 1) days after ``last`` bring."""
        days_used, found = len(self.series), self.tried
        if self.method == TOO_FEW_DAYS:
            return Outlook(TOO_FEW_DAYS, None, None, None, days_used, None, 0)
        if self.fitted is None:
            spread = _mean_rate(self.series, days_ahead)
        else:
            spread = _smoothed(self.fitted, self.regular, self.last, days_ahead, self.never_falls)
        deviation = spread.deviation
        if found:
            # What was missed a day, carried on to the end: a rate that was wrong stays wrong.
            square = sum(missed**2 for missed, _actual in found) / len(found)
            deviation = max(deviation, square**0.5 / self.period * days_ahead)
        half = _QUANTILES[max(len(found), 2)] * deviation
        # More corrections than joins in the recent days are no reason to expect yet more of them.
        change = max(spread.total, 0.0) if self.never_falls else spread.total
        low = change - half
        brought = sum(abs(actual) for _missed, actual in found)
        return Outlook(
            self.method,
            change,
            max(low, 0.0) if self.never_falls else low,
            change + half,
            days_used,
            sum(abs(missed) for missed, _actual in found) / brought if brought else None,
            len(found),
        )


def _since_first_change(series: Days) -> Days:
    import numpy as np

    moved = np.flatnonzero(series)
    return series[moved[0] :] if len(moved) else series[:0]


def _method_for(series: Days) -> str:
    """The method by what there is: days, and days on which anything changed."""
    if len(series) < FEWEST_DAYS:
        return TOO_FEW_DAYS
    if int((series != 0).sum()) < FEWEST_CHANGES:
        return MEAN_RATE
    return WEEKLY_SMOOTHING if len(series) >= DAYS_FOR_THE_WEEK else SMOOTHING


def _tested(
    series: Days, last: dt.date, method: str, never_falls: bool
) -> tuple[int, list[tuple[float, float]]]:
    """By how much past fortnights (weeks) were missed from the days before each, and their sums.

    The length of such a period in days comes first. The smoothing weights are those of the oldest
    of these days, so that none is known beforehand.
    """
    length = FORTNIGHT if len(series) >= 2 * DAYS_FOR_THE_WEEK else WEEK
    fewest = DAYS_FOR_THE_WEEK if method == WEEKLY_SMOOTHING else FEWEST_DAYS
    count = min(MOST_BACK_TESTS, (len(series) - fewest) // length)
    fitted: Any = None
    found = []
    for back in range(count * length, 0, -length):
        past, now = series[:-back], last - dt.timedelta(days=back)
        if method == MEAN_RATE:
            spread = _mean_rate(past, length)
        else:
            past = _regular(past, now)
            fitted = _fit(past, method) if fitted is None else fitted.forward_to(past)
            spread = _smoothed(fitted, past, now, length, never_falls)
        actual = series[len(series) - back :][:length]
        brought = float(actual.sum())
        found.append((brought - spread.total, brought))
    return length, found


def _mean_rate(series: Days, days_ahead: int) -> Spread:
    """As many a day as in the mean of the days, whatever day it is: a plain and wide fallback.

    The days vary by their mean square (about zero: wider than about the mean), and the mean itself
    is known from ``len(series)`` of them only.
    """
    days = len(series)
    square = float((series**2).mean())
    variance = square * days_ahead * (1 + days_ahead / days)
    return Spread(float(series.mean()) * days_ahead, max(variance, 1e-12) ** 0.5)


class _Fitted:
    """A fitted model; ``forward_to`` lets it run over other days with the same weights."""

    def __init__(self, model: Any, season: int) -> None:
        self.model = model
        self.season = season

    @classmethod
    def of(cls, weights: Weights) -> _Fitted:
        """The model as it was fitted, without its days: to be moved forward."""
        import numpy as np
        from statsforecast.models import AutoETS

        model = AutoETS(season_length=weights.season)
        model.model_ = {
            "components": weights.components,
            "m": weights.season,
            "n_params": weights.free,
            "par": np.array(weights.parameters),
            "fit": None,
        }
        return cls(model, weights.season)

    def weights(
        self,
        fitted_on: dt.date,
        first_day: dt.date,
        method: str,
        period: int,
        tried: Sequence[tuple[float, float]],
    ) -> Weights | None:
        """What is to be kept; None for days that are all alike, of which nothing was fitted."""
        found = self.model.model_
        if found["components"] not in (_WITH_WEEK, _WITHOUT_WEEK):
            return None
        parameters = tuple(map(float, found["par"]))
        free = int(found["n_params"])
        return Weights(
            fitted_on, first_day, method, found["components"], self.season, free, parameters,
            period, tuple(tried),
        )  # fmt: skip

    def forward_to(self, series: Days) -> _Fitted:
        """The same weights after the days of ``series``."""
        from statsforecast.ets import forward_ets
        from statsforecast.models import AutoETS

        moved = AutoETS(season_length=self.season)
        moved.model_ = forward_ets(self.model.model_, series)
        return _Fitted(moved, self.season)

    def path(self, days_ahead: int) -> Days:
        """The mean of each day ahead."""
        mean: Days = self.model.predict(h=days_ahead)["mean"]
        return mean

    def deviation(self, days_ahead: int, days_used: int) -> float:
        """The standard deviation of the sum of the days ahead."""
        import numpy as np

        alpha, beta, gamma, phi = self.model.model_["par"][:4]
        step = np.arange(1, days_ahead)
        # What the error of a day still does ``step`` days later.
        effect = np.full(len(step), float(alpha))
        if np.isfinite(beta):
            damping = float(phi) if np.isfinite(phi) else 1.0
            effect += float(beta) * np.cumsum(damping**step)
        if np.isfinite(gamma):
            effect += np.where(step % self.season == 0, float(gamma), 0.0)
        kept = 1.0 + np.concatenate(([0.0], np.cumsum(effect)))
        unknown_level = days_ahead**2 / days_used
        # Busy days scatter more: the last weeks count where they were rougher than the whole.
        recent = self.model.model_["residuals"][-DAYS_FOR_THE_WEEK:]
        rough = max(float(self.model.model_["sigma2"]), float((recent**2).mean()))
        variance = rough * float((kept**2).sum() + unknown_level)
        return float(max(variance, 1e-12) ** 0.5)


def _fit(series: Days, method: str) -> _Fitted:
    """Fit by maximum likelihood. statsforecast is imported late: it takes seconds and 200 MB."""
    from statsforecast.models import AutoETS

    season = WEEK if method == WEEKLY_SMOOTHING else 1
    shape = (_WITH_WEEK if method == WEEKLY_SMOOTHING else _WITHOUT_WEEK)[:3]
    return _Fitted(AutoETS(season_length=season, model=shape, damped=True).fit(series), season)


def _smoothed(
    fitted: _Fitted, regular: Days, last: dt.date, days_ahead: int, never_falls: bool
) -> Spread:
    """The sum of the fitted model's days, holidays ahead minded."""
    import numpy as np

    path = fitted.path(days_ahead)
    path = _with_holidays(path, regular, last)
    if never_falls:
        path = np.maximum(path, 0.0)
    return Spread(float(path.sum()), fitted.deviation(days_ahead, len(regular)))


# -- holidays -------------------------------------------------------------------------------------


@lru_cache(maxsize=8192)
def is_irregular(day: dt.date) -> bool:
    """A weekday that is free, or a day of the weekend that is worked; False where unknown."""
    return is_announced(day) and is_working_day(day) != (day.weekday() < _SATURDAY)


@lru_cache(maxsize=1024)
def _irregular_places(last: dt.date, count: int) -> frozenset[int]:
    """Which of the ``count`` days up to ``last`` are irregular: the same for all series."""
    return frozenset(n for n, day in enumerate(_dates(last, count)) if is_irregular(day))


def _dates(last: dt.date, count: int) -> Iterator[dt.date]:
    """``count`` days up to and including ``last``, oldest first."""
    return (last - dt.timedelta(days=back) for back in range(count - 1, -1, -1))


def _regular(series: Days, last: dt.date) -> Days:
    """The days as if no holiday had shifted the week: what such days brought is put in for them.

    For each the mean of the nearest two days of the same weekday that are no holidays.
    """
    odd = _irregular_places(last, len(series))
    if not odd:
        return series
    regular = series.copy()
    for n in odd:
        same = sorted(
            (m for m in range(n % WEEK, len(series), WEEK) if m not in odd),
            key=lambda m: (abs(m - n), m),
        )[:2]
        if same:
            regular[n] = sum(float(series[m]) for m in same) / len(same)
    return regular


def _with_holidays(path: Days, regular: Days, last: dt.date) -> Days:
    """The days ahead with holidays as days off are, and worked weekends as workdays are."""
    import numpy as np

    end = last + dt.timedelta(days=len(path))
    odd = sorted(_irregular_places(end, len(path)))
    mean = float(regular.mean())
    if not odd or mean <= 0:
        return path
    weekend = np.array([day.weekday() >= _SATURDAY for day in _dates(last, len(regular))])
    off, at_work = float(regular[weekend].mean()) / mean, float(regular[~weekend].mean()) / mean
    adjusted = path.copy()
    for n in odd:
        week = path[max(0, n - WEEK // 2) : n + WEEK // 2 + 1]
        day = last + dt.timedelta(days=n + 1)
        adjusted[n] = float(week.mean()) * (off if day.weekday() < _SATURDAY else at_work)
    return adjusted
