"""A published day keeps the baselines it was published with, whatever becomes of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from campaigns.models import Indicator, Metric, Target, Unit
from enterprises.models import BaselineVersion, WorkforceBaseline
from enterprises.services import record_baseline, update_baseline
from reports.forecasting.writing import forecast_targets
from reports.models import CampaignForecast, CampaignProgress
from reports.nightly import run_nightly
from reports.progress import measure_progress
from reports.selectors.rates import rate_table
from tests.builders import make_membership
from tests.reports.world import DAY, World, build_world, group_set
from unions.models import Union

pytestmark = pytest.mark.django_db
D = dt.date
NEXT = DAY + dt.timedelta(days=1)
# Before the first night: a month's end that it measured, and a day that it did not.
MONTH_END, BEFORE = D(2024, 2, 29), D(2024, 3, 10)
Told = dict[str, Any]


@pytest.fixture
def world() -> World:
    """The world, counted, with a target of the city's enrolment rate and a set of new forms."""
    world = build_world(count=False)
    indicator = Indicator.objects.create(
        campaign=world.campaign, name="入会率", metric=Metric.ENROLMENT_RATE, unit=Unit.RATIO,
        group_set=group_set("set4"),
    )  # fmt: skip
    world.targets["rate"] = Target.objects.create(
        indicator=indicator, union=world.city, period_start=D(2024, 1, 1),
        period_end=D(2024, 12, 31), value=Decimal(1),
    )  # fmt: skip
    record_baseline(
        keeper=world.city, union=world.city, group_set=group_set("nef"), worker_count=10,
        counted_on=D(2024, 1, 1), source="摸底表", actor=None,
    )  # fmt: skip
    run_nightly(DAY)
    return world


@pytest.fixture
def told(client: Client, world: World) -> Callable[..., Told]:
    """Every figure that divides by a baseline, as the pages tell it."""
    client.force_login(world.official)

    def tell(day: dt.date, union: Union | None = None, **query: str) -> Told:
        union = union or world.city
        asked = {"day": day.isoformat(), "union": str(union.pk), **query}
        front = client.get("/dashboard/", asked).context["front"]
        keys = {key.code: key for key in front.keys}
        table = rate_table(union, day)
        compared = client.get("/dashboard/compare/", {**asked, "day2": day.isoformat()}).context
        stored = CampaignProgress.objects.filter(target=world.targets["rate"], day=day).first()
        return {
            "key": keys["enrolment_rate"].value,
            "before": keys["enrolment_rate"].month.before,
            "stations": keys["stations_per_10000"].value,
            "groups": {row.code: (row.rate, row.baseline) for row in front.figures.groups},
            "sets": {row.code: (row.rate, row.baseline) for row in front.figures.sets},
            "ranking": {row.union.name: (row.rates, row.baselines) for row in front.ranking.rows},
            "by rate": [
                row.union.name
                for row in client.get("/dashboard/", {**asked, "sort": "-set4"})
                .context["front"].ranking.rows
            ],
            "table": [(row.metric.code, row.rate, row.note) for row in table.rates],
            "dual": table.dual,
            "compared": [line.second.value for line in compared["lines"]],
            "measured": (stored.value, stored.share, stored.status) if stored else None,
        }  # fmt: skip

    return tell


def added(world: World) -> None:
    """Counted long ago, typed in today; for a part of the city, too."""
    for union, code in ((world.city, "set4"), (world.city, "nef"), (world.dong, "set4")):
        record_baseline(
            keeper=world.city, union=union, group_set=group_set(code), worker_count=24,
            counted_on=D(2024, 1, 2), source="补登", actor=None,
        )  # fmt: skip


def edited(world: World) -> None:
    """The numbers of all, and of one the place."""
    for baseline in WorkforceBaseline.objects.all():
        update_baseline(baseline, actor=None, worker_count=24, source="更正")
    update_baseline(WorkforceBaseline.objects.get(union=world.lin), actor=None, union=world.dong)


def withdrawn(world: World) -> None:
    """Taken away, by whatever way."""
    WorkforceBaseline.objects.all().delete()


@pytest.mark.parametrize(
    ("change", "rate", "nef"),
    [
        (added, Decimal("0.25"), Decimal("0.25")),
        (edited, Decimal("0.25"), Decimal("0.25")),
        (withdrawn, None, None),
    ],
)
def test_a_published_day_keeps_its_rates(
    world: World,
    told: Callable[..., Told],
    change: Callable[[World], None],
    rate: Decimal | None,
    nef: Decimal | None,
) -> None:
    days = (MONTH_END, BEFORE, DAY)
    before = {
        (day, union.pk): told(day, union) for day in days for union in (world.city, world.lin)
    }
    was = before[DAY, world.city.pk]
    assert (was["key"], was["sets"]["nef"][0], was["measured"][0]) == (
        Decimal("0.5"), Decimal("0.6"), Decimal("0.5")
    )  # fmt: skip
    assert was["ranking"]["临清市总工会"][0] == [Decimal(2), None]
    change(world)
    assert {(d, u.pk): told(d, u) for d in days for u in (world.city, world.lin)} == before
    now = told(DAY, view="now")
    assert (now["key"], now["sets"]["set4"][0], now["sets"]["nef"][0]) == (rate, rate, nef)
    assert now["stations"] == (None if rate is None else Decimal(10_000) / 24)
    # What is always as published stays so beside it: the ranking, the rates, the campaigns.
    assert [now[name] for name in ("ranking", "by rate", "table", "dual", "measured")] == [
        was[name] for name in ("ranking", "by rate", "table", "dual", "measured")
    ]
    # A past day that is measured once more gives what it gave.
    measure_progress(DAY)
    assert told(DAY) == was

    run_nightly(NEXT)
    new = told(NEXT)
    # The figure of a month before is that of a day that was published with the old one.
    assert (new["key"], new["sets"]["nef"][0], new["before"]) == (rate, nef, was["before"])
    assert new["measured"][0] == rate  # the stored share is that of the rate beside it
    assert [row[1] for row in new["table"] if row[0] == "enrolment_rate"] == [rate, None, None, nef]
    assert new["dual"].worker_rate == nef
    assert {(d, u.pk): told(d, u) for d in days for u in (world.city, world.lin)} == before


