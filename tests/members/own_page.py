"""What the tests of the own page share: somebody logged in by the code that was sent."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client

from core.encryption import blind_index, decrypt
from members.models import Member, Message
from members.models.application import PHONE_CONTEXT
from members.models.message import BODY_CONTEXT
from members.own_data import Person, people_behind


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


def phone_of(member: Member) -> str:
    """The member's phone in E.164."""
    return decrypt(member.phone_encrypted, context=PHONE_CONTEXT)


def person_of(member: Member) -> Person:
    """The person as a session would know them."""
    return next(
        person for person in people_behind(bytes(member.phone_hash)) if person.member == member
    )
