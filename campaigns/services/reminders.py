"""Reminding units of papers they owe: on days laid down in a table, and when the owner asks.

Each unit is one transaction: the reminder is written, the letters handed over, the commit made. A
row per paper, unit and day of the table says that it is done: run again, or after a crash, it does
what is missing and repeats at most letters that were sent just before the crash.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import defaultdict
from dataclasses import dataclass, field
from smtplib import SMTPException, SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _, ngettext

from accounts.models import User
from audit.services import log
from campaigns.models import CampaignStatus, HandInReminder, ReminderRule, Requirement
from campaigns.selectors.hand_ins import SEND, Owed, standing_of
from campaigns.services.campaigns import PERMISSION
from core.clock import local_day_start, local_today
from core.errors import RuleViolation
from core.locks import advisory_lock
from unions.models import Appointment, Union
from unions.permissions import roles_with
from unions.records import ensure_may
from unions.scope import Actor

logger = logging.getLogger(__name__)


@dataclass
class Reminded:
    """What a run did: units reminded, and those whose letters could not be sent."""

    units: int = 0
    unsent: list[int] = field(default_factory=list)


@dataclass
class RemindedNow:
    """Units the owner's reminder was recorded for: letters went to the first, none to the second,
    which have no official with an e-mail address, or none whom the mail server takes."""

    reached: list[Union] = field(default_factory=list)
    unreached: list[Union] = field(default_factory=list)


def remind_units(today: dt.date | None = None, *, needs_mail: bool = True) -> Reminded:
    """Remind every unit of the papers it owes whose day of the table has come.

    Of several days that passed unnoticed only the newest counts. ``needs_mail``: leave a unit for
    another attempt (``Reminded.unsent``) while the mail server refuses its letters; without it the
    reminders are written all the same.
    """
    day = today or local_today()
    rules = sorted(ReminderRule.objects.filter(is_active=True).values_list("days", flat=True))
    rows = Requirement.objects.filter(campaign__status=CampaignStatus.PUBLISHED)
    due: dict[Union, list[tuple[Owed, int]]] = defaultdict(list)
    for requirement in rows.select_related("campaign__owner"):
        gone = (day - requirement.due_on).days
        passed = [days for days in rules if days <= gone]
        if not passed:
            continue
        done = set(
            HandInReminder.objects.filter(
                requirement=requirement, due_on=requirement.due_on, days=passed[-1]
            ).values_list("unit", flat=True)
        )
        for owed in standing_of(requirement, day):
            if owed.is_open and owed.unit.pk not in done:
                due[owed.unit].append((owed, passed[-1]))
    outcome = Reminded()
    for unit, items in due.items():
        try:
            outcome.units += _remind_unit(unit, items, needs_mail=needs_mail) is not None
        except (OSError, SMTPException) as error:
            logger.warning("Letters of union %s not sent (%s).", unit.pk, type(error).__name__)
            outcome.unsent.append(unit.pk)
    return outcome


def remind_now(requirement: Requirement, *, actor: Actor) -> RemindedNow:
    """Remind every unit that still owes the paper, once a day at most; whom a letter reached.

    For the owner of the campaign. Raises RuleViolation when it is not public, the portal sends no
    mail, or the mail server takes no letters.
    """
    ensure_may(actor, PERMISSION, requirement.campaign.owner)
    if requirement.campaign.status != CampaignStatus.PUBLISHED:
        raise RuleViolation(_("Papers are handed in while the campaign is public."))
    if not sends_letters():
        raise RuleViolation(
            _("This portal is not set up to send e-mail: no letter can go."), code="no_mail"
        )
    today = local_today()
    rows = HandInReminder.objects.filter(requirement=requirement, at__gte=local_day_start(today))
    told = set(rows.told().values_list("unit", flat=True))
    outcome = RemindedNow()
    for owed in standing_of(requirement, today):
        if not owed.is_open or owed.unit.pk in told:
            continue
        try:
            letters = _remind_unit(owed.unit, [(owed, None)], needs_mail=True, actor=actor)
        except (OSError, SMTPException) as error:
            logger.warning("Letters of a reminder not sent (%s).", type(error).__name__)
            raise RuleViolation(
                _("The mail server takes no letters now. Please try again later."), code="mail"
            ) from error
        if letters is not None:
            (outcome.reached if letters else outcome.unreached).append(owed.unit)
    return outcome


def sends_letters() -> bool:
    """A mail server is named; without one letters would be dropped unsaid."""
    return "dummy" not in settings.EMAIL_BACKEND


def _remind_unit(
    unit: Union,
    items: list[tuple[Owed, int]] | list[tuple[Owed, None]],
    *,
    needs_mail: bool,
    actor: Actor = None,
) -> int | None:
    """How many letters went; None when somebody else just reminded the unit."""
    with transaction.atomic():
        # Two schedulers do no harm, nor two clicks: the second finds the rows of the first.
        advisory_lock(f"campaigns.remind.{unit.pk}")
        addresses = addresses_of(unit) if sends_letters() else []
        fresh = [
            (owed, days)
            for owed, days in items
            if not _has_been_reminded(owed, unit, days, can_tell=bool(addresses))
        ]
        if not fresh:
            return None
        try:
            letters = _write_letters(unit, [owed for owed, _days in fresh], addresses)
        except (OSError, SMTPException) as error:
            if needs_mail:
                raise
            logger.warning("Letters of union %s given up (%s).", unit.pk, type(error).__name__)
            letters = 0
        by = actor if isinstance(actor, User) else None
        HandInReminder.objects.bulk_create(
            HandInReminder(
                requirement=owed.requirement,
                unit=unit,
                days=days,
                due_on=owed.requirement.due_on,
                letters=letters,
                at=timezone.now(),
                by=by,
            )
            for owed, days in fresh
        )
        for owed, _days in fresh:
            log(
                actor, "requirement.reminded", owed.requirement,
                {"union": unit.pk, "letters": letters}, union_path=unit.path,
            )  # fmt: skip
    return letters


def _has_been_reminded(owed: Owed, unit: Union, days: int | None, *, can_tell: bool) -> bool:
    """Of this day of the table; by the owner: of anything today, if a letter went or none can."""
    rows = HandInReminder.objects.filter(requirement=owed.requirement, unit=unit)
    if days is not None:
        return rows.filter(days=days, due_on=owed.requirement.due_on).exists()
    today = rows.filter(at__gte=local_day_start(local_today()))
    return (today.told() if can_tell else today).exists()


def addresses_of(unit: Union) -> list[str]:
    """E-mail addresses of the active officials appointed at ``unit`` who may hand in."""
    posts = Appointment.objects.in_force_on(local_today()).filter(
        union=unit, role__in=roles_with(SEND)
    )
    users = User.objects.filter(pk__in=posts.values("user"), is_active=True).exclude(email="")
    return list(dict.fromkeys(users.order_by("pk").values_list("email", flat=True)))


def out_of_reach(requirement: Requirement) -> list[Union]:
    """Units that still owe the paper and have no official with an e-mail address.

    A reminder is recorded for them all the same; no letter tells them of it.
    """
    owing = [owed.unit for owed in standing_of(requirement, local_today()) if owed.is_open]
    posts = Appointment.objects.in_force_on(local_today()).filter(
        union__in=owing, role__in=roles_with(SEND), user__is_active=True
    )
    reached = set(posts.exclude(user__email="").values_list("union", flat=True))
    return [unit for unit in owing if unit.pk not in reached]


def _write_letters(unit: Union, owed: list[Owed], addresses: list[str]) -> int:
    """Names of papers and unions, nothing personal. One letter each, none sees the others; how many
    went.

    An address that the server refuses keeps no other from its letter. Raises what the mail server
    answers when none went for another reason.
    """
    if not addresses:
        return 0
    with translation.override(settings.LANGUAGE_CODE):
        subject = _("Papers of campaigns are to be handed in")
        lines = [_("%(union)s still owes:") % {"union": unit.name}]
        lines += [_line(row) for row in owed]
        address = f"{settings.PUBLIC_BASE_URL}{reverse('admin:campaigns_handin_owed')}"
        body = "\n\n".join([*lines, address]) + "\n"
    sent = 0
    with get_connection() as mail:
        for to in addresses:
            letter = EmailMessage(subject=subject, body=body, to=[to])
            try:
                sent += mail.send_messages([letter]) or 0
            except (OSError, SMTPException) as error:
                if _is_refused_for_good(error):
                    logger.warning("An address of union %s was refused.", unit.pk)
                    continue
                if not sent:
                    raise
                # Begun anew, those who have theirs would get another.
                logger.warning("Not all letters of union %s were sent.", unit.pk)
                break
    return sent


def _is_refused_for_good(error: Exception) -> bool:
    """The server takes no letter to this address, also later: a code from 500 on (RFC 5321)."""
    if not isinstance(error, SMTPRecipientsRefused):
        return False
    return all(code >= 500 for code, _message in error.recipients.values())


def _line(owed: Owed) -> str:
    words = {
        "campaign": owed.requirement.campaign.name,
        "paper": owed.requirement.get_kind_display(),
        "due": owed.requirement.due_on.isoformat(),
    }
    if owed.days_left < 0:
        late = -owed.days_left
        return ngettext(
            "%(paper)s of “%(campaign)s”, due on %(due)s: %(n)d day late",
            "%(paper)s of “%(campaign)s”, due on %(due)s: %(n)d days late",
            late,
        ) % {**words, "n": late}
    return _("%(paper)s of “%(campaign)s”, due on %(due)s") % words
