"""What is recorded while a night counts, over midnight or in its middle, is counted once."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from celery.exceptions import Retry
from django.db import DatabaseError, OperationalError, connection, connections, transaction
from django.utils import timezone

from campaigns.models import Metric, Unit
from core.clock import local_day_end, local_today
from core.locks import advisory_lock
from enterprises.models import WorkforceBaseline
from reference.models import GroupSet, Region
from reports import nightly, tasks
from reports.checking import check_everything
from reports.counting.posting import LOCK, post_changes
from reports.counting.verifying import find_differences
from reports.models import CampaignProgress, DailyCount, Drift, UnpostedEntry
from reports.nightly import STEPS, run_nightly
from reports.runs import LeaseLost
from reports.selectors.counts import Metric as Count, read_counts
from stations.models import Station, StationKind
from tests.builders import make_membership, make_region, make_union
from tests.campaigns.builders import make_campaign
from unions.models import PastPath, Union
from unions.services import move_union
from unions.tree import lock_tree

DAY = dt.date(2024, 3, 1)
ONE_DAY = dt.timedelta(days=1)


@pytest.fixture
def union() -> Union:
    city = make_union(
        "市总", "city_federation", region=make_region("3715", "聊城市", make_region("37", "山东省"))
    )
    return make_union("镇工会", "township_union", make_union("县总", "county_federation", city))


def members(union: Union, day: dt.date) -> list[int]:
    """Of the union and of those above it, the top first."""
    rows = DailyCount.objects.filter(day__lte=day).order_by("union__path", "-day")
    return list(rows.distinct("union__path").values_list("members", flat=True))


@pytest.mark.django_db
def test_a_count_begun_before_midnight_is_done_again_after_it(
    union: Union, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only reading was before it: what was written after it rests on that all the same."""
    run_nightly(DAY - ONE_DAY)
    make_membership(union, on=DAY.isoformat())
    midnight = local_day_end(DAY)
    clock = [midnight - dt.timedelta(seconds=2)]
    monkeypatch.setattr(timezone, "now", lambda: clock[0])

    def post(day: dt.date) -> int:
        entries = post_changes(day)
        clock[0] = midnight + dt.timedelta(seconds=1)
        return entries

    monkeypatch.setattr(nightly, "post_changes", post)
    run_nightly(DAY)
    make_membership(union, on=DAY.isoformat())
    assert members(union, DAY) == [1, 1, 1]
    clock[0] += dt.timedelta(hours=2)
    states = {outcome.step: outcome.state for outcome in run_nightly(DAY)}
    assert states == dict.fromkeys(STEPS, "done")
    assert members(union, DAY) == [2, 2, 2]
    # Now it is over for good.
    assert {outcome.state for outcome in run_nightly(DAY)} == {"already_done"}


