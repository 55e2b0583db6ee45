"""What the end of a union touches, and whether it may end: asked before, and once more then."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from core.clock import local_today
from core.errors import RuleViolation
from enterprises.models import Employer
from members.enums import MembershipStatus
from members.models import Application, JoinCode, Membership, Transfer
from members.models.application import OPEN_STATUSES
from members.models.transfer import TransferStatus
from unions.enums import ClosingStatus, UnionStatus
from unions.models import Appointment, Union, UnionClosing
from unions.scope import Actor, can
from unions.services.closing import ensure_childless, ensure_closing_day
from unions.services.merging import ensure_mergeable
from unions.services.rights import ensure_may_close

PERMISSION = "transfers.decide"


@dataclass(frozen=True)
class Extent:
    """What a union's end touches, in figures."""

    unions: int
    memberships: int
    retained: int
    applications: int
    codes: int
    transfers: int
    employers: int
    officials: int


def extent_of(union: Union) -> Extent:
    """What is there now: unions below, open memberships and so on. Six queries."""
    open_ones = Membership.objects.filter(union=union, ended_on__isnull=True).aggregate(
        all=Count("pk"), retained=Count("pk", filter=Q(status=MembershipStatus.RETAINED))
    )
    below = Union.objects.under(union).exclude(pk=union.pk)
    touching = Transfer.objects.filter(Q(from_union=union) | Q(to_union=union))
    officials = Appointment.objects.in_force_on(local_today()).filter(union=union)
    return Extent(
        unions=below.exclude(status=UnionStatus.DISSOLVED).count(),
        memberships=open_ones["all"],
        retained=open_ones["retained"],
        applications=waiting_at(union),
        codes=JoinCode.objects.filter(union=union, is_active=True).count(),
        transfers=touching.filter(status=TransferStatus.OPEN).count(),
        employers=Employer.objects.filter(covering_union=union).count(),
        officials=officials.values("user").distinct().count(),
    )


def check_merger(source: Union, into: Union, *, actor: Actor) -> int:
    """Raise RuleViolation as ``start_merger`` does; else how many memberships are open."""
    ensure_mergeable(source, into, actor=actor)
    ensure_none_under_way(source)
    count = open_at(source)
    if count or waiting_at(source):
        ensure_takes_members(source, into, field="into", actor=actor)
    return count


def check_dissolution(
    union: Union, memberships_to: Union | None, *, closed_on: dt.date | None, actor: Actor
) -> int:
    """Raise RuleViolation as ``start_dissolution`` does; else how many memberships are open."""
    ensure_may_close(actor, union)
    ensure_childless(union)
    ensure_none_under_way(union)
    count, waiting = open_at(union), waiting_at(union)
    if memberships_to is not None:
        ensure_takes_members(union, memberships_to, field="memberships_to", actor=actor)
    elif count or waiting:
        raise RuleViolation(
            _("There are %(memberships)d memberships and %(applications)d applications: say "
              "which union takes them over.")
            % {"memberships": count, "applications": waiting},
            field="memberships_to",
            code="required",
        )  # fmt: skip
    ensure_closing_day(union, closed_on or local_today())
    return count


def open_at(union: Union) -> int:
    """How many memberships are open at ``union``."""
    return Membership.objects.open().filter(union=union).count()


def waiting_at(union: Union) -> int:
    """How many applications to ``union`` are not decided."""
    return Application.objects.filter(union=union, status__in=OPEN_STATUSES).count()


def ensure_none_under_way(union: Union) -> None:
    """Raise RuleViolation (``under_way``) while another closing of ``union`` is open."""
    if UnionClosing.objects.filter(union=union, status=ClosingStatus.OPEN).exists():
        raise RuleViolation(
            _("A merger or dissolution of this union is under way already."), code="under_way"
        )


def ensure_takes_members(source: Union, into: Union, *, field: str, actor: Actor) -> None:
    """Raise RuleViolation beside ``field`` unless the members may go there by ``actor``."""
    if into.pk == source.pk:
        raise RuleViolation(_("Choose another union."), field=field, code="same_union")
    if not into.kind.enrols_members:
        raise RuleViolation(
            _("A “%(kind)s” does not enrol members itself.") % {"kind": into.kind.name},
            field=field,
            code="enrols_nobody",
        )
    if into.status != UnionStatus.ACTIVE:
        raise RuleViolation(
            _("This union is not established."), field=field, code="not_established"
        )
    if actor is not None and not all(can(actor, PERMISSION, union) for union in (source, into)):
        raise RuleViolation(_("This union is not in your scope."), field=field, code="out_of_scope")
