"""Deadlines of review: remind the union, then tell the union above. Nothing is decided by time.

Each union is one transaction: the rows that are due are locked (those an official is deciding on at
this moment are left for the next day), the steps written, the letters handed over, the commit made.
A step in the present time of an application is what says that it is done: run again, or after a
crash, it does what is missing and repeats at most a letter that was sent just before the crash.
"""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass, field
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _, ngettext

from accounts.models import User
from audit.services import log_many
from core.clock import local_today
from core.locks import advisory_lock
from members.models import Application, ApplicationStep, ReviewRules
from members.models.application import ApplicationQuerySet
from members.models.review import StepType
from members.services.messages import tell_applicant
from members.waiting import is_escalated, rules_of_review, step_in_present_time, waited_at_least
from unions.models import Appointment, Union
from unions.permissions import roles_with

# One transaction holds so many applications at most.
BATCH = 500

logger = logging.getLogger(__name__)


@dataclass
class Reminders:
    """What a run did, in applications, and the unions whose letters could not be sent."""

    reminded: int = 0
    escalated: int = 0
    unsent: list[int] = field(default_factory=list)


def remind_reviewers(today: dt.date | None = None, *, needs_mail: bool = True) -> Reminders:
    """Remind every union of what has waited too long, and tell the union above of what waits on.

    ``needs_mail``: leave a union for another attempt (``Reminders.unsent``) while the mail server
    refuses its letters; without it the steps are written all the same.
    """
    day = today or local_today()
    rules = rules_of_review()
    done = Reminders()
    unions = _due(Application.objects.all(), rules, day).order_by().values_list("union", flat=True)
    for union_id in sorted(set(unions)):
        union = Union.objects.select_related("parent").get(pk=union_id)
        try:
            while _remind_union(union, rules, day, done, needs_mail=needs_mail) == BATCH:
                pass
        except (OSError, SMTPException) as error:
            logger.warning("Letters of union %s not sent (%s).", union_id, type(error).__name__)
            done.unsent.append(union_id)
    return done


def _due(rows: ApplicationQuerySet, rules: ReviewRules, day: dt.date) -> ApplicationQuerySet:
    """Those whose reminder or escalation is due and not done."""
    late = waited_at_least(rows, rules.remind_after_days, day)
    overdue = waited_at_least(rows, rules.escalate_after_days, day).values("pk")
    handled = step_in_present_time(StepType.REMINDED, StepType.ESCALATED)
    return late.filter(~handled | (Q(pk__in=overdue) & ~is_escalated()))


def _remind_union(
    union: Union, rules: ReviewRules, day: dt.date, done: Reminders, *, needs_mail: bool
) -> int:
    """One batch of one union; how many were due."""
    with transaction.atomic():
        # Locked rows alone do not keep a second run out: they are not changed.
        advisory_lock(f"members.remind.{union.pk}")
        due = _due(Application.objects.filter(union=union), rules, day)
        rows = list(due.select_for_update(of=("self",), skip_locked=True)[:BATCH])
        overdue = set(
            waited_at_least(
                Application.objects.filter(pk__in=[row.pk for row in rows]),
                rules.escalate_after_days,
                day,
            ).values_list("pk", flat=True)
        )
        escalated = [row for row in rows if row.pk in overdue]
        reminded = [row for row in rows if row.pk not in overdue]
        _record(reminded, StepType.REMINDED, union)
        _record(escalated, StepType.ESCALATED, union)
        for application in escalated:
            application.union = union
            tell_applicant(application, "application_escalated")
        try:
            _write_letters(union, len(reminded), len(escalated), rules)
        except (OSError, SMTPException) as error:
            if needs_mail:
                raise
            logger.warning("Letters of union %s given up (%s).", union.pk, type(error).__name__)
    done.reminded += len(reminded)
    done.escalated += len(escalated)
    return len(rows)


def _record(rows: list[Application], step: StepType, union: Union) -> None:
    now = timezone.now()
    ApplicationStep.objects.bulk_create(
        ApplicationStep(application=row, type=step, at=now) for row in rows
    )
    if rows:
        log_many(None, f"application.{step.value}", [(row, {}, union.path) for row in rows])


# -- letters --------------------------------------------------------------------------------------


def reviewers_of(union: Union) -> QuerySet[User]:
    """Active officials appointed at ``union`` itself who may decide and have an e-mail address."""
    posts = Appointment.objects.in_force_on(local_today()).filter(
        union=union, role__in=roles_with("applications.review")
    )
    return (
        User.objects.filter(pk__in=posts.values("user"), is_active=True)
        .exclude(email="")
        .order_by("pk")
    )


def addresses_above(union: Union) -> list[str]:
    """Addresses of the reviewers of the nearest union above that has any."""
    above = [int(part) for part in union.path.strip("/").split("/")[:-1]]
    for pk in reversed(above):
        if found := _addresses(reviewers_of(Union(pk=pk))):
            return found
    return []


def _addresses(users: QuerySet[User]) -> list[str]:
    return list(dict.fromkeys(users.values_list("email", flat=True)))


def _write_letters(union: Union, reminded: int, escalated: int, rules: ReviewRules) -> None:
    """Counts and an address, nothing personal. One letter to each person, none sees the others."""
    with translation.override(settings.LANGUAGE_CODE):
        letters = []
        if reminded + escalated:
            text = _reminder(union, reminded, escalated, rules)
            letters += [_letter(to, *text) for to in _addresses(reviewers_of(union))]
        if escalated:
            text = _notice_above(union, escalated, rules)
            letters += [_letter(to, *text) for to in addresses_above(union)]
    if letters:
        get_connection().send_messages(letters)


def _letter(to: str, subject: str, body: str) -> EmailMessage:
    return EmailMessage(subject=subject, body=body, to=[to])


def _reminder(union: Union, reminded: int, escalated: int, rules: ReviewRules) -> tuple[str, str]:
    lines = [_("Applications to %(union)s wait for review.") % {"union": union.name}]
    if reminded:
        lines.append(
            ngettext(
                "%(n)d application has waited %(days)d working days or more.",
                "%(n)d applications have waited %(days)d working days or more.",
                reminded,
            )
            % {"n": reminded, "days": rules.remind_after_days}
        )
    if escalated:
        lines.append(
            ngettext(
                "%(n)d application has waited %(days)d working days or more: the union above has "
                "been told.",
                "%(n)d applications have waited %(days)d working days or more: the union above has "
                "been told.",
                escalated,
            )
            % {"n": escalated, "days": rules.escalate_after_days}
        )
    return _("Applications wait for review"), _body(lines, "overdue")


def _notice_above(union: Union, escalated: int, rules: ReviewRules) -> tuple[str, str]:
    line = ngettext(
        "%(n)d application to %(union)s below you has waited %(days)d working days or more.",
        "%(n)d applications to %(union)s below you have waited %(days)d working days or more.",
        escalated,
    ) % {"n": escalated, "union": union.name, "days": rules.escalate_after_days}
    more = _("Please see to it that they are decided; you may decide on them yourself.")
    return _("Applications below you wait for review"), _body([line, more], "to_us")


def _body(lines: list[str], shown: str) -> str:
    queue = reverse("admin:members_application_changelist")
    return "\n\n".join([*lines, f"{settings.PUBLIC_BASE_URL}{queue}?waiting={shown}"]) + "\n"
