"""Questions of officials whose answer tells of somebody out of their scope.

That a person is a member elsewhere has to be said where it stands in the way. So that nobody asks
for the sake of the answer, each such question is entered in the trail and they are few an hour.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from audit.models import AuditEntry
from audit.services import log
from core.encryption import blind_index
from core.errors import RuleViolation
from core.locks import advisory_lock
from members.models import Member
from members.models.application import ID_NUMBER_CONTEXT
from members.services.returning import record_in_force
from unions.models import Union
from unions.scope import Actor

LOOKS_PER_HOUR = 30
LOOKED = ("transfer.looked_up", "member.enrolment_refused")
_HOUR = dt.timedelta(hours=1)


def ensure_looks_left(actor: Actor) -> None:
    """Raise RuleViolation (``too_many``) beyond the limit of an hour.

    Inside the transaction of the question: two windows of one official count one after the other.
    """
    if not isinstance(actor, User):
        return
    advisory_lock(f"members.look_up:{actor.pk}")
    looks = AuditEntry.objects.filter(
        action__in=LOOKED, actor=actor, at__gte=timezone.now() - _HOUR
    )
    if looks.count() >= LOOKS_PER_HOUR:
        raise RuleViolation(
            _("Too many look-ups within an hour. Try again later."), code="too_many"
        )


def note_refused_enrolment(number: str, *, union: Union, actor: Actor) -> None:
    """Enter that ``actor`` was told, on trying to enrol them, that somebody is a member already.

    ``number`` is the checked document number. The person reads it in their own page.
    """
    found = Member.objects.filter(id_number_hash=blind_index(number, context=ID_NUMBER_CONTEXT))
    with transaction.atomic():
        for member in found:
            log(
                actor,
                "member.enrolment_refused",
                record_in_force(member),
                union_path=union.path,
            )
