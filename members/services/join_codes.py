"""Join codes: making and closing them."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from audit.services import log
from core.codes import random_code
from core.errors import RuleViolation
from enterprises.models import Employer
from members.enums import JoinChannel
from members.models import JoinCode
from unions.enums import UnionStatus
from unions.models import Union
from unions.scope import Actor, can

CODE_LENGTH = 8
_ATTEMPTS = 5


def create_join_code(
    union: Union,
    *,
    actor: Actor,
    label: str = "",
    channel: str = JoinChannel.QR,
    valid_until: dt.date | None = None,
    employer: Employer | None = None,
    is_demo: bool = False,
) -> JoinCode:
    """Make a code through which workers join ``union``.

    With an ``employer`` it is for that firm's app: its form begins with the firm's name. Raises
    RuleViolation (field ``union``) if the union enrols no members, is not established, or lies out
    of the actor's scope. ``actor`` None stands for the system.
    """
    if actor is not None and not can(actor, "join_codes.change", union):
        raise RuleViolation(_("This union is not in your scope."), field="union")
    if not union.kind.enrols_members:
        raise RuleViolation(
            _("A “%(kind)s” does not enrol members itself.") % {"kind": union.kind.name},
            field="union",
        )
    if union.status != UnionStatus.ACTIVE:
        raise RuleViolation(_("This union is not established."), field="union")
    if employer is not None and channel != JoinChannel.PLATFORM:
        raise RuleViolation(
            _("Only a link in a platform's app names a firm."), field="employer", code="channel"
        )
    with transaction.atomic():
        code = _insert_with_free_code(
            union=union,
            label=label,
            channel=channel,
            valid_until=valid_until,
            employer=employer,
            created_by=actor,
            is_demo=is_demo,
        )
        log(actor, "join_code.created", code, {"union": union.pk}, union_path=union.path)
    return code


def _insert_with_free_code(**fields: object) -> JoinCode:
    for attempt in range(_ATTEMPTS):
        try:
            with transaction.atomic():
                return JoinCode.objects.create(code=random_code(CODE_LENGTH), **fields)
        except IntegrityError:
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def set_join_code_active(code: JoinCode, *, is_active: bool, actor: Actor) -> JoinCode:
    """Open or close ``code`` for sign-ups. Raises RuleViolation out of scope."""
    if actor is not None and not can(actor, "join_codes.change", code.union):
        raise RuleViolation(_("This union is not in your scope."), field="union")
    with transaction.atomic():
        code.is_active = is_active
        code.save(update_fields=["is_active"])
        log(
            actor,
            "join_code.opened" if is_active else "join_code.closed",
            code,
            union_path=code.union.path,
        )
    return code
