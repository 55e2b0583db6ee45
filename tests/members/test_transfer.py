"""Transfers: asked for by each party, decided by both unions, counted once all the while."""

import datetime as dt

import pytest
from django.http import Http404

from audit.models import AuditEntry
from members.enums import ChangeReason
from members.ledger_reading import state_on
from members.models import Membership, ReviewRules, Transfer
from members.services.changes import retain_membership
from members.services.transfer import (
    ask_transfer,
    cancel_transfer,
    decide_transfer,
    expire_transfers,
    move_from_pool,
)
from members.working_days import add_working_days
from reference.models import WorkerGroup
from tests.builders import (
    make_join_code,
    make_membership,
    make_official,
    make_union,
)
from tests.members.lifecycle import (
    ONE_DAY,
    TODAY,
    TOMORROW,
    effects,
    in_order,
    moving,
    refused,
    stock,
    written,
)
from unions.models import Union

pytestmark = pytest.mark.django_db


@pytest.fixture
def county() -> Union:
    return make_union("县总", "county_federation")


@pytest.fixture
def old(county: Union) -> Union:
    return make_union("镇工会", "township_union", county)


@pytest.fixture
def new() -> Union:
    return make_union("邻镇工会", "township_union", make_union("邻县总", "county_federation"))


@pytest.fixture
def membership(old: Union) -> Membership:
    found = make_membership(old, on="2024-01-01")
    found.join_code = make_join_code(old)
    found.employer_name = "顺达快递"
    found.save()
    return found


def status(membership: Membership) -> str:
    membership.refresh_from_db()
    return membership.status


def test_both_agree_and_the_membership_moves(
    membership: Membership, old: Union, new: Union
) -> None:
    releasing, receiving = make_official("releasing", old), make_official("receiving", new)
    transfer = ask_transfer(
        membership,
        to_union=new,
        reason="换了工作",
        asked_by="member",
        new_worker_group=WorkerGroup.objects.get(pk="carer"),
        new_employer_name="康护公司",
        actor=None,
    )
    assert transfer.deadline == add_working_days(TODAY, 15)
    assert (transfer.release_decision, transfer.receive_decision) == ("pending", "pending")
    assert status(membership) == "transferring"
    assert (stock(old, TOMORROW), stock(new, TOMORROW)) == ((1, 0), (0, 0))
    decide_transfer(transfer, side="receiving", agree=True, note="欢迎", actor=receiving)
    assert status(membership) == "transferring"
    decide_transfer(transfer, side="releasing", agree=True, actor=releasing)
    transfer.refresh_from_db()
    assert (transfer.status, transfer.release_by, transfer.receive_by) == (
        "done", releasing, receiving,
    )  # fmt: skip
    arrived = transfer.new_membership
    assert arrived is not None
    assert (arrived.started_on, arrived.status, arrived.union) == (TOMORROW, "active", new)
    assert (arrived.worker_group_id, arrived.employer_name) == ("carer", "康护公司")
    # How the person came to the unions stays for good.
    assert (arrived.channel, arrived.join_code) == (membership.channel, membership.join_code)
    assert (status(membership), membership.ended_on) == ("ended", TODAY)
    membership.member.refresh_from_db()
    assert membership.member.home_union == new
    assert effects(membership) == [
        ("joined", dt.date(2024, 1, 1), 1, 0, 1),
        ("transfer_asked", TODAY, 0, 0, 0),
        ("transferred_out", TOMORROW, -1, 0, 0),
    ]
    assert effects(arrived) == [("transferred_in", TOMORROW, 1, 0, 0)]
    assert [(stock(old, day), stock(new, day)) for day in (TODAY, TOMORROW)] == [
        ((1, 0), (0, 0)), ((0, 0), (1, 0)),
    ]  # fmt: skip
    assert [state_on(membership, day) for day in (TODAY - ONE_DAY, TODAY, TOMORROW)] == [
        "active", "transferring", "ended",
    ]  # fmt: skip
    trail = AuditEntry.objects.filter(object_type="members.transfer").order_by("id")
    assert list(trail.values_list("action", "actor", "union_path")) == [
        ("transfer.asked", None, old.path),
        ("transfer.receiving_agreed", receiving.pk, new.path),
        ("transfer.releasing_agreed", releasing.pk, old.path),
        ("transfer.done", releasing.pk, new.path),
    ]
    in_order()


def test_who_is_retained_moves_as_retained(membership: Membership, old: Union, new: Union) -> None:
    retain_membership(membership, reason=ChangeReason.RETIRED, actor=None)
    transfer = moving(membership, new, asked_by="receiving")
    assert state_on(membership, TODAY) == "transferring"
    assert stock(old, TODAY) == (0, 1)
    decide_transfer(transfer, side="releasing", agree=True, actor=None)
    arrived = Membership.objects.get(union=new)
    assert arrived.status == "retained"
    assert effects(arrived) == [("transferred_in", TOMORROW, 0, 1, 0)]
    assert (stock(old, TOMORROW), stock(new, TOMORROW)) == ((0, 0), (0, 1))
    in_order()


