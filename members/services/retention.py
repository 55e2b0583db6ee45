"""The purge: it first reports what has had its time, and does nothing until somebody confirms.

Personal Information Protection Law art. 19 and 47. A report names each class with its cut-off day,
its number of rows and the oldest. What was confirmed is done with those cut-offs, in batches, and
never to more rows than were reported; it may be stopped and continued.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from audit.services import log
from core.clock import local_today
from core.errors import RuleViolation
from core.locks import advisory_lock
from members.models import PurgeRun, RetentionRule
from members.retention import DATA_CLASSES, DataClass
from unions.scope import Actor

BATCH = 500
VALID_DAYS = 7
# A class that would lose more than this part of its table is confirmed by typing the number.
LARGE_PERCENT = 20
Status = PurgeRun.Status


def report_purge(*, day: dt.date | None = None, actor: Actor = None) -> PurgeRun:
    """Write a report as of ``day`` (default today); an earlier one nobody confirmed is dropped."""
    day = day or local_today()
    with transaction.atomic():
        advisory_lock("purge")
        for old in PurgeRun.objects.filter(status=Status.REPORTED):
            old.status = Status.DROPPED
            old.save(update_fields=["status"])
        found = {rule.data_class: _report(rule, day) for rule in RetentionRule.objects.all()}
        run = PurgeRun.objects.create(day=day, found=found)
        log(actor, "purge.reported", run, {code: item["count"] for code, item in found.items()})
    return run


def _report(rule: RetentionRule, day: dt.date) -> dict[str, Any]:
    kind = DATA_CLASSES[rule.data_class]
    cutoff = months_before(day, rule.months)
    due = kind.due(_moment(cutoff))
    count = due.count()
    oldest = due.order_by().values_list("last_needed", flat=True).order_by("last_needed").first()
    total = kind.model._default_manager.count()
    return {
        "cutoff": cutoff.isoformat(),
        "months": rule.months,
        "action": rule.action,
        "count": count,
        "oldest": _day_of(oldest),
        "percent": round(100 * count / total, 1) if total else 0,
    }


def months_before(day: dt.date, months: int) -> dt.date:
    """The same day of the month, or its last one, so many months earlier."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    for number in (day.day, 30, 29, 28):
        if number <= day.day:
            try:
                return dt.date(year, month + 1, number)
            except ValueError:
                continue
    raise AssertionError("unreachable")


def total_of(run: PurgeRun) -> int:
    """All rows of the report."""
    return sum(item["count"] for item in run.found.values())


def must_be_typed(run: PurgeRun) -> bool:
    """Would a class lose so much of its table that a click is not enough?"""
    return any(item["percent"] > LARGE_PERCENT for item in run.found.values())


def confirm_purge(run: PurgeRun, *, typed: str = "", actor: User) -> PurgeRun:
    """An operator has read the report and wants exactly that; the work itself is ``run_purge``.

    Raises RuleViolation if the report is older than a week or as of a day to come, is not open any
    more, or if the number of rows had to be typed (field ``typed``) and was not.
    """
    with transaction.atomic():
        locked = PurgeRun.objects.select_for_update().get(pk=run.pk)
        if not actor.is_superuser:
            raise RuleViolation(_("Only an operator of the system confirms a purge."))
        if locked.status != Status.REPORTED:
            raise RuleViolation(
                _("This purge is not open any more: %(status)s.")
                % {"status": locked.get_status_display()},
                code="closed",
            )
        if timezone.now() - locked.reported_at > dt.timedelta(days=VALID_DAYS):
            raise RuleViolation(
                _("This report is older than a week: make a new one."), code="too_old"
            )
        if locked.day > local_today():
            raise RuleViolation(
                _("This report looks ahead: nothing of it is erased before its day."), code="ahead"
            )
        if must_be_typed(locked) and typed.strip() != str(total_of(locked)):
            raise RuleViolation(
                _("A large part of a table would go: type the number of rows to confirm."),
                field="typed",
                code="typed",
            )
        locked.status = Status.CONFIRMED
        locked.confirmed_by = actor
        locked.save(update_fields=["status", "confirmed_by"])
        log(actor, "purge.confirmed", locked, {"rows": total_of(locked)})
    return locked


def drop_purge(run: PurgeRun, *, actor: Actor) -> PurgeRun:
    """Put an unconfirmed report aside."""
    with transaction.atomic():
        locked = PurgeRun.objects.select_for_update().get(pk=run.pk)
        if locked.status == Status.REPORTED:
            locked.status = Status.DROPPED
            locked.save(update_fields=["status"])
            log(actor, "purge.dropped", locked)
    return locked


def run_purge(
    run_id: int, *, on_progress: Callable[[str, int], None] = lambda code, rows: None
) -> PurgeRun:
    """Do what was confirmed, or the rest of it. Does nothing to a purge that is done.

    Each batch is a transaction that also counts itself. Raises RuleViolation for a purge nobody
    confirmed, or (code ``grown``) when a class now holds more rows than were reported: something
    was changed backwards meanwhile, and a person should look again.
    """
    run = PurgeRun.objects.get(pk=run_id)
    if run.status not in (Status.CONFIRMED, Status.DONE):
        raise RuleViolation(_("This purge has not been confirmed."), code="unconfirmed")
    for code, item in run.found.items():
        kind, until = DATA_CLASSES[code], _moment(dt.date.fromisoformat(item["cutoff"]))
        while rows := _purge_batch(run_id, kind, until):
            on_progress(code, rows)
    with transaction.atomic():
        run = PurgeRun.objects.select_for_update().get(pk=run_id)
        if run.status == Status.CONFIRMED:
            run.status, run.done_at = Status.DONE, timezone.now()
            run.save(update_fields=["status", "done_at"])
            log(run.confirmed_by, "purge.done", run, run.erased)
    return run


def _purge_batch(run_id: int, kind: DataClass, until: dt.datetime) -> int:
    with transaction.atomic():
        run = PurgeRun.objects.select_for_update().get(pk=run_id)
        if run.status != Status.CONFIRMED:
            return 0
        erased = run.erased.get(kind.code, 0)
        if erased + kind.due(until).count() > run.found[kind.code]["count"]:
            raise RuleViolation(
                _("More rows are due than were reported: make a new report."), code="grown"
            )
        keys = list(kind.due(until).order_by("pk").values_list("pk", flat=True)[:BATCH])
        # Locked first, asked again afterwards: somebody may just be joining again.
        list(
            kind.model._default_manager.filter(pk__in=keys)
            .order_by("pk")
            .select_for_update(of=("self",))
            .values_list("pk", flat=True)
        )
        keys = list(kind.due(until).filter(pk__in=keys).values_list("pk", flat=True))
        if keys:
            kind.erase(keys)
            run.erased = {**run.erased, kind.code: erased + len(keys)}
            run.save(update_fields=["erased"])
    return len(keys)


def _moment(day: dt.date) -> dt.datetime:
    """The beginning of ``day`` where the portal stands."""
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))


def _day_of(value: dt.date | dt.datetime | None) -> str | None:
    if value is None:
        return None
    return (timezone.localdate(value) if isinstance(value, dt.datetime) else value).isoformat()
