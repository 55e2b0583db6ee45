"""What the quality signals of a subtree say on a day, and the memberships behind one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet, Sum

from campaigns.models import Phase
from members.models import JoinCode, Membership
from reports.models import QualitySignal, SignalKind, SignalRule
from reports.models.checks import QualitySignalQuerySet
from reports.selectors.scope import PERMISSION
from unions.models import Union
from unions.scope import Actor, access, can

PAGE_SIZE = 50
WITH_DETAILS = frozenset({SignalKind.BURST, SignalKind.LAST_DAY, SignalKind.SHARED_PHONE})


@dataclass(frozen=True)
class SignalsOfKind:
    """How many signals of a kind stand in a subtree. ``entries`` counts memberships."""

    rule: SignalRule
    unions: int
    entries: int
    signals: int

    @property
    def kind(self) -> str:
        """A code of ``SignalKind``."""
        return self.rule.kind

    @property
    def name(self) -> str:
        """The kind in words."""
        return str(SignalKind(self.rule.kind).label)

    @property
    def has_details(self) -> bool:
        """Do such signals tell more than a number?"""
        return self.rule.kind in WITH_DETAILS


@dataclass(frozen=True)
class SignalRow:
    """A signal with what its details name; None for what they do not."""

    signal: QualitySignal
    join_code: JoinCode | None
    phase: Phase | None

    @property
    def has_details(self) -> bool:
        """Does it tell more than a number?"""
        return self.signal.kind in WITH_DETAILS

    @property
    def details(self) -> dict[str, Any]:
        """Times and counts of the signal."""
        found: dict[str, Any] = self.signal.details
        return found


def standing_signals(actor: Actor, union: Union, day: dt.date) -> QualitySignalQuerySet:
    """The signals of ``union`` and below that stood on ``day``, in the viewer's scope."""
    found: QualitySignalQuerySet = QualitySignal.objects.visible_to(actor, PERMISSION)
    return found.filter(union__path__startswith=union.path).standing_on(day)


def kinds_of(actor: Actor, union: Union, day: dt.date) -> list[SignalsOfKind]:
    """Every kind with its rule and what stands of it; two queries."""
    counted = {
        row["kind"]: row
        for row in standing_signals(actor, union, day)
        .order_by("kind")
        .values("kind")
        .annotate(unions=Count("union", distinct=True), entries=Sum("value"), signals=Count("pk"))
    }
    nothing = {"unions": 0, "entries": 0, "signals": 0}
    rules = {rule.kind: rule for rule in SignalRule.objects.all()}
    return [
        SignalsOfKind(
            rules[kind],
            counted.get(kind, nothing)["unions"],
            counted.get(kind, nothing)["entries"],
            counted.get(kind, nothing)["signals"],
        )
        for kind in SignalKind.values
        if kind in rules
    ]


def signals_of_kind(
    actor: Actor, union: Union, day: dt.date, kind: str
) -> QuerySet[QualitySignal, QualitySignal]:
    """The signals of one kind, those with most entries first."""
    return (
        standing_signals(actor, union, day)
        .filter(kind=kind)
        .select_related("union__kind")
        .order_by("-value", "union__path", "pk")
    )


def with_names(signals: Iterable[QualitySignal]) -> list[SignalRow]:
    """Signals with the codes and phases they name; two queries at most."""
    rows = list(signals)
    codes = JoinCode.objects.in_bulk(_keys(rows, "join_code"))
    phases = Phase.objects.select_related("campaign").in_bulk(_keys(rows, "phase"))
    return [
        SignalRow(
            row,
            codes.get(row.details.get("join_code", 0)),
            phases.get(row.details.get("phase", 0)),
        )
        for row in rows
    ]


def _keys(rows: list[QualitySignal], name: str) -> set[int]:
    return {row.details[name] for row in rows if name in row.details}


def signal_in_scope(actor: Actor, pk: object) -> QualitySignal:
    """The signal with key ``pk``. Raises Http404 out of the viewer's scope."""
    return access(
        QualitySignal.objects.select_related("union__kind"), pk, actor=actor, permission=PERMISSION
    )


def may_see_members(actor: Actor, signal: QualitySignal) -> bool:
    """May the viewer read names of members of the signal's union?"""
    return can(actor, "members.view", signal.union)


def memberships_behind(actor: Actor, signal: QualitySignal) -> QuerySet[Membership, Membership]:
    """The memberships a signal names (200 at most) that the viewer may read, the oldest first."""
    return (
        Membership.objects.visible_to(actor, "members.view")
        .filter(pk__in=signal.details.get("memberships", []))
        .select_related("member", "union", "worker_group")
        .order_by("started_on", "pk")
    )
