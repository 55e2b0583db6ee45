"""That an official opened somebody's record: part of the trail the person reads on the own page."""

from __future__ import annotations

import datetime as dt

from django.db import models, transaction
from django.utils import timezone

from accounts.models import User
from audit.models import AuditEntry
from audit.services import Actor, log
from unions.models import Union

# Turning pages back and forth is one look: the trail stays readable.
ONE_LOOK = dt.timedelta(hours=1)


def log_view(record: models.Model, action: str, *, union: Union, actor: Actor) -> bool:
    """Write that ``actor`` opened ``record``, once an hour; whether an entry was written."""
    if not isinstance(actor, User):
        return False
    recent = AuditEntry.objects.filter(
        object_type=record._meta.label_lower,
        object_id=str(record.pk),
        actor=actor,
        action=action,
        at__gt=timezone.now() - ONE_LOOK,
    )
    if recent.exists():
        return False
    with transaction.atomic():
        log(actor, action, record, union_path=union.path)
    return True
