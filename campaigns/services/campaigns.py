"""Writes on campaigns, their phases and what they measure."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _, gettext_lazy

from audit.services import changes_between, log
from campaigns.models import (
    METRICS_BY_GROUP,
    Campaign,
    CampaignJoinCode,
    CampaignKind,
    CampaignStatus,
    Indicator,
    Metric,
    Phase,
)
from campaigns.models.target import UNIT_OF_METRIC
from campaigns.services.days import check_campaign_days, check_days
from campaigns.services.shortening import check_nothing_outside
from campaigns.services.versions import write_first_versions
from core.errors import RuleViolation
from members.models import JoinCode
from members.services.join_codes import create_join_code, lock_unused_code
from reference.models import GroupSet
from unions.models import Union
from unions.records import (
    change_record,
    ensure_may,
    insert_record,
    refuse_unknown,
    required_text,
)
from unions.scope import Actor

PERMISSION = "campaigns.change"
_DETAILS = ("kind", "plan", "group_set", "summary", "note", "source", "shows_progress")

_REFUSALS = {
    "campaigns_name_of_owner": RuleViolation(
        gettext_lazy("This union already has a campaign of this name."),
        field="name",
        code="duplicate",
    ),
}


def create_campaign(
    *,
    owner: Union,
    name: str,
    starts_on: dt.date,
    ends_on: dt.date,
    kind: str = CampaignKind.DRIVE,
    actor: Actor,
    is_demo: bool = False,
    **details: Any,
) -> Campaign:
    """A new campaign of ``owner``, as a draft; both dates inclusive.

    Raises RuleViolation beside ``name`` (empty, taken), ``owner`` (out of scope), ``starts_on``,
    ``ends_on`` or ``plan`` (no plan of this union or one above it).
    """
    refuse_unknown(details, _DETAILS)
    check_campaign_days(starts_on, ends_on)
    _check_plan(details.get("plan"), owner=owner, actor=actor)
    campaign = Campaign(
        owner=owner,
        name=required_text(name, "name"),
        starts_on=starts_on,
        ends_on=ends_on,
        kind=kind,
        is_demo=is_demo,
        **details,
    )
    return insert_record(
        campaign,
        permission=PERMISSION,
        action="campaign.created",
        actor=actor,
        refusals=_REFUSALS,
        keeper_field="owner",
    )


def update_campaign(
    campaign: Campaign, *, actor: Actor, phases_follow: bool = False, **changes: Any
) -> Campaign:
    """Change fields of ``campaign``; its status has services of its own. Raises RuleViolation.

    The owner stays: targets hang below it. The days may not leave phases and targets outside that
    lie within them now. ``phases_follow``: the caller changes the phases as well, in the same
    transaction, and calls ``check_phases`` when it is done.
    """
    refuse_unknown(changes, ("name", "starts_on", "ends_on", *_DETAILS))
    if "name" in changes:
        changes["name"] = required_text(changes["name"], "name")
    starts_on = changes.get("starts_on", campaign.starts_on)
    ends_on = changes.get("ends_on", campaign.ends_on)
    if "starts_on" in changes or "ends_on" in changes:
        check_campaign_days(starts_on, ends_on)
        check_nothing_outside(campaign, starts_on, ends_on, looks_at_phases=not phases_follow)
    if changes.get("kind", CampaignKind.PLAN) != CampaignKind.PLAN and campaign.drives.exists():
        raise RuleViolation(
            _("Other campaigns are part of this plan: it stays one."), field="kind", code="in_use"
        )
    if "plan" in changes:
        _check_plan(changes["plan"], owner=campaign.owner, actor=actor, campaign=campaign)
    return change_record(
        campaign,
        changes,
        permission=PERMISSION,
        action="campaign.updated",
        actor=actor,
        refusals=_REFUSALS,
    )


def publish_campaign(campaign: Campaign, *, actor: Actor) -> Campaign:
    """Show a draft to everybody; from now on its targets change by versions alone.

    Raises RuleViolation unless it is a draft with an indicator.
    """
    if not campaign.indicators.exists():
        raise RuleViolation(
            _("Say first what the campaign measures: add an indicator."), code="no_indicator"
        )
    with transaction.atomic():
        published = _pass_on(campaign, CampaignStatus.DRAFT, CampaignStatus.PUBLISHED, actor)
        write_first_versions(published, actor=actor)
    return published


def close_campaign(campaign: Campaign, *, actor: Actor) -> Campaign:
    """Close a published campaign. Raises RuleViolation."""
    return _pass_on(campaign, CampaignStatus.PUBLISHED, CampaignStatus.CLOSED, actor)


def _pass_on(campaign: Campaign, before: str, after: str, actor: Actor) -> Campaign:
    with transaction.atomic():
        ensure_may(actor, PERMISSION, campaign.owner)
        # Conditional: of two officials at once the second is told.
        if not Campaign.objects.filter(pk=campaign.pk, status=before).update(status=after):
            campaign.refresh_from_db(fields=["status"])
            raise RuleViolation(
                _("The campaign is “%(status)s” by now.")
                % {"status": campaign.get_status_display()},
                code="status",
            )
        campaign.status = after
        log(actor, f"campaign.{after}", campaign, union_path=campaign.owner.path)
    return campaign


def _check_plan(
    plan: Campaign | None, *, owner: Union, actor: Actor, campaign: Campaign | None = None
) -> None:
    """A drive is part of a plan of its owner or of a union above, and no plan of itself."""
    if plan is None:
        return
    if plan.kind != CampaignKind.PLAN or not owner.path.startswith(plan.owner.path):
        raise RuleViolation(
            _("Choose a plan of this union or of one above it."), field="plan", code="no_plan"
        )
    if plan.status == CampaignStatus.DRAFT and actor is not None:
        ensure_may(actor, "campaigns.view", plan.owner, field="plan")
    above: Campaign | None = plan
    while above is not None and campaign is not None:
        if above.pk == campaign.pk:
            raise RuleViolation(_("A plan is not part of itself."), field="plan", code="cycle")
        above = above.plan


def lock_campaign(pk: int) -> Campaign:
    """The campaign with its owner, locked: nobody publishes it or
    shortens it while what hangs on it is written."""
    rows = Campaign.objects.select_related("owner").select_for_update(of=("self",))
    return rows.get(pk=pk)


def save_phase(
    phase: Phase | None,
    *,
    campaign: Campaign,
    name: str,
    starts_on: dt.date,
    ends_on: dt.date,
    actor: Actor,
) -> Phase:
    """Add a phase (``phase`` None) or change one; phases may overlap. Raises RuleViolation."""
    check_days(starts_on, ends_on)
    with transaction.atomic():
        # As they are stored: whoever shortens the campaign waits, or has done it.
        days = lock_campaign(campaign.pk)
        if starts_on < days.starts_on or ends_on > days.ends_on:
            raise RuleViolation(
                _("A phase lies within the days of its campaign."),
                field="starts_on" if starts_on < days.starts_on else "ends_on",
                code="outside",
            )
        ensure_may(actor, PERMISSION, campaign.owner)
        stored = phase or Phase(campaign=campaign)
        values = {
            "name": required_text(name, "name"), "starts_on": starts_on, "ends_on": ends_on,
        }  # fmt: skip
        changes = assign(stored, values)
        stored.save()
        said = {"phase": stored.name, **changes}
        log(actor, "phase.saved", campaign, said, union_path=campaign.owner.path)
    return stored


def remove_phase(phase: Phase, *, actor: Actor) -> None:
    """Take a phase out of the plan. Raises RuleViolation."""
    campaign = phase.campaign
    with transaction.atomic():
        ensure_may(actor, PERMISSION, campaign.owner)
        log(actor, "phase.removed", campaign, {"phase": phase.name}, union_path=campaign.owner.path)
        phase.delete()


def save_indicator(
    indicator: Indicator | None,
    *,
    campaign: Campaign,
    name: str,
    metric: str,
    unit: str,
    group_set: GroupSet | None = None,
    actor: Actor,
) -> Indicator:
    """Add an indicator (``indicator`` None) or change one.

    Once targets hang on it, only its name may change: what was promised keeps its meaning. A group
    set belongs to what is counted by group (``METRICS_BY_GROUP``), and a rate needs one. Raises
    RuleViolation beside the field.
    """
    values = {
        "name": required_text(name, "name"), "metric": metric, "unit": unit, "group_set": group_set,
    }  # fmt: skip
    with transaction.atomic():
        # Neither unit nor metric changes while the first target is set.
        lock_campaign(campaign.pk)
        ensure_may(actor, PERMISSION, campaign.owner)
        if indicator is not None and indicator.targets.exists():
            promised = Indicator.objects.get(pk=indicator.pk)
            for field in ("metric", "unit", "group_set"):
                if getattr(promised, field) != values[field]:
                    raise RuleViolation(
                        _("Targets have been set; only the name may change."),
                        field=field,
                        code="has_targets",
                    )
        right_unit = UNIT_OF_METRIC.get(metric)
        if right_unit is not None and unit != right_unit:
            raise RuleViolation(
                _("“%(metric)s” is counted in %(unit)s.")
                % {"metric": Metric(metric).label, "unit": right_unit.label},
                field="unit",
                code="unit",
            )
        kept = Indicator.objects.get(pk=indicator.pk) if indicator is not None else None
        if kept is None or (kept.metric, kept.group_set) != (metric, group_set):
            _check_group_set(metric, group_set)
        stored = indicator or Indicator(campaign=campaign)
        changes = assign(stored, values)
        stored.save()
        said = {"indicator": stored.name, **changes}
        log(actor, "indicator.saved", campaign, said, union_path=campaign.owner.path)
    return stored


def _check_group_set(metric: str, group_set: GroupSet | None) -> None:
    if group_set is not None and metric not in METRICS_BY_GROUP:
        raise RuleViolation(
            _("“%(metric)s” is not counted by group: leave the group set empty.")
            % {"metric": Metric(metric).label},
            field="group_set",
            code="group_set",
        )
    if group_set is None and metric == Metric.ENROLMENT_RATE:
        raise RuleViolation(
            _("Say whose rate: without a group set there are no workers to compare with."),
            field="group_set",
            code="group_set",
        )


def remove_indicator(indicator: Indicator, *, actor: Actor) -> None:
    """Take out an indicator without targets. Raises RuleViolation."""
    campaign = indicator.campaign
    with transaction.atomic():
        ensure_may(actor, PERMISSION, campaign.owner)
        if indicator.targets.exists():
            raise RuleViolation(
                _("“%(name)s” has targets; it stays.") % {"name": indicator.name},
                code="has_targets",
            )
        log(
            actor,
            "indicator.removed",
            campaign,
            {"indicator": indicator.name},
            union_path=campaign.owner.path,
        )
        indicator.delete()


def add_campaign_join_code(
    campaign: Campaign, *, union: Union, label: str = "", actor: Actor
) -> JoinCode:
    """Make a join code of ``union`` whose sign-ups are the campaign's. Raises RuleViolation."""
    _check_below(campaign, union, field="union")
    with transaction.atomic():
        code = create_join_code(union, label=label or campaign.name[:80], actor=actor)
        CampaignJoinCode.objects.create(join_code=code, campaign=campaign)
        log(
            actor,
            "campaign.join_code_added",
            campaign,
            {"join_code": code.code},
            union_path=union.path,
        )
    return code


