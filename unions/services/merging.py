"""Merging a union into another: what stands below it moves, the union itself is dissolved.

As for dissolving, members are carried over first, by ``members.services.union_closing``.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from audit.services import log
from core.clock import local_today
from core.errors import RuleViolation
from unions import tree
from unions.enums import ClosingKind, UnionStatus
from unions.models import Union, UnionClosing, UnionCoverage
from unions.scope import Actor
from unions.services.closing import ONE_DAY, end_union, ensure_closing_day, new_closing
from unions.services.rights import (
    clean_reason,
    ensure_may_write,
    ensure_may_write_below,
    lock_standing,
)


def merge_unions(
    source: Union,
    *,
    into: Union,
    merged_on: dt.date,
    reason: str,
    decision_number: str = "",
    closing: UnionClosing | None = None,
    actor: Actor,
) -> Union:
    """Let ``into`` take over from ``source``, which is dissolved; the source as it is then.

    ``merged_on`` is the first day on which ``source`` no longer stands: today or tomorrow. What
    stands below it stands under ``into`` from today on; coverage goes over on ``merged_on``. What
    happened before is not rewritten. Raises RuleViolation as ``ensure_mergeable`` does, beside
    ``merged_on``, or ``dissolved``.
    """
    reason = clean_reason(reason)
    with transaction.atomic():
        tree.lock_tree()
        locked, target = lock_standing(source, into)
        ensure_mergeable(locked, target, actor=actor)
        if not local_today() <= merged_on <= local_today() + ONE_DAY:
            raise RuleViolation(
                _("A merger takes effect today or tomorrow."), field="merged_on", code="day"
            )
        ensure_closing_day(locked, merged_on)
        if closing is None:
            closing = new_closing(
                locked,
                ClosingKind.MERGED,
                reason,
                into=target,
                decision_number=decision_number,
                actor=actor,
            )
        count = tree.move_children(locked, target)
        _carry_coverage(locked, target, merged_on)
        ended = end_union(locked, closing, closed_on=merged_on, actor=actor)
        data = {
            "into": target.pk,
            "closed_on": merged_on.isoformat(),
            "reason": reason,
            "decision_number": closing.decision_number,
            "unions": count,
            **ended,
        }
        log(actor, "union.merged", locked, data, union_path=locked.path)
        data = {"union": locked.pk, "reason": reason, "unions": count}
        log(actor, "union.absorbed", target, data, union_path=target.path)
    source.refresh_from_db()
    return source


def ensure_mergeable(source: Union, into: Union, *, actor: Actor) -> None:
    """Raise RuleViolation beside ``into`` unless ``source`` may be merged into it by ``actor``.

    Codes: ``same_union``, ``not_established``, ``below`` (the successor stands below the union that
    ends), ``out_of_scope`` (rights at both are needed, and below the successor if something moves
    there), ``illegal_child`` and ``duplicate`` for what stands below.
    """
    ensure_may_write(actor, source)
    try:
        ensure_may_write(actor, into)
        if source.children.exclude(status=UnionStatus.DISSOLVED).exists():
            ensure_may_write_below(actor, into)
    except RuleViolation as refusal:
        raise RuleViolation(refusal.message, field="into", code=refusal.code) from refusal
    if source.pk == into.pk:
        raise RuleViolation(_("Choose another union."), field="into", code="same_union")
    if into.status != UnionStatus.ACTIVE:
        raise RuleViolation(
            _("This union is not established."), field="into", code="not_established"
        )
    if into.path.startswith(source.path):
        raise RuleViolation(
            _("It stands below the union that ends. Move it first."), field="into", code="below"
        )
    tree.ensure_children_fit(source, into)


def _carry_coverage(source: Union, into: Union, day: dt.date) -> None:
    """What covers ``source`` or is covered by it on ``day`` or later goes over to ``into``."""
    rows = UnionCoverage.objects.filter(
        Q(covering=source) | Q(covered=source), Q(until__isnull=True) | Q(until__gte=day)
    )
    known = set(
        UnionCoverage.objects.filter(
            Q(covering=into) | Q(covered=into), until__isnull=True
        ).values_list("covering", "covered")
    )
    fresh = []
    for row in rows.order_by("pk"):
        covering = into.pk if row.covering_id == source.pk else row.covering_id
        covered = into.pk if row.covered_id == source.pk else row.covered_id
        if covering == covered or (covering, covered) in known:
            continue
        known.add((covering, covered))
        since = max(row.since, day)
        fresh.append(
            UnionCoverage(covering_id=covering, covered_id=covered, since=since, until=row.until)
        )
    UnionCoverage.objects.bulk_create(fresh)
