"""Papers of a campaign: asked for by the owner, handed in by the units, accepted or returned."""

from __future__ import annotations

import datetime as dt

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy

from accounts.models import User
from audit.services import log
from campaigns.models import Campaign, CampaignStatus, HandIn, HandInState, Requirement
from campaigns.selectors.hand_ins import SEND, units_of
from campaigns.services.campaigns import PERMISSION, assign
from campaigns.services.days import check_reach
from core.constraints import refusing
from core.errors import RuleViolation
from core.normalising import normalise_text
from core.uploads import check_paper, keeping_files
from unions.models import Union
from unions.records import ensure_may
from unions.scope import Actor

_REFUSALS = {
    "campaigns_requirement_once_a_kind": RuleViolation(
        gettext_lazy("The campaign asks for this paper already."), field="kind", code="duplicate"
    ),
    "campaigns_hand_in_one_stands": RuleViolation(
        gettext_lazy("A version has been handed in; another one can follow if it is returned."),
        code="stands",
    ),
    "campaigns_hand_in_version_once": RuleViolation(
        gettext_lazy("A version has been handed in; another one can follow if it is returned."),
        code="stands",
    ),
}


def save_requirement(
    requirement: Requirement | None,
    *,
    campaign: Campaign,
    kind: str,
    due_on: dt.date,
    required_of: str,
    instructions: str = "",
    actor: Actor,
) -> Requirement:
    """Ask the units for a paper (``requirement`` None), or change what is asked.

    The kind stays once something was handed in. Raises RuleViolation beside the field.
    """
    values = {
        "kind": kind, "due_on": due_on, "required_of": required_of,
        "instructions": instructions.strip(),
    }  # fmt: skip
    with transaction.atomic():
        ensure_may(actor, PERMISSION, campaign.owner)
        check_reach(campaign, field="due_on", day=due_on)
        stored = requirement or Requirement(campaign=campaign)
        if requirement is not None and requirement.hand_ins.exists():
            kept = Requirement.objects.get(pk=requirement.pk)
            if kept.kind != kind:
                raise RuleViolation(
                    _("Papers have been handed in; the kind stays."), field="kind", code="in_use"
                )
        changes = assign(stored, values)
        with refusing(_REFUSALS):
            stored.save()
        said = {"kind": stored.kind, **changes}
        log(actor, "requirement.saved", campaign, said, union_path=campaign.owner.path)
    return stored


def remove_requirement(requirement: Requirement, *, actor: Actor) -> None:
    """Ask for it no longer. Raises RuleViolation once something was handed in."""
    campaign = requirement.campaign
    with transaction.atomic():
        ensure_may(actor, PERMISSION, campaign.owner)
        if requirement.hand_ins.exists():
            raise RuleViolation(_("Papers have been handed in; this stays."), code="in_use")
        log(
            actor, "requirement.removed", campaign, {"kind": requirement.kind},
            union_path=campaign.owner.path,
        )  # fmt: skip
        requirement.reminders.all().delete()
        requirement.delete()


def hand_in(
    requirement: Requirement,
    *,
    unit: Union,
    file: UploadedFile,
    note: str = "",
    actor: Actor,
    is_demo: bool = False,
) -> HandIn:
    """Hand in the paper of ``unit`` as its next version; after the due day as well.

    Raises RuleViolation: the campaign is not published, the unit owes nothing or is not the
    actor's, a version waits or was accepted, or the file is none of pdf, docx, xlsx up to 10 MB
    (beside ``file``). Then neither row nor file stays.
    """
    kind = check_paper(file)
    with keeping_files() as keep:
        # Locked, so that numbers follow one another.
        rows = Requirement.objects.select_related("campaign__owner")
        locked = rows.select_for_update(of=("self",)).get(pk=requirement.pk)
        ensure_may(actor, SEND, unit)
        if locked.campaign.status != CampaignStatus.PUBLISHED:
            raise RuleViolation(_("Papers are handed in while the campaign is public."))
        if not units_of(locked).filter(pk=unit.pk).exists():
            raise RuleViolation(_("This unit owes no such paper."), code="not_owed")
        newest = HandIn.objects.filter(requirement=locked, unit=unit).order_by("-number").first()
        row = HandIn(
            requirement=locked,
            unit=unit,
            number=newest.number + 1 if newest else 1,
            note=normalise_text(note)[:300],
            handed_in_by=actor if isinstance(actor, User) else None,
            is_demo=is_demo,
        )
        with refusing(_REFUSALS):
            keep(row, file, kind)
        log(
            actor, "hand_in.sent", row,
            {"campaign": locked.campaign_id, "kind": locked.kind, "version": row.number},
            union_path=unit.path,
        )  # fmt: skip
    return row


def accept_hand_in(paper: HandIn, *, actor: Actor) -> HandIn:
    """The owner of the campaign accepts the paper. Raises RuleViolation unless it waits."""
    return _decide(paper, HandInState.ACCEPTED, [HandInState.HANDED_IN], "", actor)


def return_hand_in(paper: HandIn, *, reason: str, actor: Actor) -> HandIn:
    """The owner gives the paper back with a reason; the unit may hand in another version.

    Raises RuleViolation (``reason``) without one, or when it has been returned already.
    """
    clean = normalise_text(reason)[:200]
    if not clean:
        raise RuleViolation(_("Say what is to be changed."), field="reason", code="required")
    before = [HandInState.HANDED_IN, HandInState.ACCEPTED]
    return _decide(paper, HandInState.RETURNED, before, clean, actor)


def _decide(
    paper: HandIn, state: HandInState, before: list[HandInState], reason: str, actor: Actor
) -> HandIn:
    with transaction.atomic():
        campaign = paper.requirement.campaign
        ensure_may(actor, PERMISSION, campaign.owner)
        if state == HandInState.RETURNED and campaign.status != CampaignStatus.PUBLISHED:
            # The unit could hand in no other one, and stand there as late for good.
            raise RuleViolation(
                _("The campaign is closed: papers are no longer returned."), code="closed"
            )
        decided = HandIn.objects.filter(pk=paper.pk, state__in=before).update(
            state=state,
            reason=reason,
            decided_at=timezone.now(),
            decided_by=actor if isinstance(actor, User) else None,
        )
        paper.refresh_from_db()
        if not decided:
            raise RuleViolation(
                _("The paper is “%(state)s” by now.") % {"state": paper.get_state_display()},
                code="state",
            )
        if state == HandInState.ACCEPTED:
            log(actor, "hand_in.accepted", paper, union_path=paper.unit.path)
        else:
            log(actor, "hand_in.returned", paper, {"reason": reason}, union_path=paper.unit.path)
    return paper