def test_forecasts_rest_on_what_progress_was_measured_with(world: World) -> None:
    def told() -> list[tuple[Any, ...]]:
        rows = CampaignForecast.objects.filter(target=world.targets["rate"], day=DAY)
        return list(rows.values_list("method", "expected", "low", "high"))

    before = told()
    assert len(before) == 1
    # Fewer than there are members: by this one nothing would be left to enrol.
    update_baseline(
        WorkforceBaseline.objects.get(region=world.region, group_set=group_set("set4")),
        actor=None, worker_count=5,
    )  # fmt: skip
    forecast_targets(DAY)
    assert told() == before


def test_each_night_publishes_what_had_been_recorded_by_then(
    world: World, told: Callable[..., Told]
) -> None:
    found = WorkforceBaseline.objects.get(region=world.region, group_set=group_set("set4"))
    for number, workers in enumerate((24, 48, 24), start=1):
        update_baseline(found, actor=None, worker_count=workers)
        run_nightly(DAY + dt.timedelta(days=number))
    rates = [told(DAY + dt.timedelta(days=number))["key"] for number in range(4)]
    assert rates == [Decimal(1) / n for n in (2, 4, 8, 4)]
    measured = CampaignProgress.objects.filter(target=world.targets["rate"], day__gte=DAY)
    assert list(measured.order_by("day").values_list("value", flat=True)) == rates


def test_the_page_tells_both_versions_and_what_they_rest_on(client: Client, world: World) -> None:
    client.force_login(world.official)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    address, query = "/dashboard/parts/late/", {"union": str(world.city.pk)}

    def told() -> dict[str, tuple[Any, Any, Any]]:
        rates = client.get(address, query).context["late_rates"]
        return {
            row.name: (row.published.rate, row.known.rate, row.difference)
            for row in rates
            if row.published.baseline or row.known.baseline
        }

    assert list(told().values()) == [
        (Decimal("0.5"), Decimal("0.5"), 0),
        (Decimal("0.6"), Decimal("0.6"), 0),
    ]
    update_baseline(
        WorkforceBaseline.objects.get(region=world.region, group_set=group_set("set4")),
        actor=None, worker_count=24, source="复核表",
    )  # fmt: skip
    make_membership(world.lin, group="truck_driver", on="2024-02-10")
    assert list(told().values()) == [
        (Decimal("0.5"), Decimal(7) / 24, Decimal("0.2917") - Decimal("0.5")),  # as shown
        (Decimal("0.6"), Decimal("0.7"), Decimal("0.7") - Decimal("0.6")),
    ]
    content = client.get(address, query).content.decode()
    for piece in (
        "50.00%", "6 ÷ 12 · 2024-01-01 · 摸底表", "29.17%", "7 ÷ 24 · 2024-01-01 · 复核表",
        "−20.83", "A published rate keeps the baseline that had been recorded",
    ):  # fmt: skip
        assert piece in content, piece
    assert "Rates divide by the baselines as they stand today." in (
        client.get("/dashboard/", {**query, "view": "now"}).content.decode()
    )


def test_versions_follow_what_figures_rest_on_and_nothing_else(world: World) -> None:
    baseline = WorkforceBaseline.objects.get(union=world.lin)

    def versions() -> list[tuple[int, str, bool]]:
        rows = BaselineVersion.objects.filter(baseline_id=baseline.pk).order_by("recorded_at")
        return [(row.worker_count, row.source, row.superseded_at is None) for row in rows]

    assert versions() == [(1, "摸底表", True)]
    # Another keeper and a note are no other denominator.
    update_baseline(baseline, actor=None, note="看过", keeper=world.province)
    assert versions() == [(1, "摸底表", True)]
    update_baseline(baseline, actor=None, worker_count=3)
    assert versions() == [(1, "摸底表", False), (3, "摸底表", True)]
    first, second = BaselineVersion.objects.filter(baseline_id=baseline.pk).order_by("recorded_at")
    assert first.superseded_at == second.recorded_at
    WorkforceBaseline.objects.filter(pk=baseline.pk).delete()
    assert versions() == [(1, "摸底表", False), (3, "摸底表", False)]


def test_versions_are_append_only(world: World) -> None:
    rows = BaselineVersion.objects.filter(union=world.lin)
    for write in (
        rows.delete,
        lambda: rows.update(worker_count=2),
        lambda: rows.update(recorded_at="2030-01-01T00:00:00Z"),
        lambda: rows.update(worker_count=2, superseded_at="2030-01-01T00:00:00Z"),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            write()
    assert list(rows.values_list("worker_count", "superseded_at")) == [(1, None)]


def test_an_upgrade_takes_baselines_over_as_always_known(
    world: World, told: Callable[..., Told]
) -> None:
    before = [told(day) for day in (MONTH_END, BEFORE, DAY)]
    migration = import_module("enterprises.migrations.0003_versions_of_baselines")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("TRUNCATE enterprises_baselineversion")
        cursor.execute(migration.TAKE_OVER)
    assert BaselineVersion.objects.count() == WorkforceBaseline.objects.count() == 4
    assert [told(day) for day in (MONTH_END, BEFORE, DAY)] == before