def test_the_asking_union_has_agreed_thereby(
    membership: Membership, old: Union, new: Union
) -> None:
    releasing, receiving = make_official("releasing", old), make_official("receiving", new)
    by_old = ask_transfer(
        membership, to_union=new, reason="迁走", asked_by="releasing", actor=releasing
    )
    assert (by_old.release_decision, by_old.release_by) == ("agreed", releasing)
    assert by_old.receive_decision == "pending"
    refused(
        lambda: decide_transfer(by_old, side="releasing", agree=True, actor=releasing), "decided"
    )
    cancel_transfer(by_old, actor=releasing)
    by_new = ask_transfer(
        membership, to_union=new, reason="来此工作", asked_by="receiving", actor=receiving
    )
    assert (by_new.receive_decision, by_new.receive_by) == ("agreed", receiving)
    assert by_new.release_decision == "pending"


def test_a_refusal_says_why_and_ends_it(membership: Membership, old: Union, new: Union) -> None:
    transfer = moving(membership, new)
    refused(
        lambda: decide_transfer(transfer, side="receiving", agree=False, actor=None),
        "required",
        "note",
    )
    decide_transfer(transfer, side="receiving", agree=False, note="不在本镇工作", actor=None)
    transfer.refresh_from_db()
    assert (transfer.status, transfer.receive_note) == ("refused", "不在本镇工作")
    assert status(membership) == "active"
    assert effects(membership)[1:] == [
        ("transfer_asked", TODAY, 0, 0, 0), ("transfer_dropped", TODAY, 0, 0, 0),
    ]  # fmt: skip
    refused(lambda: decide_transfer(transfer, side="releasing", agree=True, actor=None), "closed")
    refused(lambda: cancel_transfer(transfer, actor=None), "closed")
    moving(membership, new)  # it may be asked for again
    in_order()


def test_who_was_retained_is_retained_again(membership: Membership, new: Union) -> None:
    retain_membership(membership, reason=ChangeReason.UNEMPLOYED, actor=None)
    cancel_transfer(moving(membership, new), actor=None)
    assert status(membership) == "retained"
    in_order()


def test_deadline(membership: Membership, old: Union, new: Union) -> None:
    ReviewRules.objects.update(transfer_deadline_days=3)
    transfer = moving(membership, new)
    assert transfer.deadline == add_working_days(TODAY, 3)
    assert expire_transfers(transfer.deadline) == 0
    assert status(membership) == "transferring"
    Transfer.objects.update(deadline=TODAY - ONE_DAY)
    refused(lambda: decide_transfer(transfer, side="releasing", agree=True, actor=None), "expired")
    assert expire_transfers(TODAY) == 1
    transfer.refresh_from_db()
    assert (transfer.status, status(membership)) == ("expired", "active")
    assert expire_transfers(TODAY) == 0
    in_order()


def test_what_cannot_be_asked_for(membership: Membership, old: Union, new: Union) -> None:
    branch = make_union("县产业工会", "work_committee", old.parent)
    closed = make_union("筹备中", "township_union", old.parent, status="preparing")
    refused(lambda: moving(membership, old), "same_union", "to_union")
    refused(lambda: moving(membership, closed), "union_closed", "to_union")
    if not branch.kind.enrols_members:
        refused(lambda: moving(membership, branch), "enrols_nobody", "to_union")
    refused(
        lambda: ask_transfer(membership, to_union=new, reason=" ", asked_by="member", actor=None),
        "required",
        "reason",
    )
    moving(membership, new)
    refused(lambda: moving(membership, new), "transferring")


def test_each_union_decides_for_itself(membership: Membership, old: Union, new: Union) -> None:
    releasing, receiving = make_official("releasing", old), make_official("receiving", new)
    stranger = make_official("stranger", make_union("第三县总", "county_federation"))
    before = written()
    for party, actor in (
        ("releasing", receiving), ("receiving", releasing), ("member", receiving),
        ("releasing", stranger), ("receiving", stranger),
    ):  # fmt: skip
        with pytest.raises(Http404):
            ask_transfer(membership, to_union=new, reason="无权", asked_by=party, actor=actor)
    assert written() == before
    transfer = moving(membership, new)
    refused(
        lambda: decide_transfer(transfer, side="releasing", agree=True, actor=receiving),
        "other_side",
    )
    refused(
        lambda: decide_transfer(transfer, side="receiving", agree=True, actor=releasing),
        "other_side",
    )
    refused(lambda: cancel_transfer(transfer, actor=receiving), "other_side")
    before = written()
    with pytest.raises(Http404):
        decide_transfer(transfer, side="receiving", agree=True, actor=stranger)
    with pytest.raises(Http404):
        cancel_transfer(transfer, actor=stranger)
    assert written() == before
    assert not Transfer.objects.visible_to(stranger, "transfers.view").exists()
    for official in (releasing, receiving):
        assert Transfer.objects.visible_to(official, "transfers.view").get() == transfer


def test_from_the_holding_pool_in_one_step(county: Union, old: Union, new: Union) -> None:
    pool = make_union("县会员周转库", "holding_pool", county)
    pooled = make_membership(pool, on="2024-01-01")
    official, limited = make_official("county", county), make_official("limited", pool)
    before = written()
    with pytest.raises(Http404):
        move_from_pool(pooled, to_union=old, actor=limited)
    with pytest.raises(Http404):
        move_from_pool(pooled, to_union=new, actor=official)
    assert written() == before
    transfer = move_from_pool(pooled, to_union=old, actor=official)
    assert (transfer.status, transfer.release_by, transfer.receive_by) == (
        "done", official, official,
    )  # fmt: skip
    assert (stock(pool, TOMORROW), stock(old, TOMORROW)) == ((0, 0), (1, 0))
    other = make_membership(old, on="2024-01-01")
    refused(lambda: move_from_pool(other, to_union=pool, actor=official), "not_pool")
    in_order()
