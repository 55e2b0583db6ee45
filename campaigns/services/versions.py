"""Versions of targets: written with every change once a campaign is published, never altered."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Max
from django.utils import timezone

from accounts.models import User
from campaigns.models import Campaign, Target, TargetVersion, VersionState
from core.clock import local_today
from unions.scope import Actor

# A statement holds so many rows at most.
BATCH = 1000


def write_first_versions(campaign: Campaign, *, actor: Actor) -> int:
    """Version 1 of every target of ``campaign`` as it is published; how many."""
    targets = list(Target.objects.filter(indicator__campaign=campaign, versions__isnull=True))
    write_versions(targets, reason="", actor=actor)
    return len(targets)


def write_versions(
    targets: Sequence[Target],
    *,
    reason: str,
    actor: Actor,
    state: VersionState = VersionState.SET,
) -> None:
    """The next version of each target, with the value the object has, valid from today.

    Call it before the values themselves are stored: the database compares them. Run in the
    transaction of the change, with the campaign locked.
    """
    numbers = dict(
        TargetVersion.objects.filter(target__in=targets)
        .values_list("target")
        .annotate(newest=Max("number"))
    )
    today, now = local_today(), timezone.now()
    TargetVersion.objects.bulk_create(
        (
            TargetVersion(
                target=target,
                number=numbers.get(target.pk, 0) + 1,
                state=state,
                value=target.value,
                valid_from=today,
                reason=reason,
                made_by=actor if isinstance(actor, User) else None,
                made_at=now,
            )
            for target in targets
        ),
        batch_size=BATCH,
    )
