"""Reconciliation: a sound register is quiet, and each kind of fault is named."""

import datetime as dt
import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from core.clock import local_today
from members.enums import EventType, MembershipStatus
from members.models import Membership, MembershipEvent
from members.services.ledger import record_event
from reports.models import DailyCount, Drift
from reports.nightly import run_nightly
from tests.builders import make_membership, make_union
from unions.models import Union
from unions.services import update_union

pytestmark = pytest.mark.django_db

TODAY = local_today()
YESTERDAY = TODAY - dt.timedelta(days=1)


@pytest.fixture
def tree() -> dict[str, Union]:
    city = make_union("市总", "city_federation")
    county = make_union("县总", "county_federation", city)
    other = make_union("邻县总", "county_federation", city)
    return {"city": city, "county": county, "other": other,
            "town": make_union("镇工会", "township_union", county)}  # fmt: skip


@pytest.fixture
def town(tree: dict[str, Union]) -> Union:
    return tree["town"]


def reconcile() -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The differences and the summary; the exit code must fit them."""
    out = StringIO()
    if failed := _fails(out):
        assert failed.returncode == 1
    *differences, summary = [json.loads(line) for line in out.getvalue().splitlines()]
    assert bool(differences) is bool(failed)
    assert len(differences) == summary["membership_differences"] + summary["union_differences"]
    return differences, summary


def _fails(out: StringIO) -> CommandError | None:
    try:
        call_command("reconcile", "--json", stdout=out)
    except CommandError as error:
        return error
    return None


def difference(
    kind: str, key: int, metric: str, stored: object, ledger: object, breakdown: str = ""
) -> dict[str, Any]:
    return {
        "kind": kind,
        "id": key,
        "metric": metric,
        "breakdown": breakdown,
        "stored": None if stored is None else str(stored),
        "ledger": None if ledger is None else str(ledger),
    }


def end(membership: Membership, last_day: dt.date) -> None:
    """End a membership as a service does: the row, and the ledger from the next day on."""
    Membership.objects.filter(pk=membership.pk).update(
        status=MembershipStatus.ENDED, ended_on=last_day
    )
    record_event(
        membership,
        EventType.WITHDRAWN,
        union=membership.union,
        effective_on=last_day + dt.timedelta(days=1),
        actor=None,
    )


def correct(event: MembershipEvent, **changes: Any) -> None:
    """Take an entry back."""
    MembershipEvent.objects.create(
        **{
            "membership": event.membership,
            "type": EventType.CORRECTED,
            "corrects": event,
            "union": event.union,
            "worker_group": event.worker_group,
            "channel": event.channel,
            "effective_on": event.effective_on,
            "recorded_at": event.recorded_at,
            "active_change": -event.active_change,
            "retained_change": -event.retained_change,
            "joined_change": -event.joined_change,
            **changes,
        }
    )


def test_sound_register_is_quiet(town: Union) -> None:
    make_membership(town, on="2024-01-01")
    make_membership(town)
    end(make_membership(town, on="2024-01-01"), dt.date(2024, 6, 30))
    end(make_membership(town, on="2024-01-01"), TODAY)
    end(make_membership(town, on="2024-01-01"), TODAY + dt.timedelta(days=20))
    make_membership(town, on=(TODAY + dt.timedelta(days=3)).isoformat())
    kept = make_membership(town, on="2024-01-01")
    record_event(kept, EventType.RETAINED, union=town, effective_on=dt.date(2024, 5, 1), actor=None)
    Membership.objects.filter(pk=kept.pk).update(status=MembershipStatus.RETAINED)
    mistyped = make_membership(town, on="2024-01-01")
    correct(mistyped.events.get())
    record_event(
        mistyped, EventType.JOINED, union=town, effective_on=dt.date(2023, 12, 1), actor=None
    )
    Membership.objects.filter(pk=mistyped.pk).update(started_on=dt.date(2023, 12, 1))
    run_nightly()
    assert reconcile() == (
        [],
        {
            "kind": "summary",
            "memberships": 8,
            "published_day": YESTERDAY.isoformat(),
            "membership_differences": 0,
            "union_differences": 0,
        },
    )


def test_says_so_in_words(town: Union) -> None:
    membership = make_membership(town)
    out = StringIO()
    call_command("reconcile", stdout=out)
    assert out.getvalue() == "1 memberships and no figures yet: all agree with the ledger\n"
    Membership.objects.filter(pk=membership.pk).update(started_on="2024-01-01")
    out = StringIO()
    with pytest.raises(CommandError, match="1 differences of memberships, 0 of figures"):
        call_command("reconcile", stdout=out)
    assert out.getvalue() == (
        f"membership {membership.pk}: started_on is 2024-01-01, the ledger says {TODAY}\n"
    )


def test_status_that_the_ledger_does_not_know(town: Union) -> None:
    membership = make_membership(town, on="2024-01-01")
    Membership.objects.filter(pk=membership.pk).update(status=MembershipStatus.RETAINED)
    assert reconcile()[0] == [
        difference("membership", membership.pk, "status", "retained", "active"),
    ]


def test_end_that_the_ledger_does_not_know(town: Union) -> None:
    membership = make_membership(town, on="2024-01-01")
    Membership.objects.filter(pk=membership.pk).update(
        status=MembershipStatus.ENDED, ended_on=dt.date(2024, 6, 30)
    )
    assert reconcile()[0] == [
        difference("membership", membership.pk, "ended_on", "2024-06-30", None),
        difference("membership", membership.pk, "status", "ended", "active"),
    ]


def test_end_of_another_day(town: Union) -> None:
    membership = make_membership(town, on="2024-01-01")
    end(membership, dt.date(2024, 6, 30))
    Membership.objects.filter(pk=membership.pk).update(ended_on=dt.date(2024, 7, 1))
    assert reconcile()[0] == [
        difference("membership", membership.pk, "ended_on", "2024-07-01", "2024-06-30")
    ]


def test_open_membership_that_ended_in_the_ledger(town: Union) -> None:
    membership = make_membership(town, on="2024-01-01")
    record_event(
        membership,
        EventType.WITHDRAWN,
        union=town,
        effective_on=dt.date(2024, 7, 1),
        actor=None,
    )
    assert reconcile()[0] == [
        difference("membership", membership.pk, "ended_on", None, "2024-06-30"),
        difference("membership", membership.pk, "status", "active", "ended"),
    ]


def test_membership_without_any_entry(town: Union) -> None:
    gone = make_membership(town, on="2023-01-01")
    end(gone, dt.date(2023, 12, 31))
    membership = Membership.objects.create(
        member=gone.member,
        union=town,
        worker_group=gone.worker_group,
        channel=gone.channel,
        started_on=dt.date(2024, 1, 1),
    )
    assert reconcile()[0] == [
        difference("membership", membership.pk, "started_on", "2024-01-01", None),
        difference("membership", membership.pk, "status", "active", None),
    ]


def test_person_counted_twice(town: Union) -> None:
    membership = make_membership(town, on="2024-01-01")
    record_event(
        membership, EventType.JOINED, union=town, effective_on=dt.date(2024, 1, 1), actor=None
    )
    assert reconcile()[0] == [
        difference("membership", membership.pk, "most_persons", 1, 2),
    ]


def test_person_taken_off_before_being_counted(town: Union) -> None:
    membership = make_membership(town, on="2024-01-01")
    for kind, day in ((EventType.WITHDRAWN, 1), (EventType.JOINED, 2)):
        record_event(membership, kind, union=town, effective_on=dt.date(2023, 12, day), actor=None)
    assert reconcile()[0] == [
        difference("membership", membership.pk, "least_persons", 0, -1),
    ]


def test_person_counted_elsewhere(tree: dict[str, Union]) -> None:
    membership = make_membership(tree["town"], on="2024-01-01")
    Membership.objects.filter(pk=membership.pk).update(union=tree["other"], worker_group="carer")
    assert reconcile()[0] == [
        difference("membership", membership.pk, "union", tree["other"].pk, tree["town"].pk),
        difference("membership", membership.pk, "worker_group", "carer", "courier"),
    ]


def test_entry_at_another_union_that_was_corrected_is_no_difference(
    tree: dict[str, Union],
) -> None:
    membership = make_membership(tree["town"], on="2024-01-01")
    correct(membership.events.get())
    record_event(
        membership,
        EventType.JOINED,
        union=tree["other"],
        effective_on=dt.date(2024, 1, 1),
        actor=None,
    )
    Membership.objects.filter(pk=membership.pk).update(union=tree["other"])
    run_nightly()
    assert reconcile()[0] == []


def test_changed_figure_is_named_for_its_union_alone(tree: dict[str, Union]) -> None:
    make_membership(tree["town"], on="2024-01-01")
    run_nightly()
    DailyCount.objects.filter(union=tree["county"]).update(group_members=[7])
    assert reconcile()[0] == [
        difference("union", tree["county"].pk, "members", 7, 1, breakdown="courier")
    ]


def test_missing_and_invented_figures_are_named(tree: dict[str, Union]) -> None:
    make_membership(tree["town"], on="2024-01-01")
    run_nightly()
    DailyCount.objects.filter(union=tree["city"]).update(joined=0)
    DailyCount.objects.create(union=tree["other"], day=YESTERDAY, retained=3)
    assert reconcile()[0] == [
        difference("union", tree["city"].pk, "joined", 0, 1),
        difference("union", tree["other"].pk, "retained", 3, 0),
        difference("union", tree["city"].pk, "retained (roll-up)", 0, 3),
        difference("union", tree["other"].pk, "retained (roll-up)", 3, 0),
    ]


def test_what_came_after_the_cut_off_is_no_difference(tree: dict[str, Union]) -> None:
    make_membership(tree["town"], on="2024-01-01")
    run_nightly()
    make_membership(tree["town"], on="2024-01-01")
    Union.objects.update(created_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    update_union(tree["town"], parent=tree["other"], actor=None)
    differences, summary = reconcile()
    assert differences == []
    assert summary["memberships"] == 2
    # The next count takes both up, and the check follows it.
    run_nightly(TODAY)
    assert reconcile()[0] == []
    assert DailyCount.objects.get(union=tree["other"]).members == 2


def test_full_recount_mends_the_newest_day_and_keeps_what_it_found(town: Union) -> None:
    make_membership(town, on="2024-01-01")
    run_nightly()
    DailyCount.objects.filter(union=town).update(members=9)
    make_membership(town, on="2024-02-01")
    (recount,) = [o for o in run_nightly(dt.date(2024, 3, 1), full=True) if o.step == "recount"]
    assert (recount.day, recount.row_count) == (YESTERDAY, 1)
    differences, summary = reconcile()
    assert differences == []
    assert summary["published_day"] == YESTERDAY.isoformat()
    drift = Drift.objects.get()
    assert (drift.union, drift.metric, drift.stored, drift.expected) == (town, "members", "9", "1")
    assert drift.mended_at is not None


def test_recount_mends_groups_and_what_nobody_stands_behind(tree: dict[str, Union]) -> None:
    make_membership(tree["town"], group="courier", on="2024-01-01")
    make_membership(tree["town"], group="carer", on="2024-01-01")
    run_nightly()
    county, other = tree["county"], tree["other"]
    before = DailyCount.objects.get(union=county)
    DailyCount.objects.filter(union=county).update(group_members=[7, 1], group_joined=None)
    DailyCount.objects.create(union=other, day=YESTERDAY, retained=3)
    (recount,) = [o for o in run_nightly(full=True) if o.step == "recount"]
    # A wrong group and two without their joins, and a sum without anybody.
    assert recount.row_count == 4
    assert reconcile()[0] == []
    after = DailyCount.objects.get(union=county, day=YESTERDAY)
    assert (after.groups, after.group_members, after.group_joined) == (
        before.groups, before.group_members, before.group_joined,
    )  # fmt: skip
    empty = DailyCount.objects.get(union=other)
    assert (empty.members, empty.retained, empty.groups) == (0, 0, [])
