"""Approving many applications: exactly those that were shown beforehand, each for itself.

The wish is written down first, one row for each application. Each row is dealt with in the
transaction of its approval, so a run that stops half-way is taken up where it stopped, nothing is
done twice, and what was refused says why.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import Count
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from audit.services import log
from core.errors import RuleViolation
from members.duplicates import with_doubts
from members.models import Application, BulkApproval, BulkApprovalItem
from members.models.application import WAITING_SINCE, ApplicationQuerySet
from members.services.review import approve_application
from members.waiting import rules_of_review
from unions.scope import Actor

# So many are shown and approved in one go at most; the rest afterwards.
LIMIT = 5000
# Up to here the page itself does the work; beyond, a worker.
AT_ONCE = 200
# After so many rows the official's appointment is read anew.
BATCH = 100

Outcome = BulkApprovalItem.Outcome
logger = logging.getLogger(__name__)


@dataclass
class Preview:
    """What approving many would do. ``left_out``: with the reasons, in words."""

    ready: list[int] = field(default_factory=list)
    by_union: list[tuple[str, int]] = field(default_factory=list)
    by_group: list[tuple[str, int]] = field(default_factory=list)
    left_out: list[tuple[Application, list[str]]] = field(default_factory=list)
    members: int = 0
    twins: int = 0
    unproven: int = 0
    must_be_proven: bool = False
    is_cut: bool = False


def preview_bulk_approval(
    rows: ApplicationQuerySet,
    *,
    actor: Actor,
    with_twins: bool = False,
    with_unproven: bool = False,
) -> Preview:
    """Sort ``rows`` (in the actor's scope) into those to approve and those to look at first.

    Left out unless asked for: who may be there twice, and whose phone is not proven. Always left
    out: who is a member already, and, where the rules want a proven phone, who has none.
    """
    preview = Preview(must_be_proven=rules_of_review().requires_proven_phone)
    takes_unproven = with_unproven and not preview.must_be_proven
    waiting = with_doubts(rows.waiting(), actor).select_related("union", "worker_group")
    unread = waiting.defer("id_number_encrypted", "phone_encrypted")
    found: list[Any] = list(unread.order_by(WAITING_SINCE, "id")[: LIMIT + 1])
    preview.is_cut = len(found) > LIMIT
    unions: Counter[str] = Counter()
    groups: Counter[str] = Counter()
    for row in found[:LIMIT]:
        preview.members += row.is_member
        preview.twins += row.has_twin
        preview.unproven += not row.is_proven
        why = [_("is a member already")] if row.is_member else []
        if row.has_twin and not with_twins:
            why.append(_("possible duplicate"))
        if not row.is_proven and not takes_unproven:
            why.append(_("phone not proven"))
        if why:
            preview.left_out.append((row, why))
            continue
        preview.ready.append(row.pk)
        unions[row.union.name] += 1
        groups[str(row.worker_group)] += 1
    preview.by_union, preview.by_group = unions.most_common(), groups.most_common()
    return preview


def start_bulk_approval(application_ids: Sequence[int], *, actor: User) -> BulkApproval:
    """Write down the wish; nothing is approved yet. Raises RuleViolation for none or too many."""
    if not 0 < len(application_ids) <= LIMIT:
        raise RuleViolation(_("There is nothing to approve."), code="empty")
    with transaction.atomic():
        approval = BulkApproval.objects.create(asked_by=actor, asked_at=timezone.now())
        BulkApprovalItem.objects.bulk_create(
            (
                BulkApprovalItem(approval=approval, application_id=application_id)
                for application_id in application_ids
            ),
            batch_size=1000,
        )
        log(actor, "bulk_approval.asked", approval, {"rows": len(application_ids)})
    return approval


def run_bulk_approval(approval_id: int, *, at_most: int | None = None) -> int:
    """Deal with what is left of it, or with ``at_most`` rows; how many were dealt with.

    Safe to call again, and by several at once: each row is dealt with by one.
    """
    approval = BulkApproval.objects.get(pk=approval_id)
    done = 0
    while at_most is None or done < at_most:
        if done % BATCH == 0:
            actor = User.objects.get(pk=approval.asked_by_id)
        if not _deal_with_next(approval, actor):
            break
        done += 1
    left = approval.items.filter(outcome=Outcome.WAITING)
    BulkApproval.objects.filter(pk=approval.pk, finished_at__isnull=True).exclude(
        pk__in=left.values("approval")
    ).update(finished_at=timezone.now())
    return done


def _deal_with_next(approval: BulkApproval, actor: User) -> bool:
    with transaction.atomic():
        item = (
            approval.items.select_for_update(of=("self",), skip_locked=True)
            .filter(outcome=Outcome.WAITING)
            .order_by("id")
            .first()
        )
        if item is None:
            return False
        item.outcome, item.why = _approve(item.application, actor)
        item.save(update_fields=["outcome", "why"])
    return True


def _approve(application: Application, actor: User) -> tuple[str, str]:
    try:
        with transaction.atomic():
            approve_application(application, actor=actor)
    except RuleViolation as refusal:
        return Outcome.REFUSED, str(refusal)[:200]
    except Http404:
        return Outcome.REFUSED, _("It is not in your scope.")
    except DatabaseError:
        raise  # nothing is known about this row: it stays for the next run
    except Exception:  # one row must not hold up thousands
        logger.exception("Application %s could not be approved.", application.pk)
        return Outcome.REFUSED, _("A fault of the system: please tell its operators.")
    return Outcome.APPROVED, ""


def continue_bulk_approvals(*, seconds: float = 100) -> int:
    """Take up what is unfinished, for so long at most; how many rows were dealt with."""
    until = time.monotonic() + seconds
    done = 0
    for approval in BulkApproval.objects.filter(finished_at__isnull=True).order_by("asked_at"):
        while time.monotonic() < until:
            dealt = run_bulk_approval(approval.pk, at_most=BATCH)
            done += dealt
            if dealt < BATCH:
                break
    return done


def counts_of(approval: BulkApproval) -> dict[str, int]:
    """How many of its rows stand where."""
    found = approval.items.order_by().values_list("outcome").annotate(n=Count("id"))
    return {outcome.value: 0 for outcome in Outcome} | dict(found)