@pytest.mark.django_db(transaction=True)
def test_what_is_recorded_during_the_first_count_waits_for_the_next_night(union: Union) -> None:
    make_membership(union, on=DAY.isoformat())
    came: list[str] = []

    def record() -> None:
        make_membership(union, on=DAY.isoformat())
        connections.close_all()

    def meanwhile(
        execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        # The entries have been read; what is made of them is not written yet.
        if not came and sql.lstrip().startswith("INSERT INTO reports_dailycount"):
            came.append("a member")
            thread = threading.Thread(target=record)
            thread.start()
            thread.join()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(meanwhile):
        run_nightly(DAY)
    assert came
    assert members(union, DAY) == [1, 1, 1]
    assert UnpostedEntry.objects.count() == 1
    run_nightly(DAY + ONE_DAY)
    assert members(union, DAY + ONE_DAY) == [2, 2, 2]
    assert not UnpostedEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_stations_stand_still_during_the_first_count(union: Union) -> None:
    """What changes meanwhile would be in the figures of one day and in no other's: it waits."""
    kind = StationKind.objects.order_by("pk").first()
    assert kind is not None
    region = Region.objects.get(code="3715")
    station = Station.objects.create(
        name="驿站", address="路1号", opened_on=DAY, kind=kind, host_union=union, region=region
    )
    make_membership(union, on=DAY.isoformat())
    refused: list[str] = []

    def date_back() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '300ms'")
                Station.objects.filter(pk=station.pk).update(opened_on=DAY - ONE_DAY)
        except OperationalError as error:
            refused.append(str(error).split("\n")[0])
        connections.close_all()

    def meanwhile(
        execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        if not refused and sql.lstrip().startswith("INSERT INTO reports_dailycount"):
            thread = threading.Thread(target=date_back)
            thread.start()
            thread.join()
            assert refused, "a station changed while it was counted"
        return execute(sql, params, many, context)

    with connection.execute_wrapper(meanwhile):
        run_nightly(DAY)
    assert refused == ["canceling statement due to lock timeout"]
    station.refresh_from_db()
    assert station.opened_on == DAY
    date_back()
    station.refresh_from_db()
    assert station.opened_on == DAY - ONE_DAY
    assert len(refused) == 1


@pytest.mark.django_db(transaction=True)
def test_a_night_that_waits_for_a_comparison_lets_the_tree_change(union: Union) -> None:
    """The books are compared elsewhere: the night waits, unions are registered meanwhile."""
    run_nightly(DAY - ONE_DAY)
    given_up: list[DatabaseError] = []

    def wait() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '3s'")
                post_changes(DAY)
        except DatabaseError as error:
            given_up.append(error)
        connections.close_all()

    night = threading.Thread(target=wait)
    with transaction.atomic(), connection.cursor() as cursor:
        advisory_lock(LOCK)
        night.start()
        waiting = 0
        while not waiting:  # until it waits for us
            cursor.execute("SELECT pg_sleep(0.02), count(*) FROM pg_locks WHERE NOT granted")
            waiting = cursor.fetchone()[1]
        # Sooner than the engine looks for a circle of waiting.
        cursor.execute("SET LOCAL lock_timeout = '300ms'")
        lock_tree()
        night.join()
    assert len(given_up) == 1  # it waited for the comparison to the last


@pytest.mark.django_db
def test_a_tiny_target_far_exceeded_keeps_no_day_back(union: Union) -> None:
    """A hundred-thousandth part promised, a baseline of one worker: a share of over a million."""
    city = Union.objects.get(name="市总")
    set4 = GroupSet.objects.get(code="set4", version=1)
    campaign = make_campaign("行动", city)
    indicator = campaign.indicators.create(
        metric=Metric.ENROLMENT_RATE, name="入会率", unit=Unit.RATIO, group_set=set4
    )
    target = indicator.targets.create(
        union=city, value=Decimal("0.0001"), period_start=campaign.starts_on,
        period_end=campaign.ends_on,
    )  # fmt: skip
    WorkforceBaseline.objects.create(
        keeper=city, region=city.region, group_set=set4, counted_on=DAY, worker_count=1,
        source="摸底",
    )  # fmt: skip
    for _person in range(101):
        make_membership(union, on=DAY.isoformat())
    assert {outcome.state for outcome in run_nightly(DAY)} == {"done"}
    progress = CampaignProgress.objects.get(target=target, day=DAY)
    assert (progress.value, progress.share) == (Decimal(101), Decimal(1_010_000))


@pytest.mark.django_db
def test_a_membership_that_differs_twice_in_one_way_is_told(union: Union) -> None:
    """The ledger of one person stands at two other groups: one drift, and all others besides."""
    membership = make_membership(union, on=DAY.isoformat())
    run_nightly(DAY)
    (event,) = membership.events.all()
    copied = {
        field.attname: getattr(event, field.attname)
        for field in event._meta.concrete_fields
        if not field.primary_key
    }
    first, second = (
        group.pk
        for group in GroupSet.objects.get(code="set4", version=1)
        .groups.exclude(pk=membership.worker_group_id)
        .order_by("pk")[:2]
    )
    plus = {**copied, "worker_group_id": first}
    minus = {
        **copied, "worker_group_id": second, "active_change": -1, "retained_change": 1,
    }  # fmt: skip
    for values in (plus, minus):
        type(event).objects.create(**values)
    check_everything()
    found = Drift.objects.filter(book=Drift.Book.LEDGER, metric=f"worker_group#{membership.pk}")
    assert found.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("error", [OperationalError("gone"), LeaseLost("leaves")])
def test_a_night_that_lost_its_database_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(day: dt.date, **_options: object) -> list[object]:
        raise error

    monkeypatch.setattr(tasks, "run_nightly", fail)
    asked: dict[str, Any] = {}

    def retry(**options: Any) -> Retry:
        asked.update(options)
        return Retry()

    monkeypatch.setattr(tasks.run_nightly_task, "retry", retry)
    with pytest.raises(Retry):
        tasks.run_nightly_task.run(DAY.isoformat())
    assert asked == {"exc": error, "countdown": tasks.LOOK_AGAIN_SECONDS}


@pytest.mark.django_db
def test_a_union_registered_counted_and_moved_on_one_day_leaves_its_place_behind(
    union: Union,
) -> None:
    """What was recorded of days gone by was counted at its first place, and stays there."""
    today = local_today()
    run_nightly(today - ONE_DAY)
    new = make_union("新会", "grassroots_union", union, founded_on="2024-01-01")
    other = make_union("另一镇工会", "township_union", union.parent, founded_on="2020-01-01")
    never_counted = make_union("误登会", "grassroots_union", union)
    make_membership(new, on=(today - 3 * ONE_DAY).isoformat())
    move_union(never_counted, to_parent=other, reason="登记有误", actor=None)
    run_nightly(today)
    move_union(Union.objects.get(pk=new.pk), to_parent=other, reason="区划调整", actor=None)
    run_nightly(today)
    places = PastPath.objects.values_list("union", "path", "until")
    assert list(places) == [(new.pk, f"{union.path}{new.pk}/", today - ONE_DAY)]
    assert list(find_differences(today)) == []
    keys = [(Count.MEMBERS, ""), (Count.JOINED, "")]
    days = [today - ONE_DAY, today]
    counts = read_counts([union.pk, other.pk], keys, days, known_now=True)

    def known(one: Union) -> list[tuple[int, ...]]:
        return [tuple(counts.at(one.pk, metric, "", day) for metric, _all in keys) for day in days]

    assert known(union) == [(1, 1), (0, 1)]
    assert known(other) == [(0, 0), (1, 0)]
