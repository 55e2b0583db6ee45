"""Writes on campaigns, what they measure, and what each union is to reach."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _, gettext_lazy

from audit.services import changes_between, log
from campaigns.models import (
    Campaign,
    CampaignJoinCode,
    CampaignKind,
    CampaignStatus,
    Indicator,
    Phase,
    Target,
    Unit,
)
from core.constraints import refusing
from core.errors import RuleViolation
from members.models import JoinCode
from members.services.join_codes import create_join_code
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
_DETAILS = ("kind", "group_set", "summary", "note", "source")

_REFUSALS = {
    "campaigns_name_of_owner": RuleViolation(
        gettext_lazy("This union already has a campaign of this name."),
        field="name",
        code="duplicate",
    ),
}
_TARGET_REFUSALS = {
    "campaigns_target_unique": RuleViolation(
        gettext_lazy("This union already has a target for this indicator and period."),
        field="union",
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

    Raises RuleViolation beside ``name`` (empty, taken), ``owner`` (out of scope) or ``ends_on``.
    """
    refuse_unknown(details, _DETAILS)
    _check_days(starts_on, ends_on)
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


def update_campaign(campaign: Campaign, *, actor: Actor, **changes: Any) -> Campaign:
    """Change fields of ``campaign``; its status has services of its own. Raises RuleViolation.

    The owner stays: targets hang below it.
    """
    refuse_unknown(changes, ("name", "starts_on", "ends_on", *_DETAILS))
    if "name" in changes:
        changes["name"] = required_text(changes["name"], "name")
    starts_on = changes.get("starts_on", campaign.starts_on)
    ends_on = changes.get("ends_on", campaign.ends_on)
    _check_days(starts_on, ends_on)
    return change_record(
        campaign,
        changes,
        permission=PERMISSION,
        action="campaign.updated",
        actor=actor,
        refusals=_REFUSALS,
    )


def publish_campaign(campaign: Campaign, *, actor: Actor) -> Campaign:
    """Show a draft to everybody. Raises RuleViolation unless it is a draft with an indicator."""
    if not campaign.indicators.exists():
        raise RuleViolation(
            _("Say first what the campaign measures: add an indicator."), code="no_indicator"
        )
    return _pass_on(campaign, CampaignStatus.DRAFT, CampaignStatus.PUBLISHED, actor)


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
    _check_days(starts_on, ends_on)
    if starts_on < campaign.starts_on or ends_on > campaign.ends_on:
        raise RuleViolation(
            _("A phase lies within the days of its campaign."),
            field="starts_on" if starts_on < campaign.starts_on else "ends_on",
            code="outside",
        )
    with transaction.atomic():
        ensure_may(actor, PERMISSION, campaign.owner)
        stored = phase or Phase(campaign=campaign)
        values = {
            "name": required_text(name, "name"), "starts_on": starts_on, "ends_on": ends_on,
        }  # fmt: skip
        changes = _assign(stored, values)
        stored.save()
        log(actor, "phase.saved", campaign, changes, union_path=campaign.owner.path)
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

    Once targets hang on it, only its name may change: what was promised keeps its meaning. Raises
    RuleViolation beside the field.
    """
    values = {
        "name": required_text(name, "name"), "metric": metric, "unit": unit, "group_set": group_set,
    }  # fmt: skip
    with transaction.atomic():
        ensure_may(actor, PERMISSION, campaign.owner)
        if indicator is not None and indicator.targets.exists():
            kept = Indicator.objects.get(pk=indicator.pk)
            for field in ("metric", "unit", "group_set"):
                if getattr(kept, field) != values[field]:
                    raise RuleViolation(
                        _("Targets have been set; only the name may change."),
                        field=field,
                        code="has_targets",
                    )
        stored = indicator or Indicator(campaign=campaign)
        changes = _assign(stored, values)
        stored.save()
        log(actor, "indicator.saved", campaign, changes, union_path=campaign.owner.path)
    return stored


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


def set_target(
    indicator: Indicator,
    *,
    union: Union,
    period_start: dt.date,
    period_end: dt.date,
    value: Decimal,
    note: str = "",
    target: Target | None = None,
    actor: Actor,
) -> Target:
    """Set what ``union`` is to reach from ``period_start`` to ``period_end`` (inclusive).

    ``value`` is in the indicator's unit; a ratio lies between 0 and 1. With ``target`` that row is
    changed; the union it was set for must be in the actor's scope as well. Whoever may change the
    campaign sets targets for the unions below its owner; for a
    campaign of a union above, an official may set targets in the own scope only. Raises
    RuleViolation beside the field.
    """
    _check_days(period_start, period_end, field="period_end")
    if value < 0:
        raise RuleViolation(_("This cannot be negative."), field="value")
    if indicator.unit == Unit.RATIO and value > 1:
        raise RuleViolation(
            _("A ratio lies between 0 and 1: enter 0.8 for 80 %."), field="value", code="ratio"
        )
    owner = indicator.campaign.owner
    if not union.path.startswith(owner.path):
        raise RuleViolation(
            _("This union does not stand under “%(union)s”.") % {"union": owner.name},
            field="union",
            code="out_of_scope",
        )
    values = {
        "union": union, "period_start": period_start, "period_end": period_end, "value": value,
        "note": note.strip(),
    }  # fmt: skip
    with transaction.atomic():
        ensure_may(actor, PERMISSION, union, field="union")
        if target is not None:
            # Read again: a form has put the new union on the object already.
            kept = Target.objects.select_related("union").select_for_update(of=("self",))
            ensure_may(actor, PERMISSION, kept.get(pk=target.pk).union, field="union")
        stored = target or Target(indicator=indicator)
        changes = _assign(stored, values)
        with refusing(_TARGET_REFUSALS):
            stored.save()
        log(actor, "target.set", stored, changes, union_path=union.path)
    return stored


def add_campaign_join_code(
    campaign: Campaign, *, union: Union, label: str = "", actor: Actor
) -> JoinCode:
    """Make a join code of ``union`` whose sign-ups are the campaign's. Raises RuleViolation."""
    if not union.path.startswith(campaign.owner.path):
        raise RuleViolation(
            _("This union does not stand under “%(union)s”.") % {"union": campaign.owner.name},
            field="union",
            code="out_of_scope",
        )
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


def _assign(record: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Set ``values``; what differs from the stored row, for the trail."""
    stored = type(record)._default_manager.filter(pk=record.pk).first() if record.pk else None
    before = {name: getattr(stored, name) if stored else None for name in values}
    for name, value in values.items():
        setattr(record, name, value)
    return changes_between(before, values)


def _check_days(starts_on: dt.date, ends_on: dt.date, *, field: str = "ends_on") -> None:
    if ends_on < starts_on:
        raise RuleViolation(_("The end lies before the beginning."), field=field)
