"""The card, its sealed code, and the public page that tells almost nothing."""

from __future__ import annotations

import base64
import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client

from members import card as cards
from members.enums import ChangeReason
from members.models import Membership
from members.models.transfer import TransferParty
from members.services.card import card_of
from members.services.changes import retain_membership, withdraw_membership
from members.services.transfer import ask_transfer, decide_transfer
from tests.builders import make_membership, person
from tests.members.own_page import (
    browser_of,
    county as county,
    membership as membership,
    number_of,
    other_union as other_union,
    phone_of,
    union as union,
)
from unions.models import Union

pytestmark = pytest.mark.django_db
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d")


def checked(token: str) -> tuple[int, str]:
    """Status and visible text of the check page's panel."""
    answer = Client(headers={"Accept-Language": "en"}).get(f"/card/{token}/")
    panel = answer.content.decode().partition('<section class="panel check">')[2]
    text = re.sub(r"<[^>]+>", " ", panel.partition("</section>")[0])
    return answer.status_code, TIME.sub("", " ".join(text.split()))


def test_the_check_page_shows_masked_name_union_and_validity_and_nothing_else(
    membership: Membership, union: Union
) -> None:
    token = cards.make_token(membership.member, life=cards.SCREEN_LIFE)
    assert checked(token) == (200, f"✓ Valid membership 王*明 {union.name} Checked ")
    page = Client().get(f"/card/{token}/")
    assert "no-store" in page.headers["Cache-Control"]
    content = page.content.decode()
    number, phone = number_of(membership.member), phone_of(membership.member)
    for secret in ("王小明", number, phone):
        assert secret not in content
    # Nor their ends; the time of the check, which has four digits too, is left out.
    shown = TIME.sub("", re.sub(r"<[^>]+>", " ", content))
    for end in (number[-4:], phone[-4:]):
        assert end not in shown


def test_each_state_in_plain_words(membership: Membership, union: Union) -> None:
    token = cards.make_token(membership.member, life=cards.SCREEN_LIFE)
    retain_membership(membership, reason=ChangeReason.RETIRED, actor=None)
    assert checked(token)[1].startswith("✓ Valid: retained membership 王*明")
    membership.refresh_from_db()
    withdraw_membership(membership, actor=None)
    assert checked(token)[1].startswith("✕ Not valid: the membership has ended 王*明")


def test_forged_damaged_foreign_and_expired_codes_are_not_told_apart(
    membership: Membership,
) -> None:
    good = cards.make_token(membership.member, life=cards.SCREEN_LIFE)
    raw = base64.urlsafe_b64decode(good + "==")
    bent = base64.urlsafe_b64encode(bytes([raw[0] ^ 1]) + raw[1:]).decode().rstrip("=")
    expired = cards.make_token(membership.member, life=dt.timedelta(minutes=-2))
    membership.member.pk = 999_999
    nobody = cards.make_token(membership.member, life=cards.SCREEN_LIFE)
    answers = {
        checked(token)
        for token in (bent, expired, nobody, good[:-1], good + "A", "x", "é" * 9, "A" * 500, "%00")
    }
    assert len(answers) == 1
    assert answers.pop()[0] == 404


def test_the_code_holds_no_readable_number_and_needs_our_secret(
    membership: Membership, settings: Any
) -> None:
    token = cards.make_token(membership.member, life=cards.SCREEN_LIFE)
    raw = base64.urlsafe_b64decode(token + "==")
    assert membership.member_id.to_bytes(8, "big") not in raw
    assert len(token) == 38
    old = settings.SECRET_KEY
    settings.SECRET_KEY = "another-secret-another-secret-another-secret"
    assert cards.read_token(token) is None
    settings.SECRET_KEY_FALLBACKS = [old]
    assert cards.read_token(token) == membership.member_id


def test_the_card_goes_along_when_the_membership_moves(
    membership: Membership, other_union: Union
) -> None:
    token = cards.make_token(membership.member, life=cards.PRINT_LIFE)
    transfer = ask_transfer(
        membership, to_union=other_union, reason="搬家", asked_by=TransferParty.MEMBER, actor=None
    )
    assert checked(token)[1].startswith("✓ Valid membership")
    for side in (TransferParty.RELEASING, TransferParty.RECEIVING):
        decide_transfer(transfer, side=side, agree=True, actor=None)
    assert checked(token) == (200, f"✓ Valid membership 王*明 {other_union.name} Checked ")


def test_a_merged_record_shows_the_kept_one(membership: Membership, union: Union) -> None:
    old = make_membership(union, person(name="王晓明"), on="2023-01-02").member
    token = cards.make_token(old, life=cards.SCREEN_LIFE)
    old.merged_into = membership.member
    old.save()
    assert "王*明" in checked(token)[1]


def test_an_annulled_membership_makes_no_card(membership: Membership) -> None:
    Membership.objects.update(status="annulled", ended_on=membership.started_on)
    assert card_of(membership.member) is None
    token = cards.make_token(membership.member, life=cards.SCREEN_LIFE)
    assert checked(token)[0] == 404


def test_checks_from_one_address_are_limited(membership: Membership, settings: Any) -> None:
    settings.CARD_LIMIT_PER_IP = 2
    token = cards.make_token(membership.member, life=cards.SCREEN_LIFE)
    assert [checked(token)[0] for _ in range(3)] == [200, 200, 429]


def test_the_card_number_has_check_digits(membership: Membership) -> None:
    digits = cards.card_number(membership.member).replace(" ", "")
    assert len(digits) == 12
    assert int(digits) % 97 == 1
    assert int(digits[:10]) == membership.member_id


def test_the_card_can_be_printed(membership: Membership) -> None:
    client = browser_of(membership.member)
    pdf = client.get("/me/card.pdf")
    assert (pdf.status_code, pdf.content[:5]) == (200, b"%PDF-")
    assert "no-store" in pdf.headers["Cache-Control"]
    assert "<svg" in client.get("/me/").content.decode()
    withdraw_membership(membership, actor=None)
    assert client.get("/me/card.pdf").headers["Location"] == "/me/"
    assert "<svg" not in client.get("/me/").content.decode()
