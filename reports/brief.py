"""The morning brief: yesterday's figures to whoever subscribed, by e-mail or text message.

Scope is asked for again at each sending: who lost the appointment hears nothing, and the
subscription ends. ``sent_for`` is moved on by a conditional update in the transaction that hands
the brief over, so that a night that runs twice sends once; after a crash between the two at most
one letter goes out again.
"""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _, pgettext

from core.clock import CHINA, local_today
from core.encryption import DecryptionError
from members.services.messages import send_message
from reports.brief_subscriptions import end_brief, phone_of
from reports.models import BriefSubscription, CampaignProgress
from reports.selectors.counts import Metric, read_counts
from reports.selectors.days import eve
from reports.selectors.figures import Figures, figures_of
from reports.selectors.marks import Marks, Rests, books_note, marks_of, named_notes, rests_on
from reports.selectors.progress import TargetProgress, campaigns_of
from reports.selectors.ranked import pace_of
from reports.selectors.ranking import ranking_of
from reports.selectors.ranking_rows import RankedUnion
from reports.selectors.scope import PERMISSION
from reports.templatetags.reports_figures import (
    number,
    pace,
    percent_text,
    quantity,
    rate_text,
    signed,
)
from reports.templatetags.reports_page import reached
from unions.models import Union
from unions.scope import Actor, can

# Yesterday, and the day before where the night was late.
NEWS_DAYS = 2
# In China; the night ends long before.
RINGS_FROM_HOUR = 7
TARGETS = 5
LAGGARDS = 3
LATE = (CampaignProgress.Status.BEHIND, CampaignProgress.Status.AT_RISK)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Brief:
    """What is told of a union on a day."""

    figures: Figures
    change: int  # of members since the day before
    targets: list[TargetProgress]
    laggards: list[RankedUnion]
    marks: Marks
    pace_rests_on: Rests  # of the laggards
    pace_of: str  # the campaign, indicator and period of the laggards' pace

    def note(self, behind: Rests, union: Union | None = None) -> str:
        """The mark of a figure that rests on ``behind``, of ``union`` (default: the brief's)."""
        whose = union or self.figures.union
        return books_note(self.marks.differ(whose.pk, behind, self.figures.day))

    @property
    def address(self) -> str:
        """The dashboard of that day."""
        query = f"union={self.figures.union.pk}&day={self.figures.day.isoformat()}"
        return f"{settings.PUBLIC_BASE_URL}{reverse('reports:dashboard')}?{query}"


def send_briefs(day: dt.date) -> int:
    """Send the briefs for ``day`` that have not been sent; how many went out.

    A day long past is no news: a night that catches up with weeks tells nobody. Nor does a day that
    is not over, counted before its night: its brief would go out unfinished, and the true one not.
    One recipient who cannot be reached does not stop the others: that brief stays due, and the next
    call tries again. A text message rings: before ``RINGS_FROM_HOUR`` those by text stay due, for
    the call of the morning.
    """
    if not 0 < (local_today() - day).days <= NEWS_DAYS:
        return 0
    due = (
        BriefSubscription.objects.in_force()
        .filter(Q(sent_for__isnull=True) | Q(sent_for__lt=day))
        .order_by("union", "pk")
    )
    if timezone.now().astimezone(CHINA).hour < RINGS_FROM_HOUR:
        due = due.filter(phone_encrypted=None)
    sent = 0
    with translation.override(settings.LANGUAGE_CODE):
        for pk in list(due.values_list("pk", flat=True)):
            try:
                sent += _send_one(pk, day)
            except (OSError, SMTPException, ValueError, DecryptionError) as error:
                logger.warning("Morning brief %s not sent (%s).", pk, type(error).__name__)
    return sent


def brief_of(actor: Actor, union: Union, day: dt.date) -> Brief:
    """The brief of ``union``, which the actor may see, as of ``day``."""
    figures = figures_of(union, day)
    before = read_counts([union.pk], [(Metric.MEMBERS, "")], [eve(day)])
    ranking = ranking_of(actor, union, day, sort="pace", page_size=LAGGARDS)
    return Brief(
        figures=figures,
        change=figures.members - before.at(union.pk, Metric.MEMBERS, "", eve(day)),
        targets=[
            row
            for view in campaigns_of(actor, union, day)
            if view.is_running
            for row in view.targets
            if row.is_under_way
        ][:TARGETS],
        laggards=[row for row in ranking.rows if row.pace and row.pace.status in LATE],
        marks=marks_of([union.pk], below=union),
        pace_rests_on=ranking.rests_on["pace"],
        pace_of=pace_of(ranking),
    )


