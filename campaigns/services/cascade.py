"""Sharing a target among the unions below: looked at first, then written in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from django.db import connection, transaction
from django.utils.translation import gettext as _

from audit.services import log, log_many
from campaigns.amounts import plain
from campaigns.models import CampaignStatus, Target
from campaigns.selectors.cascade import CascadeBy, children_to_share, existing_targets
from campaigns.services.campaigns import PERMISSION, lock_campaign
from campaigns.services.targets import (
    check_below_owner,
    check_value,
    required_reason,
    withdrawn,
)
from campaigns.services.versions import BATCH, write_versions
from core.errors import RuleViolation
from unions.records import ensure_may
from unions.scope import Actor, can

_STORE = """
    UPDATE campaigns_target t SET value = given.value
    FROM unnest(%s::bigint[], %s::numeric[]) AS given(id, value)
    WHERE t.id = given.id
"""


def cascade_target(
    target: Target,
    values: Mapping[int, Decimal],
    *,
    by: CascadeBy,
    replaces: bool = False,
    reason: str = "",
    seen: Decimal | None = None,
    seen_below: Mapping[int, Decimal | None] | None = None,
    actor: Actor,
) -> int:
    """Give the children of the target's union what ``values`` says by key; how many were written.

    Existing targets are changed only if ``replaces``; children that ``values`` leaves out stay as
    they are. One that was withdrawn is refused: ``reinstate_target`` puts it in force. The sum need
    not be the target's. ``seen`` is the target's value the proposal was made for, ``seen_below``
    what children had then (None: no target); what somebody else changed since is not overwritten.
    Whoever may change campaigns at the target's union, or at the campaign's owner, may do it, as
    long as the union stands below the owner.
    Raises RuleViolation beside ``value_<key>``, beside ``reason`` (needed once the campaign is
    published) or for the whole; then nothing is written.
    """
    with transaction.atomic():
        campaign = lock_campaign(target.indicator.campaign_id)
        parent = (
            Target.objects.select_related("indicator", "union")
            .select_for_update(of=("self",))
            .get(pk=target.pk)
        )
        if actor is None or not can(actor, PERMISSION, campaign.owner):
            ensure_may(actor, PERMISSION, parent.union)
        check_below_owner(campaign.owner, parent.union)
        if parent.withdrawn_on is not None or (seen is not None and seen != parent.value):
            raise RuleViolation(
                _("The target has changed since: look at the proposal again."), code="changed"
            )
        children = {child.pk: child for child in children_to_share(parent)}
        if set(values) - set(children):
            raise RuleViolation(
                _("The unions below have changed since: look at the proposal again."),
                code="changed",
            )
        for key, value in values.items():
            check_value(parent.indicator, value, field=f"value_{key}")
        existing = existing_targets(parent)
        _refuse_outdated(existing, seen_below or {})
        fresh, changed, before = [], [], {}
        for key, value in values.items():
            row = existing.get(key)
            if row is None:
                made = Target(
                    indicator=parent.indicator, union=children[key], value=value,
                    period_start=parent.period_start, period_end=parent.period_end,
                )  # fmt: skip
                fresh.append(made)
            elif row.withdrawn_on is not None:
                raise withdrawn(f"value_{key}")
            elif replaces and row.value != value:
                before[row.pk] = str(row.value)
                row.value = value
                changed.append(row)
        if not fresh and not changed:
            raise RuleViolation(_("There is nothing to save."), code="nothing")
        is_published = campaign.status != CampaignStatus.DRAFT
        if is_published:
            reason = required_reason(reason)
            write_versions(changed, reason=reason, actor=actor)
        with connection.cursor() as cursor:
            cursor.execute(_STORE, [[row.pk for row in changed], [row.value for row in changed]])
        Target.objects.bulk_create(fresh, batch_size=BATCH)
        if is_published:
            write_versions(fresh, reason=reason, actor=actor)
        log_many(
            actor,
            "target.set",
            [
                (
                    row,
                    {"value": [before.get(row.pk), str(row.value)], "cascade": parent.pk},
                    children[row.union_id].path,
                )
                for row in (*fresh, *changed)
            ],
        )
        log(
            actor,
            "target.cascaded",
            parent,
            {"by": str(by.value), "unions": len(fresh) + len(changed), "reason": reason},
            union_path=parent.union.path,
        )
    return len(fresh) + len(changed)


def _refuse_outdated(existing: Mapping[int, Target], seen: Mapping[int, Decimal | None]) -> None:
    for key, shown in seen.items():
        row = existing.get(key)
        now = row.value if row is not None and row.withdrawn_on is None else None
        if now != shown:
            raise RuleViolation(
                _("Somebody else changed this meanwhile, to “%(now)s”: look at it again.")
                % {"now": "—" if now is None else plain(now)},
                field=f"value_{key}",
                code="changed",
            )
