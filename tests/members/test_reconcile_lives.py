"""Reconciliation of transfers, annulled and repeated memberships: each fault has its name."""

import datetime as dt

import pytest

from members.enums import ChangeReason, EventType, MembershipStatus
from members.models import Membership, Transfer
from members.reconciliation import membership_differences
from members.services.changes import retain_membership, withdraw_membership
from members.services.correction import annul_membership
from members.services.ledger import record_event
from members.services.transfer import decide_transfer
from tests.builders import make_membership, make_union
from tests.members.lifecycle import TODAY, TOMORROW, days_ago, in_order, moving
from unions.models import Union

pytestmark = pytest.mark.django_db


@pytest.fixture
def county() -> Union:
    return make_union("县总", "county_federation")


@pytest.fixture
def membership(county: Union) -> Membership:
    return make_membership(make_union("镇工会", "township_union", county), on="2024-01-01")


def differences(membership: Membership) -> list[tuple[str, str | None, str | None]]:
    """What is wrong with one membership: metric, row, ledger. Asked for alone it is the same."""
    named = [found for found in membership_differences() if found.id == membership.pk]
    assert list(membership_differences([membership.pk])) == named
    return [(found.metric, found.stored, found.ledger) for found in named]


def set_row(membership: Membership, **columns: object) -> None:
    """A faulty hand: the row changes, the ledger does not."""
    Membership.objects.filter(pk=membership.pk).update(**columns)


def test_every_state_in_order_is_quiet(county: Union, membership: Membership) -> None:
    town = membership.union
    moving(membership, county)
    moved = make_membership(town, on="2024-01-01")
    retain_membership(moved, reason=ChangeReason.RETIRED, actor=None)
    transfer = moving(moved, county, asked_by="releasing")
    decide_transfer(transfer, side="receiving", agree=True, actor=None)
    annul_membership(make_membership(town, on="2024-01-01"), actor=None)
    withdraw_membership(make_membership(town, on="2024-01-01"), actor=None)
    in_order()


def test_transferring_without_a_request(membership: Membership) -> None:
    set_row(membership, status=MembershipStatus.TRANSFERRING)
    assert differences(membership) == [
        ("open_transfers", "1", "0"), ("status", "transferring", "active"),
    ]  # fmt: skip


def test_request_without_transferring(membership: Membership, county: Union) -> None:
    moving(membership, county)
    set_row(membership, status=MembershipStatus.ACTIVE)
    assert differences(membership) == [
        ("open_transfers", "0", "1"), ("status", "active", "transferring"),
    ]  # fmt: skip


def test_request_from_another_union(membership: Membership, county: Union) -> None:
    other = make_union("邻镇工会", "township_union", county)
    moving(membership, county)
    Transfer.objects.update(from_union=other)
    assert differences(membership) == [("open_transfers", "1", "0")]


def test_annulled_that_counts_and_counted_that_is_annulled(membership: Membership) -> None:
    set_row(membership, status=MembershipStatus.ANNULLED, ended_on=dt.date(2024, 1, 1))
    assert differences(membership) == [
        ("ended_on", "2024-01-01", None), ("status", "annulled", "active"),
    ]  # fmt: skip
    set_row(membership, status=MembershipStatus.ACTIVE, ended_on=None)
    annul_membership(membership, actor=None)
    assert differences(membership) == []
    set_row(membership, status=MembershipStatus.ENDED)
    assert differences(membership) == [
        ("ended_on", "2024-01-01", None),
        ("started_on", "2024-01-01", None),
        ("status", "ended", "annulled"),
    ]


def test_spells_that_overlap(membership: Membership) -> None:
    withdraw_membership(membership, actor=None)
    again = Membership.objects.create(
        member=membership.member,
        union=membership.union,
        worker_group_id=membership.worker_group_id,
        channel=membership.channel,
        started_on=TODAY,
    )
    record_event(again, EventType.JOINED, union=again.union, effective_on=TODAY, actor=None)
    assert differences(again) == [("after_previous", TODAY.isoformat(), TOMORROW.isoformat())]


def test_a_hole_is_named_unless_a_merge_was_undone(membership: Membership) -> None:
    record_event(
        membership, EventType.MERGED, union=membership.union, effective_on=days_ago(9), actor=None
    )
    record_event(
        membership, EventType.UNMERGED, union=membership.union, effective_on=days_ago(5), actor=None
    )
    assert differences(membership) == []
    for kind, day in ((EventType.WITHDRAWN, days_ago(4)), (EventType.JOINED, days_ago(2))):
        record_event(membership, kind, union=membership.union, effective_on=day, actor=None)
    assert differences(membership) == [("breaks", "0", "1")]


def test_merged_while_retained_comes_back_retained(membership: Membership) -> None:
    retain_membership(
        membership, reason=ChangeReason.RETIRED, effective_on=days_ago(20), actor=None
    )
    for kind, day in ((EventType.MERGED, days_ago(9)), (EventType.UNMERGED, days_ago(5))):
        event = record_event(membership, kind, union=membership.union, effective_on=day, actor=None)
        assert (event.active_change, abs(event.retained_change)) == (0, 1)
    assert differences(membership) == []
