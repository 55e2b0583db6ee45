"""Synthetic people: identity and phone numbers that no real person can hold."""

from __future__ import annotations

import datetime as dt
from random import Random

from core.encryption import blind_index, encrypt
from core.identity import IdentityType, demo_identity_number
from core.phone import demo_phone
from members.models.application import ID_NUMBER_CONTEXT, PHONE_CONTEXT
from portal.demo.names import is_male, person_name

PERSON_COLUMNS = (
    "name", "id_type", "id_number_encrypted", "id_number_hash", "phone_encrypted", "phone_hash",
    "birth_date", "sex",
)  # fmt: skip

_FIRST_BIRTH = dt.date(1964, 1, 1)
_BIRTH_DAYS = 14_610  # to 2003-12-31: everybody was of age when they joined
_STRIDE = 7_919  # prime to the number of days: neighbours in the list are years apart


def demo_birth_date(number: int) -> dt.date:
    """The birth date of the person with this number."""
    return _FIRST_BIRTH + dt.timedelta(days=number * _STRIDE % _BIRTH_DAYS)


def identity_of(prefecture: str, number: int, *, male: bool) -> str:
    """The demo identity number of person ``number`` of a prefecture ("3715"); no two are equal.

    Numbers up to 7,300,000: each birth date takes 500 people.
    """
    sequence = number // _BIRTH_DAYS * 2 + male
    return demo_identity_number(f"{prefecture}00", demo_birth_date(number), sequence)


def person_values(
    random: Random, prefecture: str, number: int, phone: int, group: str
) -> tuple[object, ...]:
    """Values for ``PERSON_COLUMNS`` of person ``number``, with the demo phone ``phone``."""
    male = is_male(random, group)
    identity = identity_of(prefecture, number, male=male)
    mobile = demo_phone(phone)
    return (
        person_name(random, male=male),
        IdentityType.RESIDENT_ID.value,
        encrypt(identity, context=ID_NUMBER_CONTEXT),
        blind_index(identity, context=ID_NUMBER_CONTEXT),
        encrypt(mobile, context=PHONE_CONTEXT),
        blind_index(mobile, context=PHONE_CONTEXT),
        demo_birth_date(number),
        "1" if male else "2",
    )
