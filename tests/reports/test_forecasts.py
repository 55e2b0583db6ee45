"""Forecasts of targets as they are written each night, and as the pages tell them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from campaigns.models import Campaign, CampaignStatus, Metric, Target, Unit
from enterprises.models import WorkforceBaseline
from reports.forecasting.writing import LONGEST_AHEAD, fit_weights, forecast_targets
from reports.models import (
    CampaignForecast,
    CampaignProgress,
    DailyCount,
    DailyUnitCount,
    ForecastWeights,
    GroupNumber,
)
from reports.progress import measure_progress
from reports.selectors.forecasts import TargetForecast, forecasts_of, time_shares
from reports.selectors.progress import measured
from tests.builders import make_union
from tests.reports.test_progress import make_target
from tests.reports.world import group_set
from unions.models import Union

pytestmark = pytest.mark.django_db

D = dt.date
DAY = D(2025, 6, 30)  # a Monday
START, END = D(2025, 1, 1), D(2025, 12, 31)
TOLD = ("target", "expected", "low", "high", "days_used", "back_test_error", "back_tests")


def count(union: Union, first: dt.date, **per_day: int) -> None:
    """So many of each group join each day from ``first`` to ``DAY``; nobody leaves."""
    for code in per_day:
        GroupNumber.objects.get_or_create(worker_group_id=code)
    numbers = dict(GroupNumber.objects.values_list("worker_group", "number"))
    DailyCount.objects.bulk_create(
        DailyCount(
            union=union,
            day=first + dt.timedelta(days=n),
            members=sum(per_day.values()) * (n + 1),
            joined=sum(per_day.values()) * (n + 1),
            groups=[numbers[code] for code in per_day],
            group_members=[joins * (n + 1) for joins in per_day.values()],
            group_joined=[joins * (n + 1) for joins in per_day.values()],
        )
        for n in range((DAY - first).days + 1)
    )


@pytest.fixture
def county() -> Union:
    union = make_union("县总", "county_federation")
    count(union, D(2025, 5, 2), courier=2, truck_driver=1)  # sixty days
    return union


@pytest.fixture
def campaign(county: Union) -> Campaign:
    return Campaign.objects.create(
        owner=county,
        name="集中行动",
        starts_on=START,
        ends_on=END,
        status=CampaignStatus.PUBLISHED,
    )


def target(campaign: Campaign, metric: str, value: str, **fields: Any) -> Target:
    return make_target(campaign, metric, value, start=START, end=fields.pop("end", END), **fields)


def target_of(union: Union, like: Target) -> Target:
    """1000 of the same for another union."""
    return Target.objects.create(
        indicator=like.indicator, union=union, period_start=START, period_end=END, value=1000
    )


def forecasts(*targets: Target) -> list[TargetForecast]:
    measure_progress(DAY)
    forecast_targets(DAY)
    found = forecasts_of(measured(targets, DAY))
    return [found[row.pk] for row in targets]


def test_forecast_of_new_members_and_what_is_still_needed(campaign: Campaign) -> None:
    year = target(campaign, Metric.NEW_MEMBERS, "1000")
    quarter = target(campaign, Metric.NEW_MEMBERS, "700", end=D(2025, 9, 30))
    found, sooner = forecasts(year, quarter)
    forecast = found.forecast
    assert forecast is not None
    # Three a day, every day: 180 so far; 184 days and 92 days are left.
    assert (forecast.method, forecast.days_used, forecast.back_tests) == (
        "weekly_smoothing", 60, 2,
    )  # fmt: skip
    assert found.expected == 180 + 3 * 184
    assert found.low is not None
    assert found.high is not None
    assert 180 <= found.low <= found.expected <= found.high
    assert forecast.back_test_error == 0
    assert forecast.needed_per_day == Decimal("4.456522")  # 820 ÷ 184
    assert found.needed_per_day == Decimal("4.5")
    assert found.working_days_left == 128  # 1 July – 31 December 2025
    assert forecast.needed_per_working_day == Decimal("6.406250")
    assert found.verdict == "按近期趋势，预计不能完成目标。"
    assert sooner.expected == 180 + 3 * 92
    assert sooner.needed_per_day == Decimal("5.7")  # 520 ÷ 92 = 5.652
    assert forecast_targets(DAY) == 2
    assert CampaignForecast.objects.count() == 2


def test_status_and_forecast_are_told_apart(campaign: Campaign) -> None:
    """180 of 500 after half of the year is behind; the last weeks lead there all the same."""
    (found,) = forecasts(target(campaign, Metric.NEW_MEMBERS, "500"))
    assert found.progress is not None
    assert found.progress.status == "behind"
    assert found.verdict == "按近期趋势，预计能完成目标。"
    assert found.shares.calendar == Decimal(181) / 365
    assert found.shares.working == Decimal(120) / 248
    assert found.pace == found.progress.share / (Decimal(181) / 365)  # type: ignore[operator]
    assert found.working_pace == found.progress.share / (Decimal(120) / 248)  # type: ignore[operator]


def test_a_rate_grows_to_a_hundred_percent_at_most(county: Union, campaign: Campaign) -> None:
    WorkforceBaseline.objects.create(
        keeper=county, union=county, group_set=group_set("set4"), worker_count=400,
        counted_on=D(2025, 1, 1), source="摸底表",
    )  # fmt: skip
    near = target(
        campaign, Metric.ENROLMENT_RATE, "0.8", unit=Unit.RATIO, end=D(2025, 7, 30)
    )  # fmt: skip
    far = target(campaign, Metric.ENROLMENT_RATE, "0.8", unit=Unit.RATIO)
    found, later = forecasts(near, far)
    assert found.progress is not None
    assert found.progress.value == Decimal("0.45")
    assert found.expected == Decimal("0.675")  # 180 + 90 of 400
    assert (later.expected, later.high) == (Decimal(1), Decimal(1))
    assert found.needed_per_day == Decimal("0.011667")


def test_nothing_is_made_up(county: Union, campaign: Campaign) -> None:
    young = make_union("新县总", "county_federation")
    count(young, D(2025, 6, 18), courier=5)  # thirteen days
    reached = target(campaign, Metric.NEW_MEMBERS, "100")
    fresh = target_of(young, reached)
    without_baseline = target(campaign, Metric.ENROLMENT_RATE, "0.8", unit=Unit.RATIO)
    uncounted = target(campaign, Metric.GRANT_PER_NEF_UNION, "20000", unit=Unit.YUAN)
    over = target(campaign, Metric.NEW_MEMBERS, "500", end=DAY)
    standing = target(campaign, Metric.STATIONS, "10", unit=Unit.STATION, group_set=None)
    found = forecasts(fresh, reached, without_baseline, uncounted, over, standing)
    assert [row.forecast is not None for row in found] == [True, True, False, False, False, True]
    few = found[0].forecast
    assert few is not None
    assert (few.method, few.days_used) == ("too_few_days", 13)
    assert (few.expected, few.low, few.high, few.back_test_error) == (None, None, None, None)
    assert found[0].needed_per_day == Decimal("5.1")  # 935 ÷ 184 = 5.08
    assert found[0].verdict == ""
    assert found[1].verdict == "目标已完成。"
    assert found[1].needed_per_day is None
    assert found[5].forecast is not None
    assert found[5].forecast.method == "too_few_days"  # no station ever


def test_no_year_9999_is_forecast(campaign: Campaign) -> None:
    """Every day ahead is reckoned: a slip of the finger took minutes."""
    kept = target(campaign, Metric.NEW_MEMBERS, "1000", end=DAY + LONGEST_AHEAD)
    far = target(campaign, Metric.NEW_MEMBERS, "1000", end=D(9999, 12, 31))
    measure_progress(DAY)
    forecast_targets(DAY)
    assert CampaignProgress.objects.filter(target=far, day=DAY).exists()
    found = set(CampaignForecast.objects.filter(day=DAY).values_list("target", flat=True))
    assert found == {kept.pk}


def test_shares_of_time_where_holidays_are_not_known_yet() -> None:
    found = time_shares(D(2026, 1, 1), D(2031, 12, 31), D(2026, 6, 30))
    assert found == (Decimal(181) / 2191, None)
    assert time_shares(START, END, D(2024, 12, 31)) == (Decimal(0), Decimal(0))
    assert time_shares(START, END, D(2026, 5, 1)) == (Decimal(1), Decimal(1))


def test_unions_are_read_together(campaign: Campaign, django_assert_num_queries: Any) -> None:
    first = target(campaign, Metric.NEW_MEMBERS, "1000")
    for name in ("东", "西"):
        union = make_union(f"{name}县总", "county_federation")
        count(union, D(2025, 6, 25), courier=5)
        target_of(union, first)
    measure_progress(DAY)
    # Rows of the day deleted (two), targets, groups of the set, counts, weights kept, rows written;
    # the days are all alike, so no weights are to be kept.
    with django_assert_num_queries(6):
        assert forecast_targets(DAY) == 3


def uneven(n: int) -> int:
    """What the ``n``-th day brings where no two days of a week are alike."""
    return 2 + (n * n) % 7


def its_day(union: Union, first: dt.date) -> dt.date:
    """The first day ≥ ``first`` on which the union's weights are fitted."""
    return next(day for day in days_from(first, 6) if (day.toordinal() + union.pk) % 6 == 0)


