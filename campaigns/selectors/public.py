"""Reading campaigns for the public pages."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Q
from django.db.models.functions import Length

from campaigns.models import Campaign, CampaignQuerySet, GoodPractice, Phase
from members.finding import PUBLIC_CHANNELS
from members.models import JoinCode


@dataclass(frozen=True)
class PlacedPhase:
    """A phase on the time line: ``left`` and ``width`` in per cent, as style sheets read them."""

    phase: Phase
    left: str
    width: str
    is_current: bool
    is_over: bool


@dataclass(frozen=True)
class TimeLine:
    """A campaign's phases, one below the other, so that overlaps show.

    ``today`` is where the day stands, in per cent; None outside the line.
    """

    starts_on: dt.date
    ends_on: dt.date
    phases: list[PlacedPhase]
    today: str | None


def for_public_list() -> CampaignQuerySet:
    """The campaigns anyone may read about, the newest first, with owner and groups."""
    return Campaign.objects.public().select_related("owner", "group_set")


def time_line(campaign: Campaign, day: dt.date) -> TimeLine:
    """Where the phases stand between the first and the last day of campaign and phases."""
    phases = list(campaign.phases.all())
    first = min([campaign.starts_on, *(phase.starts_on for phase in phases)])
    last = max([campaign.ends_on, *(phase.ends_on for phase in phases)])
    length = (last - first).days + 1

    def per_cent(days: int) -> str:
        return f"{100 * days / length:.2f}"

    return TimeLine(
        first,
        last,
        [
            PlacedPhase(
                phase,
                left=per_cent((phase.starts_on - first).days),
                width=per_cent((phase.ends_on - phase.starts_on).days + 1),
                is_current=phase.starts_on <= day <= phase.ends_on,
                is_over=phase.ends_on < day,
            )
            for phase in phases
        ],
        per_cent((day - first).days) if first <= day <= last else None,
    )


def open_code(campaign: Campaign, day: dt.date) -> JoinCode | None:
    """The join code to show for ``campaign``: its owner's, or the only one it has below.

    A code of the campaign goes before another of the owner; one that hangs at a station as well, or
    was made for a window, a list or an app, is not for whoever reads the page. Where several unions
    below have one each, none stands for all: None, and people look for the union in charge of them.
    """
    usable = JoinCode.objects.usable_on(day).filter(
        Q(campaign_link__campaign=campaign)
        | Q(union=campaign.owner_id, campaign_link__isnull=True),
        station_link__isnull=True,
        channel__in=PUBLIC_CHANNELS,
    )
    codes = list(
        usable.select_related("union", "campaign_link")
        .order_by(Length("union__path"), "-pk")
        .distinct()[:20]
    )
    owned = [code for code in codes if code.union_id == campaign.owner_id]
    if owned:
        return max(owned, key=lambda code: hasattr(code, "campaign_link"))
    return codes[0] if len(codes) == 1 else None


def practices_of(campaign: Campaign, day: dt.date) -> list[GoodPractice]:
    """What is told of good practice on ``day``, the newest first."""
    rows = GoodPractice.objects.filter(campaign=campaign, published_on__lte=day)
    return list(rows.select_related("unit"))


def drives_of(campaign: Campaign) -> list[Campaign]:
    """The public campaigns that are part of a plan."""
    return list(for_public_list().filter(plan=campaign)[:50])
