"""Taking in applications."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS, IntegrityError
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from core.codes import receipt_number
from core.encryption import blind_index, encrypt
from core.errors import RuleViolation
from core.identity import parse_identity
from core.normalising import normalise_text
from core.person_name import parse_name
from core.phone import normalise_phone
from members.models import Application, ConsentText, JoinCode
from members.models.application import ID_NUMBER_CONTEXT, PHONE_CONTEXT
from members.selectors import current_consent_texts
from members.services.intake import CodeClosedError, TakenIn, take_in
from reference.models import WorkerGroup

_ATTEMPTS = 5


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


def check_person(person: PersonInput | CheckedPerson) -> CheckedPerson:
    """Normalise and check; raises RuleViolation beside ``name``, ``id_number`` or ``phone``.

    Who was checked before, by a form that ran the same checks box by box, comes back as is.
    """
    if isinstance(person, CheckedPerson):
        return person
    name = parse_name(person.name)
    document = parse_identity(person.id_type, person.id_number)
    return CheckedPerson(
        name=name,
        id_type=document.id_type,
        id_number=document.number,
        phone=normalise_phone(person.phone),
        birth_date=document.birth_date,
        sex=document.sex,
    )


class Taken:
    """A form that was taken in: its receipt, and the application it made or belongs to."""

    def __init__(self, found: TakenIn, written: Mapping[str, Any]) -> None:
        self.receipt_number = found.handed_out
        self.is_new = found.is_new
        self._found = found
        self._written = written

    @cached_property
    def application(self) -> Application:
        """Made when somebody asks for it; the page of a worker does not.

        Of an application that was there before (``is_new`` False) only the columns of ``TakenIn``
        are at hand; its own receipt number is not to be shown to the sender.
        """
        _is_new, _handed_out, *columns = self._found
        if not self.is_new:
            # No question more than for a new one: the rest is read if somebody asks for it.
            return Application.from_db(DEFAULT_DB_ALIAS, list(TakenIn._fields[2:]), columns)
        known = dict(zip(TakenIn._fields[2:], columns, strict=True))
        application = Application(**known, **self._written)
        application._state.adding, application._state.db = False, DEFAULT_DB_ALIAS
        return application


def apply_to_join(
    join_code: JoinCode,
    *,
    person: PersonInput | CheckedPerson,
    worker_group: WorkerGroup,
    employer_name: str = "",
    agreed_text_ids: set[int],
    texts: list[ConsentText] | None = None,
    answers: Mapping[int, str] | None = None,
) -> Taken:
    """Record an application through ``join_code`` and return it with the receipt number.

    Whether the person already is a member is neither checked nor told here: a stranger must not
    learn it; the reviewing official sees it. The same person applying again to the same union with
    the same phone, while the first form waits, sends a ``RepeatedSending`` of that application,
    with a receipt of its own. Every current consent text must be agreed to (``agreed_text_ids``),
    the one for the ID number separately (PIPL art. 29); a caller that has read them already
    (``current_consent_texts``) hands them on as ``texts``. ``answers`` are checked answers to the
    union's extra questions, by question.

    Raises RuleViolation beside the field.
    """
    checked = check_person(person)
    texts = current_consent_texts() if texts is None else texts
    if missing := [text for text in texts if text.pk not in agreed_text_ids]:
        raise RuleViolation(
            _("Without your consent we cannot take your application."),
            field=f"consent_{missing[0].purpose}",
            code="consent",
        )
    employer_name = normalise_text(employer_name)
    columns = checked.columns()
    for _attempt in range(_ATTEMPTS):
        now = timezone.now()
        try:
            taken = take_in(
                join_code_id=join_code.pk,
                receipt_number=receipt_number(),
                now=now,
                person=columns,
                worker_group_id=worker_group.pk,
                employer_name=employer_name,
                text_ids=[text.pk for text in texts],
                answers=answers or {},
            )
        except CodeClosedError:
            raise RuleViolation(
                _("This code no longer accepts sign-ups."), code="code_closed"
            ) from None
        if taken is not None:
            break
    else:
        raise IntegrityError("no receipt number was free, or a twin came and went each time")
    written = {
        **columns,
        "worker_group": worker_group,
        "employer_name": employer_name,
        "join_code": join_code,
    }
    return Taken(taken, written)
