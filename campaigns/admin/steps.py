"""The page between a campaign and the two steps of its life: what follows, before it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, CampaignStatus, Target
from campaigns.services.campaigns import close_campaign, publish_campaign

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True)
class Step:
    """A step from the status ``before``; ``follows`` are sentences on what it brings."""

    before: CampaignStatus
    service: Callable[..., Campaign]
    title: _StrPromise
    button: _StrPromise
    done: _StrPromise
    follows: tuple[_StrPromise, ...]


PUBLISHING = Step(
    before=CampaignStatus.DRAFT,
    service=publish_campaign,
    title=_("Publish the campaign?"),
    button=_("Publish"),
    done=_("The campaign is public."),
    follows=(
        _("Everybody can read it on the public pages, and officials see its progress."),
        _("Units owe the papers it asks for, and are reminded of them."),
        _("From then on a target changes only with a reason, which stays in its history."),
        _("Phases and indicators can no longer be taken out."),
        _("A published campaign does not become a draft again."),
    ),
)
CLOSING = Step(
    before=CampaignStatus.PUBLISHED,
    service=close_campaign,
    title=_("Close the campaign?"),
    button=_("Close the campaign"),
    done=_("The campaign is closed."),
    follows=(
        _("Units can no longer hand in papers, and are no longer reminded."),
        _("No forecasts are made any more; what was reached stays to be seen."),
        _("The public page stays and says that the campaign is over."),
        _("A closed campaign is not opened again."),
    ),
)


def step_page(
    request: HttpRequest, campaign: Campaign, step: Step, *, admin_site: AdminSite
) -> HttpResponse:
    """What ``step`` brings for ``campaign``, and the button that takes it; nothing is written."""
    context: dict[str, Any] = {
        **admin_site.each_context(request),
        "title": step.title,
        "campaign": campaign,
        "step": step,
        "may_follow": campaign.status == step.before,
        "indicators": campaign.indicators.count(),
        "targets": Target.objects.in_force().filter(indicator__campaign=campaign).count(),
        "papers": campaign.requirements.count(),
    }
    return TemplateResponse(request, "admin/campaigns/step.html", context)
