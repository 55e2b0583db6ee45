"""Wrong entries mended: the entry stays, a correcting one and the right one follow it."""

import datetime as dt

import pytest
from django.http import Http404

from audit.models import AuditEntry
from members.enums import ChangeReason
from members.ledger_reading import state_on
from members.models import Membership, MembershipEvent
from members.services.changes import (
    expel_membership,
    record_death,
    retain_membership,
    withdraw_membership,
)
from members.services.correction import (
    annul_membership,
    correct_end,
    correct_start,
    correct_union,
    correct_worker_group,
)
from members.services.review import approve_application
from members.services.transfer import decide_transfer
from reference.models import WorkerGroup
from tests.builders import (
    make_application,
    make_join_code,
    make_membership,
    make_official,
    person,
)
from tests.members.lifecycle import (
    ONE_DAY,
    TODAY,
    TOMORROW,
    county as county,
    days_ago,
    decision,
    effects,
    files_aside as files_aside,
    in_order,
    moving,
    next_town as next_town,
    refused,
    stock,
    town as town,
    written,
)
from unions.models import Union

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("files_aside")]

START = days_ago(100)


@pytest.fixture
def membership(town: Union) -> Membership:
    return make_membership(town, on=START.isoformat())


def row(membership: Membership) -> tuple[str, dt.date, dt.date | None]:
    membership.refresh_from_db()
    return membership.status, membership.started_on, membership.ended_on


def test_wrong_start(membership: Membership, town: Union) -> None:
    official = make_official("official", town)
    right = days_ago(120)
    original = membership.events.get()
    correct_start(membership, started_on=right, actor=official)
    assert row(membership) == ("active", right, None)
    assert effects(membership) == [
        ("joined", START, 1, 0, 1), ("corrected", START, -1, 0, -1), ("joined", right, 1, 0, 1),
    ]  # fmt: skip
    correction = MembershipEvent.objects.get(type="corrected")
    assert (correction.corrects, correction.reason, correction.actor) == (
        original, "wrong_entry", official,
    )  # fmt: skip
    assert [stock(town, day) for day in (right - ONE_DAY, right, TODAY)] == [
        (0, 0), (1, 0), (1, 0),
    ]  # fmt: skip
    entry = AuditEntry.objects.get(action="membership.start_corrected")
    assert entry.data == {"started_on": [START.isoformat(), right.isoformat()]}
    # The right entry may be mended in its turn, forward, too.
    correct_start(membership, started_on=days_ago(90), actor=None)
    assert row(membership) == ("active", days_ago(90), None)
    assert stock(town, days_ago(91)) == (0, 0)
    assert membership.events.filter(corrects=original).count() == 1
    in_order()


def test_start_stays_between_its_neighbours(town: Union) -> None:
    code = make_join_code(town)
    who = person(5)
    first = make_membership(town, who, on=START.isoformat())
    withdraw_membership(first, last_day=days_ago(50), actor=None)
    second = approve_application(make_application(code, who), actor=None)
    refused(
        lambda: correct_start(second, started_on=days_ago(50), actor=None),
        "overlap",
        "started_on",
    )
    refused(lambda: correct_start(second, started_on=TOMORROW, actor=None), "future", "started_on")
    refused(lambda: correct_start(second, started_on=TODAY, actor=None), "unchanged", "started_on")
    refused(
        lambda: correct_start(first, started_on=days_ago(49), actor=None),
        "too_late",
        "started_on",
    )
    correct_start(first, started_on=days_ago(50), actor=None)
    correct_start(second, started_on=days_ago(49), actor=None)
    assert (row(first), row(second)) == (
        ("ended", days_ago(50), days_ago(50)), ("active", days_ago(49), None),
    )  # fmt: skip
    assert {stock(town, days_ago(n)) for n in range(51)} == {(1, 0)}
    in_order()


def test_start_not_after_being_retained(membership: Membership) -> None:
    retain_membership(
        membership, reason=ChangeReason.RETIRED, effective_on=days_ago(40), actor=None
    )
    refused(
        lambda: correct_start(membership, started_on=days_ago(39), actor=None),
        "too_late",
        "started_on",
    )
    correct_start(membership, started_on=days_ago(40), actor=None)
    assert row(membership) == ("retained", days_ago(40), None)
    in_order()


def test_wrong_end(membership: Membership, town: Union) -> None:
    record_death(membership, died_on=days_ago(10), actor=None)
    correct_end(membership, last_day=days_ago(20), actor=None)
    assert row(membership) == ("ended", START, days_ago(20))
    assert effects(membership)[1:] == [
        ("deceased", days_ago(9), -1, 0, 0),
        ("corrected", days_ago(9), 1, 0, 0),
        ("deceased", days_ago(19), -1, 0, 0),
    ]
    assert [stock(town, days_ago(n)) for n in (20, 19)] == [(1, 0), (0, 0)]
    refused(
        lambda: correct_end(membership, last_day=days_ago(20), actor=None),
        "unchanged",
        "last_day",
    )
    refused(lambda: correct_end(membership, last_day=TOMORROW, actor=None), "future", "last_day")
    refused(
        lambda: correct_end(membership, last_day=START - ONE_DAY, actor=None),
        "too_early",
        "last_day",
    )
    in_order()


def test_not_ended_at_all(membership: Membership, town: Union) -> None:
    refused(lambda: correct_end(membership, last_day=None, actor=None), "not_ended")
    retain_membership(
        membership, reason=ChangeReason.RETIRED, effective_on=days_ago(40), actor=None
    )
    record_death(membership, died_on=days_ago(10), actor=None)
    correct_end(membership, last_day=None, actor=None)
    assert row(membership) == ("retained", START, None)
    assert {stock(town, days_ago(n)) for n in range(41)} == {(0, 1)}
    assert state_on(membership, days_ago(5)) == "retained"
    in_order()


