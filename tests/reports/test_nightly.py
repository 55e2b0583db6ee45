"""The night survives everything: leases, fences, missed nights, a killed worker."""

import datetime as dt
import json
import os
import signal
import subprocess
import time
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from core.clock import local_day_end, local_today
from reports import nightly
from reports.models import DailyCount, NightPart, ReportRun
from reports.nightly import CLOSE, DELTAS, LEAVES, STEPS, WEIGHTS, run_nightly
from reports.runs import PUBLISH, LeaseLost, run_step
from reports.selectors.counts import read_counts
from tests.builders import make_membership, make_union
from unions.models import Union

YESTERDAY = local_today() - dt.timedelta(days=1)
FIELDS = ("union_id", "day", "members", "joined", "groups", "group_members", "group_joined")


def figures() -> list[tuple[object, ...]]:
    """All rows that have been counted."""
    return list(DailyCount.objects.order_by("union_id", "day").values_list(*FIELDS))


@pytest.fixture
def union() -> Union:
    city = make_union("市总", "city_federation")
    return make_union("镇工会", "township_union", make_union("县总", "county_federation", city))


def members(union: Union, day: dt.date) -> int:
    return read_counts([union.pk], [("members", "")], [day]).at(union.pk, "members", "", day)


@pytest.mark.django_db
def test_default_is_yesterday_and_a_second_run_does_nothing(union: Union) -> None:
    make_membership(union, on=(YESTERDAY - dt.timedelta(days=3)).isoformat())
    first = run_nightly()
    assert [(o.step, o.day, o.state) for o in first] == [
        (step, YESTERDAY, "done") for step in STEPS
    ]
    rows = figures()
    assert rows
    assert {o.state for o in run_nightly()} == {"already_done"}
    assert figures() == rows


@pytest.mark.django_db
def test_unfinished_day_is_counted_again(union: Union) -> None:
    run_nightly()
    make_membership(union)
    run_nightly(local_today())
    assert members(union, local_today()) == 1
    make_membership(union)
    assert {o.state for o in run_nightly(local_today())} == {"done"}
    assert members(union, local_today()) == 2
    assert members(union, YESTERDAY) == 0


@pytest.mark.django_db
def test_missed_nights_are_filled_day_by_day(union: Union) -> None:
    days = [YESTERDAY - dt.timedelta(days=n) for n in (5, 4, 3, 2, 1, 0)]
    make_membership(union, on=days[0].isoformat())
    run_nightly(days[0])
    make_membership(union, on=days[1].isoformat())
    make_membership(union, on=days[3].isoformat())
    run_nightly(days[5])
    assert [members(union, day) for day in days] == [1, 2, 2, 3, 3, 3]


@pytest.mark.django_db
def test_older_day_than_the_newest_leaves_counts_alone(union: Union) -> None:
    run_nightly(YESTERDAY)
    rows = figures()
    make_membership(union, on="2021-01-01")
    outcomes = run_nightly(YESTERDAY - dt.timedelta(days=10))
    assert {(o.state, o.row_count) for o in outcomes} == {("already_done", 0)}
    assert figures() == rows


@pytest.mark.django_db
def test_a_held_lease_keeps_others_out_and_an_expired_one_does_not(union: Union) -> None:
    def holder(lease: dt.timedelta) -> None:
        ReportRun.objects.update_or_create(
            report=DELTAS,
            day=YESTERDAY,
            defaults={
                "status": "running",
                "claim": "00000000-0000-0000-0000-000000000001",
                "lease_until": timezone.now() + lease,
            },
        )

    holder(dt.timedelta(minutes=5))
    assert [(o.step, o.state) for o in run_nightly()] == [
        (CLOSE, "done"), (WEIGHTS, "done"), (DELTAS, "running_elsewhere"),
    ]  # fmt: skip
    assert DailyCount.objects.count() == 0
    with pytest.raises(CommandError, match="another worker"):
        call_command("nightly", stdout=StringIO())
    holder(-dt.timedelta(seconds=1))
    assert [(o.step, o.state) for o in run_nightly()] == [
        (step, "already_done" if step in (CLOSE, WEIGHTS) else "done") for step in STEPS
    ]


@pytest.mark.django_db
def test_worker_that_lost_its_lease_publishes_nothing(union: Union) -> None:
    def slow(day: dt.date) -> int:
        DailyCount.objects.create(union=union, day=day, members=999)
        ReportRun.objects.filter(report="slow").update(claim="00000000-0000-0000-0000-000000000002")
        return 1

    with pytest.raises(LeaseLost):
        run_step("slow", YESTERDAY, slow)
    assert DailyCount.objects.count() == 0


