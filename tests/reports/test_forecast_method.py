"""The method of forecasting, tried on campaigns whose end is known.

The series are made, not drawn: ``random.random`` gives the same numbers everywhere.
"""

from __future__ import annotations

import datetime as dt
import random
from statistics import NormalDist

import numpy as np
import pytest

from members.working_days import is_announced, is_working_day, working_days_of
from reports.forecasting.method import (
    FEWEST_DAYS,
    MEAN_RATE,
    SMOOTHING,
    TOO_FEW_DAYS,
    WEEKLY_SMOOTHING,
    WINDOW,
    Outlook,
    Recent,
)

FIRST = dt.date(2025, 1, 6)  # a Monday
WEEK = (1.2, 1.1, 1.1, 1.0, 1.1, 0.45, 0.3)
LENGTH = 196


def forecast_change(
    changes: np.ndarray,
    last: dt.date,
    days_ahead: int,
    *,
    never_falls: bool = True,
    fitted_before: int = 0,
) -> Outlook:
    """What so many days ahead bring; by weights that were fitted ``fitted_before`` days ago."""
    kept = None
    if fitted_before:
        then = last - dt.timedelta(days=fitted_before)
        kept = Recent(changes[:-fitted_before], then, never_falls=never_falls).weights
        assert kept is not None
    recent = Recent(changes, last, never_falls=never_falls, kept=kept)
    assert kept is None or recent.weights is kept
    return recent.outlook(days_ahead)


def level(shape: str, day: int) -> float:
    """How much of the usual a day of the campaign brings."""
    if shape == "growth":
        return 0.6 + 0.8 * day / LENGTH
    if shape == "rush":  # the last fortnight of two phases
        return 1.2 + 0.1 * (day - 77) if 77 <= day < 91 else 2.0 if day >= 182 else 1.0
    if shape == "standstill":
        return 0.0 if 112 <= day < 140 else 1.0
    return 1.0


def campaign(shape: str, per_day: float, seed: int) -> np.ndarray:
    """Joins of each day: the week's pattern, days off at holidays, and days unlike each other."""
    source, normal = random.Random(seed), NormalDist()
    joins = []
    for number in range(LENGTH):
        day = FIRST + dt.timedelta(days=number)
        usual = WEEK[day.weekday()]
        if is_working_day(day) != (day.weekday() < 5):
            usual = 0.35 if day.weekday() < 5 else 1.05
        chance = np.exp(0.5 * normal.inv_cdf(source.random()) - 0.125)
        joins.append(float(round(per_day * level(shape, number) * usual * chance)))
    return np.array(joins)


def back_test(shape: str, fitted_before: int = 0) -> tuple[float, float, list[bool]]:
    """Over 48 tries: the error (what was missed ÷ what came), that of the mean since the
    beginning, and which intervals held."""
    missed = naive = came = 0.0
    held = []
    for seed, per_day in ((1, 4.0), (2, 20.0), (3, 20.0), (4, 150.0)):
        joins = campaign(shape, per_day, seed)
        for origin in (56, 84, 105, 126, 154, 166):
            for ahead in (14, 30):
                found = forecast_change(
                    joins[:origin],
                    FIRST + dt.timedelta(days=origin - 1),
                    ahead,
                    fitted_before=fitted_before,
                )
                actual = float(joins[origin : origin + ahead].sum())
                assert found.method == WEEKLY_SMOOTHING
                assert found.low is not None
                assert found.change is not None
                assert found.high is not None
                assert 0 <= found.low <= found.change <= found.high
                missed += abs(actual - found.change)
                naive += abs(actual - float(joins[:origin].mean()) * ahead)
                came += actual
                held.append(found.low <= actual <= found.high)
    return missed / came, naive / came, held


# The error of each shape, to be met, and that of the mean of all days so far. A campaign that runs
# evenly is met as well by the mean; every change of pace is what the method is for.
BOUNDS = {
    "steady": (0.14, 0.12),
    "growth": (0.18, 0.29),
    "rush": (0.18, 0.20),
    "standstill": (0.41, 0.41),
}


def test_back_test_on_campaigns_whose_end_is_known() -> None:
    held = []
    for shape, (bound, mean_of_all) in BOUNDS.items():
        error, naive, kept = back_test(shape)
        assert error <= bound, shape
        assert round(naive, 2) == mean_of_all, shape
        assert sum(kept) / len(kept) >= 0.7, shape
        held += kept
    assert sum(held) / len(held) >= 0.75  # of 192 intervals that promise 80 %


def test_weights_of_the_week_before_foretell_as_well() -> None:
    """Fitted six days ago, the most that is ever allowed; the same tries."""
    errors, held = {}, []
    for shape in BOUNDS:
        errors[shape], _naive, kept = back_test(shape, fitted_before=6)
        held += kept
    assert {shape: round(error, 2) for shape, error in errors.items()} == {
        "steady": 0.13, "growth": 0.14, "rush": 0.19, "standstill": 0.41,
    }  # fmt: skip
    assert sum(held) / len(held) >= 0.75


