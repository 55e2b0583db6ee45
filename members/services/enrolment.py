"""Taking in applications."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.services import log
from core.codes import receipt_number
from core.encryption import blind_index, encrypt
from core.errors import RuleViolation
from core.identity import parse_identity
from core.normalising import normalise_name, normalise_text
from core.phone import normalise_phone
from enterprises.models import Employer
from members.enums import ApplicationStatus
from members.models import Application, Consent, ConsentText, JoinCode
from members.models.application import ID_NUMBER_CONTEXT, PHONE_CONTEXT
from members.selectors import current_consent_texts
from reference.models import WorkerGroup
from unions.enums import UnionStatus

_RECEIPT_ATTEMPTS = 5


@dataclass(frozen=True)
class PersonInput:
    """What a person types about themselves, as typed; ``checked`` makes it exact."""

    name: str
    id_type: str
    id_number: str
    phone: str


@dataclass(frozen=True)
class CheckedPerson:
    """A person's data after normalising and checking."""

    name: str
    id_type: str
    id_number: str
    phone: str
    birth_date: dt.date | None
    sex: str

    @property
    def id_number_hash(self) -> bytes:
        """Keyed hash for look-ups and uniqueness."""
        return blind_index(self.id_number, context=ID_NUMBER_CONTEXT)

    @property
    def phone_hash(self) -> bytes:
        """Keyed hash for look-ups."""
        return blind_index(self.phone, context=PHONE_CONTEXT)

    def columns(self) -> dict[str, object]:
        """Values for the columns of ``PersonalData``."""
        return {
            "name": self.name,
            "id_type": self.id_type,
            "id_number_encrypted": encrypt(self.id_number, context=ID_NUMBER_CONTEXT),
            "id_number_hash": self.id_number_hash,
            "phone_encrypted": encrypt(self.phone, context=PHONE_CONTEXT),
            "phone_hash": self.phone_hash,
            "birth_date": self.birth_date,
            "sex": self.sex,
        }


def check_person(person: PersonInput) -> CheckedPerson:
    """Normalise and check; raises RuleViolation beside ``name``, ``id_number`` or ``phone``."""
    name = normalise_name(person.name)
    if not name:
        raise RuleViolation(_("Please enter your name."), field="name", code="required")
    document = parse_identity(person.id_type, person.id_number)
    return CheckedPerson(
        name=name,
        id_type=document.id_type,
        id_number=document.number,
        phone=normalise_phone(person.phone),
        birth_date=document.birth_date,
        sex=document.sex,
    )


def apply_to_join(
    join_code: JoinCode,
    *,
    person: PersonInput,
    worker_group: WorkerGroup,
    employer_name: str = "",
    agreed_text_ids: set[int],
    texts: list[ConsentText] | None = None,
) -> Application:
    """Record an application through ``join_code`` and return it with its receipt number.

    Whether the person already is a member is neither checked nor told here: a stranger must not
    learn it; the reviewing official sees it. The same person applying again to the same union with
    the same phone gets the open application back, unchanged. Every current consent text must be
    agreed to (``agreed_text_ids``), the one for the ID number separately (PIPL art. 29); a caller
    that has read them already (``current_consent_texts``) hands them on as ``texts``.

    Raises RuleViolation beside the field.
    """
    if not join_code.is_usable or join_code.union.status != UnionStatus.ACTIVE:
        raise RuleViolation(_("This code no longer accepts sign-ups."), code="code_closed")
    checked = check_person(person)
    texts = current_consent_texts() if texts is None else texts
    if missing := [text for text in texts if text.pk not in agreed_text_ids]:
        raise RuleViolation(
            _("Without your consent we cannot take your application."),
            field=f"consent_{missing[0].purpose}",
            code="consent",
        )
    employer_name = normalise_text(employer_name)
    for attempt in range(_RECEIPT_ATTEMPTS):
        if waiting := _waiting_application(checked, join_code):
            return waiting
        try:
            return _insert_application(join_code, checked, worker_group, employer_name, texts)
        except IntegrityError:
            # Either the twin of a double click got in first (found in the next round) or the
            # receipt number was taken.
            if attempt == _RECEIPT_ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def _waiting_application(person: CheckedPerson, join_code: JoinCode) -> Application | None:
    return Application.objects.filter(
        id_number_hash=person.id_number_hash,
        phone_hash=person.phone_hash,
        union=join_code.union_id,
        status=ApplicationStatus.SUBMITTED,
    ).first()


def _insert_application(
    join_code: JoinCode,
    person: CheckedPerson,
    worker_group: WorkerGroup,
    employer_name: str,
    texts: list[ConsentText],
) -> Application:
    now = timezone.now()
    with transaction.atomic():
        application = Application.objects.create(
            receipt_number=receipt_number(),
            union=join_code.union,
            worker_group=worker_group,
            employer=_registered_employer(join_code, employer_name),
            employer_name=employer_name,
            channel=join_code.channel,
            join_code=join_code,
            submitted_at=now,
            **person.columns(),
        )
        Consent.objects.bulk_create(
            Consent(application=application, text=text, given_at=now) for text in texts
        )
        log(
            None,
            "application.submitted",
            application,
            {"join_code": join_code.code, "channel": join_code.channel},
            union_path=join_code.union.path,
        )
    return application


def _registered_employer(join_code: JoinCode, employer_name: str) -> Employer | None:
    """The register's row of exactly this name that belongs to the union's own county or below."""
    if not employer_name:
        return None
    union = join_code.union
    belongs = Q(covering_union=union) | Q(keeper=union)
    if union.region_id:
        belongs |= Q(region__code__startswith=union.region_id[:6])
    return Employer.objects.filter(belongs, name=employer_name).first()