def days_from(first: dt.date, count: int) -> list[dt.date]:
    return [first + dt.timedelta(days=n) for n in range(count)]


def test_weights_serve_for_six_days_and_each_union_has_its_turn(
    county: Union, campaign: Campaign
) -> None:
    """Joins go up and down with the week; two more weeks are counted, one day after the other."""
    DailyCount.objects.all().delete()
    courier = GroupNumber.objects.get(worker_group="courier").number
    joined = 0
    for n, day in enumerate(days_from(D(2025, 5, 2), 74)):
        joined += uneven(n)
        DailyCount.objects.create(
            union=county, day=day, members=joined, joined=joined,
            groups=[courier], group_members=[joined], group_joined=[joined],
        )  # fmt: skip
    target(campaign, Metric.NEW_MEMBERS, "1000")
    target(campaign, Metric.NEW_MEMBERS, "700", end=D(2025, 9, 30))
    one = dt.timedelta(days=1)
    fitting = its_day(county, DAY + one)
    fitted, told, anew = {}, {}, []
    for day in days_from(DAY, 14):
        if fit_weights(day):
            anew.append(day)
        measure_progress(day)
        assert forecast_targets(day) == 2
        fitted[day] = ForecastWeights.objects.get().fitted_on
        told[day] = set(CampaignForecast.objects.filter(day=day).values_list(*TOLD))
    # The first time there was nothing yet; later by the day before.
    assert anew == [day for day in (fitting, fitting + 6 * one, fitting + 12 * one) if day in told]
    assert fitted == {
        day: max((turn - one for turn in anew if turn <= day), default=DAY) for day in told
    }
    # The same day counted again says the same.
    for day in (fitting, fitting + 5 * one):
        fit_weights(fitting)
        forecast_targets(day)
        assert set(CampaignForecast.objects.filter(day=day).values_list(*TOLD)) == told[day]
    # Weights whose turn nights have missed are too old.
    ForecastWeights.objects.update(fitted_on=fitting - 2 * one)
    forecast_targets(fitting + 5 * one)
    assert ForecastWeights.objects.get().fitted_on == fitting + 5 * one