def test_weights_serve_for_the_week_after_their_day_and_for_their_method() -> None:
    joins = campaign("steady", 20.0, 2)
    last = FIRST + dt.timedelta(days=99)
    recent = Recent(joins[:100], last, never_falls=True)
    weights = recent.weights
    assert weights is not None
    assert (weights.fitted_on, weights.first_day) == (last, FIRST)
    assert (weights.period, len(weights.tried), weights.season) == (14, 4, 7)
    ages = {
        age: weights.serve(last + dt.timedelta(days=age), WEEKLY_SMOOTHING) for age in (0, 1, 6, 7)
    }
    assert ages == {0: False, 1: True, 6: True, 7: False}
    assert not weights.serve(last + dt.timedelta(days=1), SMOOTHING)
    # Over the very days they were fitted on, they say what the fit said.
    same = Recent(
        joins[:100], last, never_falls=True,
        kept=weights._replace(fitted_on=last - dt.timedelta(days=1)),
    )  # fmt: skip
    assert same.weights is not recent.weights
    assert same.outlook(30)._replace(change=None, low=None, high=None) == recent.outlook(
        30
    )._replace(change=None, low=None, high=None)
    assert same.outlook(30).change == pytest.approx(recent.outlook(30).change)
    assert same.outlook(30).high == pytest.approx(recent.outlook(30).high)
    # Of days that are all alike, and of those whose mean is taken, nothing is kept.
    assert Recent(np.full(60, 3.0), last, never_falls=True).weights is None
    assert Recent(days_with(100, every=9), last, never_falls=True).weights is None


def days_with(count: int, every: int = 1, of: float = 3.0) -> np.ndarray:
    """``count`` days; every ``every``-th brings ``of``, the first too."""
    return np.array([of if number % every == 0 else 0.0 for number in range(count)])


@pytest.mark.parametrize(
    ("changes", "method", "days_used"),
    [
        (days_with(0), TOO_FEW_DAYS, 0),
        (np.zeros(100), TOO_FEW_DAYS, 0),  # nothing has ever happened
        (days_with(FEWEST_DAYS - 1), TOO_FEW_DAYS, 13),
        (np.concatenate((np.zeros(90), days_with(13))), TOO_FEW_DAYS, 13),  # began 13 days ago
        (days_with(FEWEST_DAYS), SMOOTHING, 14),
        (days_with(100, every=9), MEAN_RATE, 100),
        (days_with(27), SMOOTHING, 27),
        (days_with(28, every=2), WEEKLY_SMOOTHING, 28),
        (days_with(28, every=3), MEAN_RATE, 28),
        (days_with(300), WEEKLY_SMOOTHING, WINDOW),
    ],
)
def test_method_follows_from_the_days_there_are(
    changes: np.ndarray, method: str, days_used: int
) -> None:
    found = forecast_change(changes, dt.date(2025, 6, 30), 30)
    assert (found.method, found.days_used) == (method, days_used)
    assert (found.change is None) == (method == TOO_FEW_DAYS)


def test_mean_of_the_days_with_its_wide_interval() -> None:
    """Three joins each on days 1, 11 and 21 of thirty; ten days ahead."""
    found = forecast_change(days_with(30, every=10), dt.date(2025, 6, 30), 10)
    assert found.method == MEAN_RATE
    assert found.change == pytest.approx(3.0)
    assert found.low == 0.0  # what has been reached is not lost
    # The mean square of a day is 0.9: variance 0.9 × 10 × (1 + 10/30) = 12; t of 2 tries.
    assert found.high == pytest.approx(3.0 + 1.8856 * 12**0.5)
    # After 16 days 6/16 × 7 for 3; after 23 days 9/23 × 7 for nothing.
    assert found.back_tests == 2
    assert found.back_test_error == pytest.approx((0.375 + 63 / 23) / 3)
    # More is taken back than comes in: nothing is expected, and nothing below nothing.
    corrected = forecast_change(-days_with(30, every=10), dt.date(2025, 6, 30), 10)
    assert (corrected.low, corrected.change) == (0.0, 0.0)
    falling = forecast_change(-days_with(30, every=10), dt.date(2025, 6, 30), 10, never_falls=False)
    assert falling.change == pytest.approx(-3.0)
    assert falling.low == pytest.approx(-3.0 - 1.8856 * 12**0.5)


def test_holidays_ahead_are_days_off_and_worked_weekends_are_workdays() -> None:
    """10 on workdays and 3 on days off; the autumn holiday of 2025 was 1–8 October."""
    last = dt.date(2025, 9, 28)  # a Sunday, worked in exchange
    dates = [last - dt.timedelta(days=back) for back in range(111, -1, -1)]
    changes = np.array([10.0 if is_working_day(day) else 3.0 for day in dates])
    found = forecast_change(changes, last, 14)
    # 29, 30 September and 9, 10, 11 (Saturday, worked) October; nine days off.
    assert found.change == pytest.approx(5 * 10 + 9 * 3, abs=2.0)


def test_working_days_are_counted_only_where_holidays_are_known() -> None:
    day = dt.date
    assert working_days_of(day(2025, 9, 28), day(2025, 10, 11)) == 6
    assert working_days_of(day(2025, 10, 1), day(2025, 10, 8)) == 0
    assert working_days_of(day(2025, 10, 2), day(2025, 10, 1)) == 0
    unknown = next(year for year in range(2026, 2100) if not is_announced(day(year, 1, 1)))
    assert working_days_of(day(unknown - 1, 12, 1), day(unknown, 1, 1)) is None
    assert working_days_of(day(2003, 12, 1), day(2004, 1, 1)) is None
    assert is_announced(day(2004, 1, 1))
    assert working_days_of(day(2025, 1, 1), day(2025, 12, 31)) == 248
