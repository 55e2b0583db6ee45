"""Small real records for tests, made through the services wherever there is one."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

from accounts.models import User
from core.clock import local_today
from core.identity import IdentityType, demo_identity_number
from core.phone import demo_phone
from members.enums import EventType, JoinChannel
from members.models import Application, ConsentText, JoinCode, Member, Membership
from members.services.enrolment import PersonInput, apply_to_join, check_person
from members.services.join_codes import create_join_code
from members.services.ledger import record_event
from reference.models import Region, WorkerGroup
from unions.enums import Role
from unions.models import Union, UnionKind
from unions.services import appoint, create_union

_sequence = itertools.count(1)
PASSWORD = "correct-horse-7"


def make_region(code: str, name: str, parent: Region | None = None, **fields: Any) -> Region:
    """A region with its level read off the code's length."""
    level = {2: 1, 4: 2, 6: 3, 9: 4, 12: 5}[len(code)]
    return Region.objects.create(
        code=code,
        gb_code=code.ljust(6, "0"),
        name=name,
        full_name=(parent.full_name if parent else "") + name,
        level=level,
        parent=parent,
        **fields,
    )


def make_union(
    name: str,
    kind: str,
    parent: Union | None = None,
    *,
    founded_on: str = "2020-01-01",
    **details: Any,
) -> Union:
    """A union that stands since ``founded_on``."""
    return create_union(
        name=name,
        kind=UnionKind.objects.get(pk=kind),
        parent=parent,
        actor=None,
        founded_on=dt.date.fromisoformat(founded_on),
        **details,
    )


def make_user(username: str, **fields: Any) -> User:
    """A user without any appointment; the password is ``PASSWORD``."""
    return User.objects.create_user(username, password=PASSWORD, **fields)


def make_official(username: str, union: Union, role: str = Role.FEDERATION_OFFICIAL) -> User:
    """A user appointed at ``union`` since 2020."""
    user = make_user(username)
    appoint(user, union=union, role=role, starts_on=dt.date(2020, 1, 1), actor=None)
    return user


def make_join_code(union: Union, **fields: Any) -> JoinCode:
    """A usable code of ``union``."""
    return create_join_code(union, actor=None, **fields)


def person(number: int | None = None, *, name: str = "张小明", **changes: Any) -> PersonInput:
    """A synthetic person; the same ``number`` is the same person."""
    number = next(_sequence) if number is None else number
    values = {
        "name": name,
        "id_type": IdentityType.RESIDENT_ID,
        "id_number": demo_identity_number(
            "371500", dt.date(1990, 1, 1) + dt.timedelta(days=number // 1000), number % 1000
        ),
        "phone": demo_phone(number),
        **changes,
    }
    return PersonInput(**values)


def agreed() -> set[int]:
    """The keys of all current consent texts."""
    return set(ConsentText.objects.values_list("pk", flat=True))


def make_application(
    code: JoinCode,
    who: PersonInput | None = None,
    *,
    group: str = "courier",
    employer_name: str = "",
) -> Application:
    """An application that waits for review."""
    return apply_to_join(
        code,
        person=who or person(),
        worker_group=WorkerGroup.objects.get(pk=group),
        employer_name=employer_name,
        agreed_text_ids=agreed(),
    ).application


def make_membership(
    union: Union,
    who: PersonInput | None = None,
    *,
    group: str = "courier",
    on: str | None = None,
    member: Member | None = None,
) -> Membership:
    """An active membership with its ledger entry, as an import would write it."""
    started_on = dt.date.fromisoformat(on) if on else local_today()
    if member is None:
        columns = check_person(who or person()).columns()
        member = Member.objects.create(home_union=union, **columns)
    membership = Membership.objects.create(
        member=member,
        union=union,
        worker_group_id=group,
        channel=JoinChannel.PAPER,
        started_on=started_on,
    )
    record_event(membership, EventType.JOINED, union=union, effective_on=started_on, actor=None)
    return membership