def tie_join_code(campaign: Campaign, code: JoinCode, *, actor: Actor) -> JoinCode:
    """Make the sign-ups through ``code`` the campaign's, from the first of them on and for good.

    For a code that stands for something else as well: a station's, a window's, a list's, a link in
    a platform's app. Nobody may have applied through it: what they came through would change behind
    them. Raises RuleViolation (field ``join_code``): ``out_of_scope``, ``closed``, ``used``,
    ``has_campaign``; then nothing is written.
    """
    with transaction.atomic():
        ensure_may(actor, PERMISSION, campaign.owner, field="join_code")
        locked = lock_unused_code(code, actor=actor)
        _check_below(campaign, locked.union, field="join_code")
        if CampaignJoinCode.objects.filter(join_code=locked).exists():
            raise RuleViolation(
                _("This code belongs to a campaign already."),
                field="join_code",
                code="has_campaign",
            )
        CampaignJoinCode.objects.create(join_code=locked, campaign=campaign)
        log(
            actor,
            "campaign.join_code_tied",
            campaign,
            {"join_code": locked.code},
            union_path=locked.union.path,
        )
    return locked


def _check_below(campaign: Campaign, union: Union, *, field: str) -> None:
    if not union.path.startswith(campaign.owner.path):
        raise RuleViolation(
            _("This union does not stand under “%(union)s”.") % {"union": campaign.owner.name},
            field=field,
            code="out_of_scope",
        )


def assign(record: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Set ``values``; what differs from the stored row, for the trail."""
    stored = type(record)._default_manager.filter(pk=record.pk).first() if record.pk else None
    before = {name: getattr(stored, name) if stored else None for name in values}
    for name, value in values.items():
        setattr(record, name, value)
    return changes_between(before, values)
