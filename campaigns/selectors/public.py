"""Reading campaigns for the public pages."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from campaigns.models import Campaign, CampaignQuerySet, Phase


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
