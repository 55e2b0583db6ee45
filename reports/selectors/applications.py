"""The applications behind a step of the funnel: who stood there on the last day of the period."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.clock import local_day_end, local_day_start
from members.enums import FORM_ELSEWHERE, ApplicationStatus
from members.models import Application, ApplicationStep
from members.models.review import StepType
from reports.selectors.funnel import Funnel
from reports.selectors.scope import PERMISSION
from unions.models import Union
from unions.scope import Actor, can

# Who may see an application by name; others see sums.
NAMES = "applications.view"

# Steps of the funnel in its order → what they are called.
STEPS: dict[str, str | Promise] = {
    "through_code": _("Sent in through a code"),
    "sent": _("Sent in"),
    "proven": _("Phone proven"),
    "decided": _("Decided"),
    "approved": _("Approved"),
    "refused": _("Not approved"),
    "answered": _("Answered: decided, or asked to correct"),
    "waiting": _("Still waiting"),
    "corrected": _("Asked to correct"),
    "cancelled": _("Taken back"),
}
# Stands in an address for a refusal without a reason.
NO_REASON = "none"


@dataclass(frozen=True)
class Step:
    """A figure of the funnel: a step, or refusals for one reason (its text; "" where none was
    given, None where all reasons are meant)."""

    funnel: Funnel
    code: str
    reason: str | None = None
    reason_text: str = ""

    @property
    def value(self) -> int:
        """As the funnel tells it."""
        if self.reason is not None:
            return sum(row.value for row in self.funnel.refusals if row.code == self.reason)
        value: int = getattr(self.funnel, self.code)
        return value


@dataclass(frozen=True)
class ApplicationRow:
    """An application as it stood at the end of the last day: ``days`` from sending to decision.
    One that was taken back has none."""

    application: Application
    state: str
    decided_at: dt.datetime | None
    days: Decimal | None
    reason: str


def find_step(funnel: Funnel, code: str, reason: str) -> Step | None:
    """The figure that an address asks for; None for one that ``funnel`` does not show."""
    if code not in STEPS:
        return None
    if not reason:
        return Step(funnel, code)
    wanted = "" if reason == NO_REASON else reason
    shown = [row for row in funnel.refusals if row.code == wanted]
    if code != "refused" or not shown:
        return None
    return Step(funnel, code, wanted, shown[0].reason)


def applications_behind(
    actor: Actor, union: Union, step: Step, permission: str = PERMISSION
) -> QuerySet[Application, Any]:
    """The applications to unions in the subtree of ``union`` (as it stands now) that make up
    ``step``, of those the viewer may see; the oldest first."""
    first, until = local_day_start(step.funnel.first), local_day_end(step.funnel.last)
    sent = Application.objects.visible_to(actor, permission).filter(
        union__path__startswith=union.path, submitted_at__gte=first, submitted_at__lt=until
    )
    # As in the funnel: what comes after the last day is not known on it.
    by_then = Q(decided_at__lt=until)
    decided = by_then & Q(status__in=(ApplicationStatus.APPROVED, ApplicationStatus.REJECTED))
    corrected = Exists(
        ApplicationStep.objects.filter(
            application=OuterRef("pk"), type=StepType.CORRECTION, at__gte=first, at__lt=until
        )
    )
    chosen = {
        "through_code": Q(join_code__isnull=False) & ~Q(channel__in=FORM_ELSEWHERE),
        "sent": Q(),
        "proven": Q(phone_proven_at__lt=until),
        "decided": decided,
        "approved": by_then & Q(status=ApplicationStatus.APPROVED),
        "refused": by_then & Q(status=ApplicationStatus.REJECTED),
        "answered": decided | Q(corrected),
        "waiting": Q(decided_at__isnull=True) | Q(decided_at__gte=until),
        "corrected": Q(corrected),
        "cancelled": by_then & Q(status=ApplicationStatus.CANCELLED),
    }[step.code]
    found = sent.filter(chosen).order_by("submitted_at", "pk")
    if step.reason is None:
        return found
    return found.filter(rejection_reason=step.reason or None)


def may_see_names(actor: Actor, union: Union) -> bool:
    """Names are for those who may see the applications to ``union``."""
    return can(actor, NAMES, union)


def as_they_stood(applications: Sequence[Application], last: dt.date) -> list[ApplicationRow]:
    """Each with what was known of it when ``last`` ended; one query for all."""
    until = local_day_end(last)
    corrections = ApplicationStep.objects.filter(
        application__in=applications, type=StepType.CORRECTION, at__lt=until
    )
    asked = dict(corrections.values_list("application").annotate(at=Max("at")).order_by())
    rows = []
    for one in applications:
        closed_at = one.decided_at if one.decided_at and one.decided_at < until else None
        state = ApplicationStatus(one.status) if closed_at else _open_state(one, asked, until)
        decided_at = None if state == ApplicationStatus.CANCELLED else closed_at
        days = _days(decided_at - one.submitted_at) if decided_at else None
        reason = str(one.rejection_reason or "") if decided_at else ""
        rows.append(ApplicationRow(one, str(state.label), decided_at, days, reason))
    return rows


def _open_state(
    application: Application, asked: dict[int, dt.datetime], until: dt.datetime
) -> ApplicationStatus:
    """Waiting for the union, or for the applicant, who was asked to correct it and had not."""
    at, sent_again = asked.get(application.pk), application.resubmitted_at
    if at is None or (sent_again is not None and at < sent_again < until):
        return ApplicationStatus.SUBMITTED
    return ApplicationStatus.CORRECTION


def _days(passed: dt.timedelta) -> Decimal:
    return Decimal(passed.total_seconds()) / 86_400


def by_union(applications: QuerySet[Application, Any]) -> QuerySet[Any, Any]:
    """How many there are to each union: pairs of its key and a number, the largest first."""
    sums = applications.order_by().values_list("union").annotate(value=Count("pk"))
    return sums.order_by("-value", "union")