@pytest.mark.django_db
def test_failing_step_writes_nothing_and_is_due_again(union: Union) -> None:
    def broken(day: dt.date) -> int:
        DailyCount.objects.create(union=union, day=day, members=1)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_step("broken", YESTERDAY, broken)
    run = ReportRun.objects.get(report="broken")
    assert (run.status, run.error, DailyCount.objects.count()) == ("failed", "ZeroDivisionError", 0)
    assert run_step("broken", YESTERDAY, lambda day: 7).row_count == 7


@pytest.mark.django_db
def test_a_forecast_that_fails_keeps_no_figure_back_and_is_tried_again(
    union: Union, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_day: dt.date) -> int:
        raise ZeroDivisionError

    make_membership(union, on=YESTERDAY.isoformat())
    with monkeypatch.context() as night:
        night.setattr(nightly, "forecast_targets", broken)
        states = {o.step: o.state for o in run_nightly()}
    assert (states["forecasts"], states[PUBLISH]) == ("failed", "done")
    assert members(union, YESTERDAY) == 1
    run = ReportRun.objects.get(report="forecasts")
    assert (run.status, run.error) == ("failed", "ZeroDivisionError")
    assert {o.step for o in run_nightly() if o.state == "done"} == {"forecasts"}


@pytest.mark.django_db
def test_cut_off_says_whether_the_day_was_over(union: Union) -> None:
    run_nightly(YESTERDAY)
    run = ReportRun.objects.get(report=PUBLISH, day=YESTERDAY)
    assert run.cut_off is not None
    assert run.cut_off >= local_day_end(YESTERDAY)


@pytest.mark.django_db
def test_command_refuses_nonsense() -> None:
    for text in ("yesterday-ish", (local_today() + dt.timedelta(days=1)).isoformat()):
        with pytest.raises(CommandError):
            call_command("nightly", date=text)


def run_command(**options: Any) -> list[tuple[str, dt.date, str]]:
    """The command's lines, one a step: step, day, state."""
    out = StringIO()
    call_command("nightly", json=True, stdout=out, **options)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    return [(row["step"], dt.date.fromisoformat(row["day"]), row["state"]) for row in lines]


def runs() -> list[tuple[object, ...]]:
    """What is known of all nights."""
    return list(ReportRun.objects.order_by("report", "day").values_list())


@pytest.mark.django_db
def test_command_fills_the_missed_days_in_order(union: Union) -> None:
    days = [YESTERDAY - dt.timedelta(days=n) for n in (4, 3, 2, 1, 0)]
    make_membership(union, on=days[0].isoformat())
    run_nightly(days[0])
    for day in (days[1], days[3], days[3]):
        make_membership(union, on=day.isoformat())
    asked = {"since": days[1].isoformat(), "to": days[3].isoformat()}
    assert run_command(**asked) == [(step, day, "done") for day in days[1:4] for step in STEPS]
    published = ReportRun.objects.filter(report=PUBLISH, status="done").order_by("day")
    assert list(published.values_list("day", flat=True)) == days[:4]
    assert [members(union, day) for day in days[:4]] == [1, 2, 2, 4]
    assert set(DailyCount.objects.values_list("union", "day", "members")) == {
        (key, day, count)
        for key in (union.pk, union.parent_id, union.parent.parent_id)  # type: ignore[union-attr]
        for day, count in ((days[0], 1), (days[1], 2), (days[3], 4))
    }
    # Asked again, nothing is counted twice.
    before = figures(), runs()
    assert {(day, state) for _step, day, state in run_command(**asked)} == {
        (days[3], "already_done")
    }
    assert (figures(), runs()) == before


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"since": -1, "to": 0}, r"have not been counted: begin with"),
        ({"date": 0, "to": 0}, "give one of them"),
        ({"date": 0, "since": -3, "to": 0}, "give one of them"),
        ({"since": 0, "to": -2}, "--from is after --to"),
        ({"since": -1, "date": -2}, "--from is after --to"),
        ({"since": -3, "to": 2}, "a day to come cannot be counted"),
        ({"since": 2}, "a day to come cannot be counted"),
    ],
)
def test_command_refuses_days_that_do_not_fit_and_counts_nothing(
    union: Union, options: dict[str, int], message: str
) -> None:
    make_membership(union, on=(YESTERDAY - dt.timedelta(days=4)).isoformat())
    run_nightly(YESTERDAY - dt.timedelta(days=4))
    make_membership(union, on=(YESTERDAY - dt.timedelta(days=2)).isoformat())
    before = figures(), runs()
    days = {
        name: (YESTERDAY + dt.timedelta(days=number)).isoformat()
        for name, number in options.items()
    }
    with pytest.raises(CommandError, match=message):
        call_command("nightly", stdout=StringIO(), **days)
    assert (figures(), runs()) == before


