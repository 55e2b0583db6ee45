"""What each union is to reach: free in a draft, changed by versions with a reason afterwards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _, gettext_lazy

from audit.services import log
from campaigns.amounts import plain
from campaigns.models import (
    CampaignStatus,
    Indicator,
    Target,
    Unit,
    VersionState,
)
from campaigns.services.campaigns import PERMISSION, assign, lock_campaign
from campaigns.services.days import check_days, check_reach
from campaigns.services.versions import write_versions
from core.clock import local_today
from core.constraints import refusing
from core.errors import RuleViolation
from core.normalising import normalise_text
from unions.enums import UnionStatus
from unions.models import Union
from unions.records import ensure_may
from unions.scope import Actor, can

REASON_LENGTH = 200
_REFUSALS = {
    "campaigns_target_unique": RuleViolation(
        gettext_lazy("This union already has a target for this indicator and period."),
        field="union",
        code="duplicate",
    ),
}


def may_set_targets(actor: Actor, owner: Union, union: Union) -> bool:
    """May ``actor`` say what ``union`` is to reach in a campaign of ``owner``?

    Whoever may change the campaign, and whoever may change campaigns at the union directly above:
    nobody sets the own target of somebody else's campaign. ``actor`` None is the system.
    """
    if actor is None or can(actor, PERMISSION, owner):
        return True
    above = union.parent
    return above is not None and union.pk != owner.pk and can(actor, PERMISSION, above)


def set_target(
    indicator: Indicator,
    *,
    union: Union,
    period_start: dt.date,
    period_end: dt.date,
    value: Decimal,
    note: str = "",
    reason: str = "",
    target: Target | None = None,
    seen: Mapping[str, object] | None = None,
    actor: Actor,
) -> Target:
    """Set what ``union`` is to reach from ``period_start`` to ``period_end`` (inclusive).

    ``value`` is in the indicator's unit; a ratio lies between 0 and 1, persons, unions and stations
    are whole numbers. With ``target`` that row is changed; the union it was set for must be the
    actor's to set as well (``may_set_targets``). Once the campaign is published a new target and
    every other value ask for ``reason`` and write a version; union and period stay. ``seen`` is
    what the actor saw of the row: what has become different since, and is not what it is to be,
    is refused (``changed``). A withdrawn target is refused (``withdrawn``) unless only its note
    changes: see ``reinstate_target``. Raises RuleViolation beside the field; where nothing changes
    nothing is written, and a reason for it is refused (``nothing``).
    """
    check_days(period_start, period_end, field="period_end")
    check_value(indicator, value)
    values = {
        "union": union, "period_start": period_start, "period_end": period_end, "value": value,
        "note": note.strip(),
    }  # fmt: skip
    with transaction.atomic():
        campaign = lock_campaign(indicator.campaign_id)
        _ensure_may_set(actor, campaign.owner, union)
        if target is None or campaign.status == CampaignStatus.DRAFT:
            check_reach(campaign, field="period_start", day=period_start)
            check_reach(campaign, field="period_end", day=period_end)
        kept = None
        if target is not None:
            # Read again: a form has put the new union on the object already.
            rows = Target.objects.select_related("union__parent").select_for_update(of=("self",))
            kept = rows.get(pk=target.pk)
            _ensure_may_set(actor, campaign.owner, kept.union)
            _refuse_outdated(kept, values, seen or {})
            if kept.withdrawn_on is not None and kept.value != value:
                raise withdrawn("value")
        stored = target or Target(indicator=indicator)
        if (kept is None or kept.union_id != union.pk) and union.status == UnionStatus.DISSOLVED:
            raise RuleViolation(
                _("This union has been dissolved."), field="union", code="dissolved"
            )
        is_published = campaign.status != CampaignStatus.DRAFT
        is_new_value = kept is None or kept.value != value
        if is_published:
            _refuse_other_meaning(kept, values)
            reason = required_reason(reason) if is_new_value else normalise_text(reason)
        changes = assign(stored, values)
        if kept is not None and not changes:
            if reason.strip():
                raise RuleViolation(
                    _("There is a reason, but no other value: nothing was changed."),
                    field="reason",
                    code="nothing",
                )
            return stored
        if is_published and is_new_value and kept is not None:
            write_versions([stored], reason=reason, actor=actor)
        with refusing(_REFUSALS):
            stored.save()
        if is_published and kept is None:
            write_versions([stored], reason=reason, actor=actor)
        if reason:
            changes["reason"] = reason
        log(actor, "target.set", stored, changes, union_path=union.path)
    return stored


def withdraw_target(target: Target, *, reason: str = "", actor: Actor) -> None:
    """Take a target back: out of a draft it is gone, a published one is kept with a last version.

    Raises RuleViolation without a reason once the campaign is published, beside ``reason``.
    """
    with transaction.atomic():
        campaign = lock_campaign(target.indicator.campaign_id)
        rows = Target.objects.select_related("union__parent").select_for_update(of=("self",))
        locked = rows.filter(pk=target.pk).first()
        if locked is None:
            # Out of a draft it is gone: somebody else was quicker, or this is a second click.
            raise RuleViolation(_("This target has been withdrawn already."), code="withdrawn")
        if locked.union.path.startswith(campaign.owner.path):
            _ensure_may_set(actor, campaign.owner, locked.union)
        else:
            # It was moved away, with its target: the owner takes that back.
            ensure_may(actor, PERMISSION, campaign.owner, field="union")
        if campaign.status == CampaignStatus.DRAFT:
            path = locked.union.path
            log(actor, "target.removed", locked, {"value": str(locked.value)}, union_path=path)
            locked.delete()
            return
        if locked.withdrawn_on is not None:
            raise RuleViolation(_("This target has been withdrawn already."), code="withdrawn")
        reason = required_reason(reason)
        write_versions([locked], reason=reason, actor=actor, state=VersionState.WITHDRAWN)
        locked.withdrawn_on = local_today()
        locked.save(update_fields=["withdrawn_on"])
        log(actor, "target.withdrawn", locked, {"reason": reason}, union_path=locked.union.path)


def reinstate_target(target: Target, *, reason: str = "", actor: Actor) -> None:
    """Put a withdrawn target in force again, with the value it had, by a version with ``reason``.

    Raises RuleViolation: ``standing`` where it is in force, ``dissolved`` where the union is no
    more, and beside ``reason`` without one.
    """
    with transaction.atomic():
        campaign = lock_campaign(target.indicator.campaign_id)
        rows = Target.objects.select_related("union__parent").select_for_update(of=("self",))
        locked = rows.get(pk=target.pk)
        _ensure_may_set(actor, campaign.owner, locked.union)
        if locked.withdrawn_on is None:
            raise RuleViolation(_("This target is in force."), code="standing")
        if locked.union.status == UnionStatus.DISSOLVED:
            raise RuleViolation(_("This union has been dissolved."), code="dissolved")
        reason = required_reason(reason)
        write_versions([locked], reason=reason, actor=actor)
        changes = {"withdrawn_on": [str(locked.withdrawn_on), None], "reason": reason}
        locked.withdrawn_on = None
        locked.save(update_fields=["withdrawn_on"])
        log(actor, "target.set", locked, changes, union_path=locked.union.path)


def required_reason(reason: str) -> str:
    """``reason`` as one clean line. Raises RuleViolation beside ``reason`` when it is empty."""
    clean = normalise_text(reason)[:REASON_LENGTH]
    if not clean:
        raise RuleViolation(
            _("The campaign is published: say why the target changes."),
            field="reason",
            code="required",
        )
    return clean


def check_value(indicator: Indicator, value: Decimal, *, field: str = "value") -> None:
    """Raise RuleViolation (``field``) for a value that cannot be a target of ``indicator``."""
    if value < 0:
        raise RuleViolation(_("This cannot be negative."), field=field)
    if indicator.unit == Unit.RATIO and value > 1:
        raise RuleViolation(
            _("A ratio lies between 0 and 1: enter 0.8 for 80 %."), field=field, code="ratio"
        )
    if indicator.is_count and value != value.to_integral_value():
        raise RuleViolation(_("This is a whole number."), field=field, code="whole")


def withdrawn(field: str) -> RuleViolation:
    """The refusal of another value for a target that was withdrawn."""
    return RuleViolation(
        _("This target has been withdrawn: put it in force again on its own page."),
        field=field,
        code="withdrawn",
    )


def check_below_owner(owner: Union, union: Union) -> None:
    """Raise RuleViolation beside ``union`` unless it stands below ``owner``, as it did when its
    target was set: a union that is moved away takes its target along."""
    if not union.path.startswith(owner.path):
        raise RuleViolation(
            _("This union does not stand under “%(union)s”.") % {"union": owner.name},
            field="union",
            code="out_of_scope",
        )


def _ensure_may_set(actor: Actor, owner: Union, union: Union) -> None:
    check_below_owner(owner, union)
    if may_set_targets(actor, owner, union):
        return
    ensure_may(actor, PERMISSION, union, field="union")
    raise RuleViolation(
        _("What this union is to reach is said by the union above it."),
        field="union",
        code="out_of_scope",
    )


def _refuse_outdated(
    kept: Target, values: Mapping[str, object], seen: Mapping[str, object]
) -> None:
    for field, shown in seen.items():
        now = getattr(kept, field)
        if now not in (shown, values[field]):
            # Not amounts alone: union and days may have changed while it is a draft.
            raise RuleViolation(
                _("Somebody else changed this meanwhile, to “%(now)s”: look at it again.")
                % {"now": plain(now) if isinstance(now, Decimal) else now},
                field=field,
                code="changed",
            )


def _refuse_other_meaning(kept: Target | None, values: dict[str, object]) -> None:
    if kept is None:
        return
    for field in ("union", "period_start", "period_end"):
        if getattr(kept, field) != values[field]:
            raise RuleViolation(
                _("The campaign is published: withdraw this target and set another."),
                field=field,
                code="published",
            )