def test_weights_of_a_figure_without_groups_are_replaced(county: Union, campaign: Campaign) -> None:
    founded = 0
    for n, day in enumerate(days_from(D(2025, 5, 2), 74)):
        founded += uneven(n)
        DailyUnitCount.objects.create(union=county, metric="unions_founded", day=day, value=founded)
    target(campaign, Metric.UNIONS_ESTABLISHED, "1000", unit=Unit.UNION, group_set=None)
    fitted = set()
    for day in days_from(DAY, 12):
        fit_weights(day)
        measure_progress(day)
        assert forecast_targets(day) == 1
        fitted.add(ForecastWeights.objects.get().fitted_on)
    one = dt.timedelta(days=1)
    turn = its_day(county, DAY + one)
    assert fitted == {
        DAY,
        *(turn - one for turn in (turn, turn + 6 * one) if turn < DAY + 12 * one),
    }


def test_a_page_tells_forecast_method_and_error(campaign: Campaign) -> None:
    (found,) = forecasts(target(campaign, Metric.NEW_MEMBERS, "1000"))
    with translation.override("en"):
        html = " ".join(render_to_string("reports/_forecast.html", {"forecast": found}).split())
    for text in (
        "Expected on 2025-12-31: 732 persons.",
        "80% interval",
        "exponential smoothing with the week",
        '<td class="num">60</td>',
        "0% (2 periods)",
        "6.5 persons",
        "/dashboard/definitions/#",
    ):
        assert text in html
