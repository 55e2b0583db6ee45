"""The days of a campaign change only where its phases and targets still lie within them."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _, ngettext

from campaigns.models import Campaign, Phase, Target
from core.errors import RuleViolation

# So many that stand in the way are named.
NAMED = 5


def check_nothing_outside(
    campaign: Campaign, starts_on: dt.date, ends_on: dt.date, *, looks_at_phases: bool = True
) -> None:
    """Raise RuleViolation where the new days (inclusive) would leave phases or targets outside.

    It names them, beside ``starts_on`` or ``ends_on``. Targets that ran beyond the campaign before
    (a whole year's, of a drive of some months) and withdrawn ones stand in nobody's way.
    """
    # Read again: a form has put the new days on the object already.
    kept = Campaign.objects.select_for_update().get(pk=campaign.pk)
    targets = Target.objects.in_force().filter(indicator__campaign=campaign)
    rows = targets.select_related("indicator", "union").order_by("union__path", "period_start")
    early = rows.filter(period_start__gte=kept.starts_on, period_start__lt=starts_on)
    late = rows.filter(period_end__lte=kept.ends_on, period_end__gt=ends_on)
    for field, found in (("starts_on", early), ("ends_on", late)):
        count = found.count()
        names = [
            _("target of %(union)s, %(indicator)s (%(first)s – %(last)s)")
            % {
                "union": target.union.name,
                "indicator": target.indicator.name,
                "first": target.period_start,
                "last": target.period_end,
            }
            for target in found[:NAMED]
        ]
        _refuse(field, names, count)
    if looks_at_phases:
        check_phases(campaign, starts_on, ends_on)


def check_phases(campaign: Campaign, starts_on: dt.date, ends_on: dt.date) -> None:
    """Raise RuleViolation where stored phases lie outside the days (inclusive); it names them."""
    phases = Phase.objects.filter(campaign=campaign)
    for field, found in (
        ("starts_on", phases.filter(starts_on__lt=starts_on)),
        ("ends_on", phases.filter(ends_on__gt=ends_on)),
    ):
        names = [
            _("phase “%(name)s” (%(first)s – %(last)s)")
            % {"name": phase.name, "first": phase.starts_on, "last": phase.ends_on}
            for phase in found[:NAMED]
        ]
        _refuse(field, names, found.count())


def _refuse(field: str, names: list[str], count: int) -> None:
    if not count:
        return
    text = _("Outside these days would lie: %(names)s") % {"names": "；".join(names)}
    if count > len(names):
        more = count - len(names)
        text += ngettext(" and %(n)d more", " and %(n)d more", more) % {"n": more}
    raise RuleViolation(
        _("%(text)s. Change these first.") % {"text": text}, field=field, code="outside"
    )
