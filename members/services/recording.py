"""Applications that an official types in: no join code, no page of the applicant's own.

The applicant hears of it by a message: they have seen no receipt.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.services import log
from core.codes import receipt_number
from core.errors import RuleViolation
from core.normalising import normalise_text
from enterprises.models import Employer
from members.models import Application, Consent, ExtraAnswer
from members.models.application import OPEN_STATUSES
from members.selectors import current_consent_texts
from members.services.enrolment import PersonInput, check_person
from members.services.messages import tell_applicant
from reference.models import WorkerGroup
from unions.enums import UnionStatus
from unions.models import Union
from unions.scope import Actor, can

_ATTEMPTS = 5


def ensure_may_enrol(union: Union, actor: Actor) -> None:
    """Raise RuleViolation (field ``union``) unless ``actor`` may bring members into ``union``.

    It must stand and enrol members itself. ``actor`` None is the system.
    """
    if actor is not None and not can(actor, "enrolment.change", union):
        raise RuleViolation(_("This union is not in your scope."), field="union", code="scope")
    if not union.kind.enrols_members:
        raise RuleViolation(
            _("A “%(kind)s” does not enrol members itself.") % {"kind": union.kind.name},
            field="union",
            code="kind",
        )
    if union.status != UnionStatus.ACTIVE:
        raise RuleViolation(_("This union is not established."), field="union", code="union_closed")


def record_application(
    union: Union,
    *,
    person: PersonInput,
    worker_group: WorkerGroup,
    channel: str,
    employer_name: str = "",
    has_consented: bool,
    answers: Mapping[int, str] | None = None,
    is_decided_at_once: bool = False,
    actor: Actor,
) -> Application:
    """Record an application to ``union`` on behalf of a person who is present or has signed.

    The person gets a message with the receipt number, unless it ``is_decided_at_once``: then the
    decision has a message of its own.

    ``has_consented``: the person agreed to every current consent text, the one for the ID number
    separately (PIPL art. 13, 14 and 29); who recorded it stands in the trail. ``answers``: to the
    union's extra questions, by question, as ``members.question_fields`` cleaned them. Raises
    RuleViolation beside ``union``, ``name``, ``id_number``, ``phone`` or ``has_consented``; with
    code ``waiting`` if an application of this person to this union is open.
    """
    ensure_may_enrol(union, actor)
    checked = check_person(person)
    if not has_consented:
        raise RuleViolation(
            _("Without the person's consent nothing may be recorded."),
            field="has_consented",
            code="consent",
        )
    employer_name = normalise_text(employer_name)
    waiting = Application.objects.filter(
        id_number_hash=checked.id_number_hash, union=union, status__in=OPEN_STATUSES
    )
    for attempt in range(_ATTEMPTS):
        if waiting.exists():
            raise RuleViolation(
                _("An application of this person to this union is waiting already."),
                field="id_number",
                code="waiting",
            )
        now = timezone.now()
        try:
            with transaction.atomic():
                application = Application.objects.create(
                    receipt_number=receipt_number(),
                    union=union,
                    worker_group=worker_group,
                    employer=_registered_employer(union, employer_name),
                    employer_name=employer_name,
                    channel=channel,
                    submitted_at=now,
                    **checked.columns(),
                )
                texts = current_consent_texts()
                Consent.objects.bulk_create(
                    Consent(application=application, text=text, given_at=now) for text in texts
                )
                ExtraAnswer.objects.bulk_create(
                    ExtraAnswer(application=application, question_id=question, value=value)
                    for question, value in (answers or {}).items()
                )
                log(
                    actor,
                    "application.recorded",
                    application,
                    {"channel": channel, "consents": [text.pk for text in texts]},
                    union_path=union.path,
                )
                if not is_decided_at_once:
                    tell_applicant(application, "application_recorded")
                return application
        except IntegrityError:
            # A twin was faster (found in the next round), or the receipt number was taken.
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def _registered_employer(union: Union, name: str) -> Employer | None:
    """The register's row of exactly this name that the union covers, keeps or has nearby."""
    if not name:
        return None
    belongs = Q(covering_union=union) | Q(keeper=union)
    if union.region_id:
        belongs |= Q(region__code__startswith=union.region_id[:6])
    return Employer.objects.filter(belongs, name=name).order_by("pk").first()
