"""The member hears by short message how the own transfer goes on."""

from __future__ import annotations

import datetime as dt

import pytest

from core.encryption import decrypt
from core.errors import RuleViolation
from members.models import Member, Membership, Message
from members.models.message import BODY_CONTEXT
from members.services.changes import record_death
from members.services.transfer import (
    ask_transfer,
    cancel_transfer,
    decide_transfer,
    expire_transfers,
    move_from_pool,
)
from tests.builders import make_membership, make_union, person
from unions.models import Union

pytestmark = pytest.mark.django_db


@pytest.fixture
def old() -> Union:
    """Where the member is."""
    return make_union("柳园街道工会", "township_union", make_union("县总", "county_federation"))


@pytest.fixture
def new(old: Union) -> Union:
    """Where the member goes."""
    return make_union("新区街道工会", "township_union", old.parent)


@pytest.fixture
def membership(old: Union) -> Membership:
    """Since 2024."""
    return make_membership(old, person(7), on="2024-01-02")


def told(member: Member) -> list[str]:
    """The texts sent to the member's phone, oldest first, without the signature."""
    messages = Message.objects.filter(phone_hash=member.phone_hash).order_by("pk")
    texts = [decrypt(message.body_encrypted, context=BODY_CONTEXT) for message in messages]
    return [text.partition("】")[2] for text in texts]


ASKED = "您的会籍正在办理转接：由柳园街道工会转往新区街道工会。如非本人意愿，请联系所在工会。"
DONE = "您的会籍已转入新区街道工会。"
ENDED = "您的会籍转接未办成，会籍仍在柳园街道工会。"


def test_asked_and_done(membership: Membership, new: Union) -> None:
    transfer = ask_transfer(
        membership, to_union=new, reason="换了工作", asked_by="releasing", actor=None
    )
    assert told(membership.member) == [ASKED]
    decide_transfer(transfer, side="receiving", agree=True, actor=None)
    assert told(membership.member) == [ASKED, DONE]


@pytest.mark.parametrize("end", ["refused", "cancelled", "expired"])
def test_asked_and_come_to_nothing(membership: Membership, new: Union, end: str) -> None:
    transfer = ask_transfer(
        membership, to_union=new, reason="换了工作", asked_by="member", actor=None
    )
    if end == "refused":
        decide_transfer(transfer, side="releasing", agree=False, note="欠会费", actor=None)
    elif end == "cancelled":
        cancel_transfer(transfer, actor=None)
    else:
        assert expire_transfers(transfer.deadline + dt.timedelta(days=1)) == 1
    assert told(membership.member) == [ASKED, ENDED]


def test_what_is_refused_tells_nobody(membership: Membership, old: Union) -> None:
    with pytest.raises(RuleViolation):
        ask_transfer(membership, to_union=old, reason="换了工作", asked_by="member", actor=None)
    assert Message.objects.count() == 0


def test_out_of_the_pool_is_told_once(old: Union, new: Union) -> None:
    pool = make_union("县总会员周转库", "holding_pool", old.parent)
    spell = make_membership(pool, person(8), on="2024-01-02")
    move_from_pool(spell, to_union=new, actor=None)
    assert told(spell.member) == [DONE]


def test_a_phone_that_was_erased_is_told_nothing(membership: Membership, new: Union) -> None:
    Member.objects.filter(pk=membership.member_id).update(phone_encrypted=b"")
    membership.refresh_from_db()
    transfer = ask_transfer(
        membership, to_union=new, reason="换了工作", asked_by="releasing", actor=None
    )
    cancel_transfer(transfer, actor=None)
    assert Message.objects.count() == 0


def test_nobody_writes_to_the_dead(membership: Membership, new: Union) -> None:
    ask_transfer(membership, to_union=new, reason="换了工作", asked_by="releasing", actor=None)
    record_death(membership, died_on=membership.started_on, actor=None)
    assert told(membership.member) == [ASKED]