def test_no_reopening_beside_a_later_spell(town: Union) -> None:
    who = person(6)
    first = make_membership(town, who, on=START.isoformat())
    withdraw_membership(first, last_day=days_ago(50), actor=None)
    second = approve_application(make_application(make_join_code(town), who), actor=None)
    refused(lambda: correct_end(first, last_day=None, actor=None), "already_member")
    refused(lambda: correct_end(first, last_day=TODAY, actor=None), "overlap", "last_day")
    withdraw_membership(second, actor=None)
    refused(lambda: correct_end(first, last_day=None, actor=None), "overlap")
    in_order()


def test_expulsion_keeps_its_paper(membership: Membership, town: Union) -> None:
    paper = decision(town, decided_on=days_ago(30))
    expel_membership(membership, decision=paper, last_day=days_ago(20), actor=None)
    refused(
        lambda: correct_end(membership, last_day=days_ago(31), actor=None),
        "before_decision",
        "last_day",
    )
    correct_end(membership, last_day=days_ago(25), actor=None)
    newest = membership.events.order_by("-id")[0]
    assert (newest.type, newest.decision, newest.reason) == ("expelled", paper, "crime")
    in_order()


def test_wrong_union(membership: Membership, town: Union, next_town: Union) -> None:
    retain_membership(
        membership, reason=ChangeReason.UNEMPLOYED, effective_on=days_ago(40), actor=None
    )
    withdraw_membership(membership, last_day=days_ago(10), actor=None)
    before = [stock(town, days_ago(n)) for n in range(110)]
    correct_union(membership, union=next_town, actor=None)
    assert [stock(next_town, days_ago(n)) for n in range(110)] == before
    assert {stock(town, days_ago(n)) for n in range(110)} == {(0, 0)}
    membership.refresh_from_db()
    membership.member.refresh_from_db()
    assert (membership.union, membership.member.home_union) == (next_town, next_town)
    joined = MembershipEvent.objects.filter(union=town).values_list("joined_change", flat=True)
    assert sum(joined) == 0
    in_order()


def test_wrong_union_needs_rights_at_both(
    membership: Membership, town: Union, next_town: Union
) -> None:
    clerk = make_official("clerk", town)
    refused(lambda: correct_union(membership, union=next_town, actor=clerk), "scope", "union")
    stranger = make_official("next", next_town)
    before = written()
    with pytest.raises(Http404):
        correct_union(membership, union=next_town, actor=stranger)
    assert written() == before
    refused(lambda: correct_union(membership, union=town, actor=None), "unchanged", "union")
    county = town.parent
    assert county is not None
    correct_union(membership, union=next_town, actor=make_official("county", county))
    in_order()


def test_wrong_worker_group(membership: Membership, town: Union) -> None:
    carer = WorkerGroup.objects.get(pk="carer")
    retain_membership(membership, reason=ChangeReason.RETIRED, effective_on=START, actor=None)
    correct_worker_group(membership, worker_group=carer, actor=None)
    groups: dict[str, int] = {}
    for event in membership.events.all():
        change = event.active_change + event.retained_change
        groups[event.worker_group_id] = groups.get(event.worker_group_id, 0) + change
    assert groups == {"courier": 0, "carer": 1}
    assert (stock(town, TODAY), row(membership)[0]) == ((0, 1), "retained")
    refused(
        lambda: correct_worker_group(membership, worker_group=carer, actor=None),
        "unchanged",
        "worker_group",
    )
    in_order()


def test_a_transfer_is_not_mended_from_one_side(
    membership: Membership, county: Union, next_town: Union
) -> None:
    carer = WorkerGroup.objects.get(pk="carer")
    transfer = moving(membership, next_town)
    for act in (
        lambda: correct_union(membership, union=next_town, actor=None),
        lambda: correct_worker_group(membership, worker_group=carer, actor=None),
        lambda: annul_membership(membership, actor=None),
    ):
        refused(act, "transferring")
    for side in ("releasing", "receiving"):
        decide_transfer(transfer, side=side, agree=True, actor=None)
    arrived = Membership.objects.get(union=next_town)
    refused(lambda: correct_end(membership, last_day=None, actor=None), "moved")
    refused(lambda: correct_union(membership, union=county, actor=None), "moved")
    refused(lambda: correct_start(arrived, started_on=TODAY, actor=None), "came_by_transfer")
    refused(lambda: correct_union(arrived, union=county, actor=None), "came_by_transfer")
    refused(lambda: annul_membership(arrived, actor=None), "came_by_transfer")
    # What was wrong from the beginning may be mended: it moves no day between the two.
    correct_start(membership, started_on=days_ago(101), actor=None)
    correct_worker_group(arrived, worker_group=carer, actor=None)
    in_order()


def test_annulled_stays_annulled(membership: Membership, next_town: Union) -> None:
    annul_membership(membership, actor=None)
    for act in (
        lambda: correct_start(membership, started_on=days_ago(3), actor=None),
        lambda: correct_end(membership, last_day=None, actor=None),
        lambda: correct_union(membership, union=next_town, actor=None),
    ):
        refused(act, "annulled")


def test_annulling_frees_the_application(town: Union) -> None:
    application = make_application(make_join_code(town))
    membership = approve_application(application, actor=None)
    annul_membership(membership, actor=None)
    membership.refresh_from_db()
    assert membership.application is None
    assert AuditEntry.objects.get(action="membership.annulled").data == {
        "reason": "undone", "application": application.pk,
    }  # fmt: skip