def _wait_for(condition: object, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():  # type: ignore[operator]
            return
        time.sleep(0.1)
    raise AssertionError("did not happen in time")


def _start_worker(
    python: str, environment: dict[str, str], **changes: str
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            python,
            "-m",
            "celery",
            "-A",
            "portal",
            "worker",
            "--pool",
            "prefork",
            "-c",
            "1",
            "-l",
            "WARNING",
        ],
        env={**environment, **changes},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _waiting_for_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = "
            "'reports_dailycount'::regclass)"
        )
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_killed_half_way_the_next_run_ends_with_the_same_figures(
    union: Union, python: str, subprocess_environment: dict[str, str]
) -> None:
    """SIGKILL to the real Celery worker in the middle of the counting step."""
    from reports.tasks import run_nightly_task

    for day in range(1, 6):
        make_membership(union, on=(YESTERDAY - dt.timedelta(days=day)).isoformat())
    expected = _figures_of_an_undisturbed_run()
    assert DailyCount.objects.count() == 0

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE reports_dailycount IN EXCLUSIVE MODE")
        run_nightly_task.delay(YESTERDAY.isoformat())
        worker = _start_worker(python, subprocess_environment, NIGHTLY_LEASE_SECONDS="2")
        _wait_for(_waiting_for_lock)
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait(timeout=10)
    run = ReportRun.objects.get(report=DELTAS, day=YESTERDAY)
    assert run.status == "running"
    assert DailyCount.objects.count() == 0

    _wait_for(lambda: ReportRun.objects.filter(lease_until__lt=timezone.now()).exists())
    assert run_nightly(YESTERDAY)[-1].state == "done"
    assert figures() == expected
    assert ReportRun.objects.get(report=DELTAS, day=YESTERDAY).attempts == 2


@pytest.mark.django_db
def test_the_task_invites_helpers_and_has_funnels_read(union: Union, settings: Any) -> None:
    from portal.celery import app
    from reports.tasks import run_nightly_task

    def queued() -> int:
        with app.connection_for_write() as broker:
            return int(broker.default_channel.queue_declare("portal").message_count)

    settings.NIGHTLY_HELPERS = 2
    before = queued()
    done = run_nightly_task.apply([YESTERDAY.isoformat()])
    assert [row["state"] for row in done.result] == ["done"] * len(STEPS)
    assert queued() - before == 3
    # A night that somebody else is at is looked at again; nobody is invited a second time.
    run_nightly_task.apply([YESTERDAY.isoformat()], retries=1)
    assert queued() - before == 4
    app.control.purge()


@pytest.mark.django_db(transaction=True)
def test_helpers_count_what_is_there_early_late_and_two_at_once(
    union: Union, python: str, subprocess_environment: dict[str, str]
) -> None:
    """Two schedulers each invited one; who ran the night died after the parts were laid out."""
    from reports.tasks import help_count_task

    run_nightly(YESTERDAY - dt.timedelta(days=1))
    city = union.parent.parent  # type: ignore[union-attr]
    for number in range(8):  # enough to be shared
        county = make_union(f"县总{number}", "county_federation", city)
        make_membership(make_union("镇", "township_union", county), on=YESTERDAY.isoformat())
    expected = _figures_of_an_undisturbed_run()
    leaves = ReportRun.objects.create(
        report=LEAVES, day=YESTERDAY, status="running", claim=uuid4(),
        lease_until=timezone.now() + dt.timedelta(hours=1),
    )  # fmt: skip
    for _scheduler in range(2):
        help_count_task.apply_async([YESTERDAY.isoformat()])
    worker = _start_worker(python, subprocess_environment)
    try:
        assert run_nightly(YESTERDAY)[-1].state == "running_elsewhere"
        parts = NightPart.objects.filter(day=YESTERDAY)
        assert parts.count() == 8
        _wait_for(lambda: not parts.filter(is_done=False).exists())
        ReportRun.objects.filter(pk=leaves.pk).update(lease_until=timezone.now())
        assert run_nightly(YESTERDAY)[-1].state == "done"
    finally:
        os.killpg(worker.pid, signal.SIGTERM)
        worker.wait(timeout=20)
    assert figures() == expected
    # Too late: the night is over, there is nothing to do and no coming again.
    late = help_count_task.apply([YESTERDAY.isoformat()])
    assert (late.state, late.result) == ("SUCCESS", 0)


def _figures_of_an_undisturbed_run() -> list[tuple[object, ...]]:
    with transaction.atomic():
        run_nightly(YESTERDAY)
        found = figures()
        transaction.set_rollback(True)
    return found
