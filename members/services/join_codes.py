"""Join codes: making, closing, and holding an unused one for what it is to be tied to."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from audit.services import log
from core.codes import random_code
from core.errors import RuleViolation
from enterprises.models import Employer
from members.enums import JoinChannel
from members.models import Application, JoinCode, Membership, RepeatedSending
from members.models.join_code import JoinCodeQuerySet
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


def unused(codes: JoinCodeQuerySet) -> JoinCodeQuerySet:
    """Those of ``codes`` through which nobody has applied or joined yet."""
    for model in (Application, Membership, RepeatedSending):
        codes = codes.filter(~Exists(model._default_manager.filter(join_code=OuterRef("pk"))))
    return codes


def lock_unused_code(code: JoinCode, *, actor: Actor) -> JoinCode:
    """``code``, locked: until the transaction ends no application through it is committed.

    Raises RuleViolation (field ``join_code``): ``out_of_scope``, ``closed`` (it takes nobody) or
    ``used``. ``actor`` None stands for the system.
    """
    if actor is not None and not can(actor, "join_codes.change", code.union):
        raise RuleViolation(
            _("This union is not in your scope."), field="join_code", code="out_of_scope"
        )
    # The strongest lock, against which foreign keys stand: an application that commits now is
    # either waited for, and seen by the query below, or waits and comes after.
    locked = (
        JoinCode.objects.select_for_update(of=("self",)).select_related("union").get(pk=code.pk)
    )
    if not locked.is_usable or locked.union.status != UnionStatus.ACTIVE:
        raise RuleViolation(_("This code accepts no sign-ups."), field="join_code", code="closed")
    if not unused(JoinCode.objects.filter(pk=locked.pk)).exists():
        raise RuleViolation(
            _("Somebody has applied through this code already; make another one."),
            field="join_code",
            code="used",
        )
    return locked
