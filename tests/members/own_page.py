"""What the tests of the own page share: a union, a member, somebody logged in by the code sent."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from core.encryption import blind_index, decrypt
from members.models import Member, Membership, Message
from members.models.application import PHONE_CONTEXT
from members.models.message import BODY_CONTEXT
from members.own_data import Person, people_behind
from tests.builders import make_membership, make_union, person
from unions.models import Union


@pytest.fixture
def county() -> Union:
    """A county federation."""
    city = make_union("聊城市总工会", "city_federation")
    return make_union("东昌府区总工会", "county_federation", city)


@pytest.fixture
def union(county: Union) -> Union:
    """A township union of the county."""
    return make_union("柳园街道工会", "township_union", county)


@pytest.fixture
def other_union(county: Union) -> Union:
    """The township beside it."""
    return make_union("新区街道工会", "township_union", county)


@pytest.fixture
def membership(union: Union) -> Membership:
    """王小明, a courier, member since January 2024."""
    return make_membership(union, person(name="王小明"), on="2024-01-02")


def last_code(phone: str) -> str:
    """The code in the newest message to ``phone`` (E.164)."""
    message = Message.objects.filter(
        phone_hash=blind_index(phone, context=PHONE_CONTEXT), template="code"
    ).first()
    assert message is not None, "no code was sent"
    found = re.search(r"\d{6}", decrypt(message.body_encrypted, context=BODY_CONTEXT))
    assert found is not None
    return found.group()


def log_in(client: Client, phone: str) -> Any:
    """Log in with ``phone`` (E.164); the answer to the right code."""
    assert client.post("/me/login/", {"phone": phone}).status_code == 302
    return client.post("/me/code/", {"code": last_code(phone)}, HTTP_ACCEPT_LANGUAGE="en")


def browser_of(member: Member) -> Client:
    """A browser in which the member is logged in."""
    client = Client(headers={"Accept-Language": "en"})
    assert log_in(client, phone_of(member)).headers["Location"] == "/me/"
    return client


def phone_of(member: Member) -> str:
    """The member's phone in E.164."""
    return decrypt(member.phone_encrypted, context=PHONE_CONTEXT)


def number_of(member: Member) -> str:
    """The member's document number."""
    return decrypt(member.id_number_encrypted, context="members.id_number")


def person_of(member: Member) -> Person:
    """The person as a session would know them."""
    return next(
        person for person in people_behind(bytes(member.phone_hash)) if person.member == member
    )