def letter_of(brief: Brief) -> tuple[str, str]:
    """Subject and body of the letter, in the active language."""
    figures = brief.figures
    set4 = next((row for row in figures.sets if row.code == "set4"), None)
    values = {
        "union": figures.union.name,
        "day": figures.day.isoformat(),
        "members": number(figures.members),
        "change": signed(brief.change),
        "month": number(figures.joined_this_month),
        "year": number(figures.joined_this_year),
        "unions": number(figures.unions),
        "stations": number(figures.stations),
        "rate": rate_text(set4.rate if set4 else None),
    }
    members, joined, unions, stations = (
        brief.note(rests_on(metric))
        for metric in (Metric.MEMBERS, Metric.JOINED, Metric.UNIONS, Metric.STATIONS)
    )
    rate = brief.note(rests_on(Metric.MEMBERS, set4.groups)) if set4 and set4.rate else ""
    each = named_notes(
        ((pgettext("figure", "Unions"), unions), (pgettext("figure", "Stations"), stations))
    )
    subject = _noted(
        _("Morning brief %(day)s · %(union)s · %(members)s members (%(change)s)") % values, members
    )
    lines = [
        _("%(union)s, as of %(day)s") % values,
        "",
        _noted(_("Members: %(members)s (since the day before: %(change)s)") % values, members),
        _noted(_("New this month: %(month)s, this year: %(year)s") % values, joined),
        _noted(_("Enrolment rate, four groups: %(rate)s") % values, rate),
        _noted(_("Unions: %(unions)s, stations: %(stations)s") % values, each),
    ]
    if brief.targets:
        lines += ["", _("Campaigns"), *(f"· {_target_line(row)}" for row in brief.targets)]
    if brief.laggards:
        lines += ["", " · ".join((_("Behind (pace)"), brief.pace_of))]
        lines += [f"· {_laggard(row, brief)}" for row in brief.laggards]
    lines += [
        "",
        _("The dashboard: %(address)s") % {"address": brief.address},
        _("To end these letters: %(address)s")
        % {"address": settings.PUBLIC_BASE_URL + reverse("reports:brief")},
    ]
    return subject, "\n".join(lines) + "\n"


def message_values(brief: Brief) -> dict[str, str]:
    """What fills the text message: short, for it is paid by the character."""
    figures = brief.figures
    names = "、".join(row.union.name for row in brief.laggards)
    doubted = "、".join(
        name
        for name, metric in (("会员", Metric.MEMBERS), ("新增", Metric.JOINED))
        if brief.note(rests_on(metric))
    )
    more = f"账目不符：{doubted}。" if doubted else ""
    return {
        "union": figures.union.name,
        "day": f"{figures.day.month}月{figures.day.day}日",
        "members": number(figures.members),
        "change": signed(brief.change),
        "month": number(figures.joined_this_month),
        "year": number(figures.joined_this_year),
        "more": more + (f"进度滞后：{names}。" if names else ""),
        "address": brief.address,
    }


def _send_one(pk: int, day: dt.date) -> int:
    """Send one brief, or end it where the right is gone; 1 if it went out."""
    with transaction.atomic():
        claimed = (
            BriefSubscription.objects.in_force()
            .filter(Q(sent_for__isnull=True) | Q(sent_for__lt=day), pk=pk)
            .update(sent_for=day)
        )
        if not claimed:
            return 0
        subscription = BriefSubscription.objects.select_related(
            "user", "union__kind", "union__region"
        ).get(pk=pk)
        user, union = subscription.user, subscription.union
        if not user.is_active or not can(user, PERMISSION, union):
            end_brief(subscription, actor=None, reason="out_of_scope")
            return 0
        brief = brief_of(user, union, day)
        phone = phone_of(subscription)
        if phone is not None:
            send_message(phone, "morning_brief", message_values(brief))
        elif user.email:
            subject, body = letter_of(brief)
            EmailMessage(subject=subject, body=body, to=[user.email]).send()
        else:
            # The address was taken off the account; the subscription waits for another.
            return 0
    return 1


def _target_line(row: TargetProgress) -> str:
    unit = row.target.indicator.unit
    return _noted(
        f"{row.target.indicator.campaign.name} · {row.target.indicator.name}"
        f" {reached(row)} / {quantity(row.target_value, unit)}"
        f" ({percent_text(row.share)}, {_('time gone')} {percent_text(row.time_elapsed)})"
        f" {row.status_label}",
        row.remark,
    )


def _laggard(row: RankedUnion, brief: Brief) -> str:
    line = f"{row.union.name} {pace(row.pace_value)}"
    measured = row.pace.remark if row.pace else ""
    return _noted(line, brief.note(brief.pace_rests_on, row.union), measured)


def _noted(*parts: str) -> str:
    return " · ".join(filter(None, parts))
