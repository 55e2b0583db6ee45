"""The first page of the officials' site."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from campaigns.models import Campaign, CampaignStatus, Requirement, Target
from campaigns.selectors.hand_ins import owed_by, own_units, tallies
from core.clock import local_today
from members.models import Application, DataRequest, JoinCode, Membership
from members.waiting import working_days_waited
from unions.models import Union
from unions.scope import Actor, can, grants_of

BADGE_LIMIT = 99
SHOWN_CAMPAIGNS = 5
SHOWN_CODES = 5
SHOWN_UNIONS = 5
SHOWN_PAPERS = 5


def count_waiting(actor: Actor) -> int:
    """Applications that wait in the actor's scope, counted up to just above ``BADGE_LIMIT``.

    Kept on the user for the life of the request: the sidebar and the page ask alike.
    """
    kept = getattr(actor, "_waiting", None)
    if kept is None:
        rows = Application.objects.visible_to(actor, "applications.view").waiting().order_by()
        kept = rows[: BADGE_LIMIT + 1].count()
        if actor is not None:
            actor._waiting = kept  # type: ignore[union-attr]
    return int(kept)


def overview(actor: Actor) -> dict[str, Any]:
    """What the first page shows, within the actor's scope."""
    today = local_today()
    waiting = oldest = None
    if can(actor, "applications.view"):
        waiting = count_waiting(actor)
        first = Application.objects.visible_to(actor, "applications.view").waiting()[:1]
        oldest = next((working_days_waited(application) for application in first), None)
    units = own_units(actor)
    ours = Campaign.objects.visible_to(actor, "campaigns.view")
    campaigns = (
        Campaign.objects.running_on(today)
        .filter(Q(pk__in=ours.values("pk")) | Exists(_targets_of(units)))
        .annotate(is_ours=Exists(ours.filter(pk=OuterRef("pk"))))
        .select_related("owner")
        .order_by("ends_on", "id")[:SHOWN_CAMPAIGNS]
    )
    codes = (
        JoinCode.objects.visible_to(actor, "join_codes.view")
        .usable_on(today)
        .select_related("union")
        .order_by("-id")[:SHOWN_CODES]
    )
    return {
        "waiting": waiting,
        "waiting_shown": _shown(waiting),
        "oldest_days": oldest,
        "campaigns": [_with_time(campaign, today) for campaign in campaigns],
        "codes": list(codes),
        "data_requests": _data_requests(actor),
        "to_announce": _shown(_to_announce(actor)),
        "own_unions": _own_unions(actor),
        "owed": [row for row in owed_by(units, today) if row.is_open][:SHOWN_PAPERS],
        "asked": _asked_papers(actor),
        "quick_actions": _quick_actions(actor),
        "may_read_dashboards": can(actor, "dashboard.view"),
    }


def _targets_of(units: list[Union]) -> QuerySet[Target, Any]:
    """What a campaign of a union above has set the actor's unions to reach."""
    return Target.objects.in_force().filter(union__in=units, indicator__campaign=OuterRef("pk"))


def _with_time(campaign: Campaign, today: Any) -> dict[str, Any]:
    days = (campaign.ends_on - campaign.starts_on).days + 1
    gone = (today - campaign.starts_on).days + 1
    return {
        "campaign": campaign,
        "percent": round(100 * gone / days),
        "days_left": (campaign.ends_on - today).days,
    }


def _asked_papers(actor: Actor) -> list[dict[str, Any]]:
    """Papers that units hand in to the actor's unions, where one waits for an answer."""
    rows = (
        Requirement.objects.visible_to(actor, "campaigns.change")
        .filter(campaign__status=CampaignStatus.PUBLISHED, hand_ins__state="handed_in")
        .select_related("campaign")
        .distinct()
    )
    requirements = list(rows[:SHOWN_PAPERS])
    counted = tallies(requirements) if requirements else {}
    return [{"requirement": row, "tally": counted[row.pk]} for row in requirements]


def _own_unions(actor: Actor) -> list[Union]:
    """The unions the actor is appointed at (none for operators, who have all)."""
    paths = [grant.path for grant in grants_of(actor) if grant.path][:SHOWN_UNIONS]
    return list(Union.objects.filter(path__in=paths).order_by("path")) if paths else []


def _data_requests(actor: Actor) -> list[DataRequest]:
    """What members ask about their own data, the oldest first: each has a day to be answered by."""
    if not can(actor, "members.change"):
        return []
    rows = DataRequest.objects.visible_to(actor, "members.change")
    waiting = rows.filter(status=DataRequest.Status.ASKED).select_related("member")
    return list(waiting.order_by("asked_at", "id")[:SHOWN_PAPERS])


def _to_announce(actor: Actor) -> int:
    """Members who left and whose union has not announced it, counted up to above the limit."""
    if not can(actor, "members.change"):
        return 0
    rows = Membership.objects.visible_to(actor, "members.change").awaiting_announcement()
    return rows.order_by()[: BADGE_LIMIT + 1].count()


def _shown(count: int | None) -> int | str | None:
    """A count as the page shows it: above the limit it has not been counted further."""
    return f"{BADGE_LIMIT}+" if (count or 0) > BADGE_LIMIT else count


def _quick_actions(actor: Actor) -> list[dict[str, str]]:
    from django.utils.translation import gettext as _

    offered = [
        (
            any(grant.below for grant in grants_of(actor, "unions.change")),
            _("Register a union"), "account_tree", "admin:unions_union_add",
        ),
        (
            can(actor, "join_codes.change"),
            _("New join code"), "qr_code_2", "admin:members_joincode_add",
        ),
        (
            can(actor, "employers.change"),
            _("Record an employer"), "apartment", "admin:enterprises_employer_add",
        ),
        (
            can(actor, "stations.change"),
            _("Record a station"), "location_on", "admin:stations_station_add",
        ),
        (
            can(actor, "appointments.change"),
            _("Appoint an official"), "badge", "admin:unions_appointment_add",
        ),
        (
            can(actor, "figures.change"),
            _("Report a figure"), "fact_check", "admin:reports_reportedfigure_add",
        ),
    ]  # fmt: skip
    return [
        {"title": title, "icon": icon, "url": reverse(page)}
        for allowed, title, icon, page in offered
        if allowed
    ]
