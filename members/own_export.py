"""Everything the portal keeps about one person, for themself: as a document of keys, and on paper.

Personal Information Protection Law art. 45 (copy, and transfer to another). The keys of the JSON
document are English and stable; its ``keys`` part explains them in the reader's language.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _, pgettext

from core.clock import CHINA
from core.codes import format_receipt
from core.encryption import decrypt
from members.card import card_number
from members.models import Application, DataRequest, Message
from members.models.application import ID_NUMBER_CONTEXT, PHONE_CONTEXT, PersonalData
from members.own_data import (
    Person,
    applications_of,
    consents_of,
    events_of,
    memberships_of,
    transfers_of,
)
from members.own_trail import looks_at
from members.selectors import answers_of

FORMAT = "union-portal/own-data/1"
MOST_LOOKS = 5000
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00")


def export_of(person: Person) -> dict[str, Any]:
    """The document. Times are ISO 8601 in China's time, days ISO dates, numbers in full."""
    return {
        "format": FORMAT,
        "made_at": _time(timezone.now()),
        "keys": explained(),
        "person": _person(person),
        "memberships": [_membership(spell) for spell in memberships_of(person)],
        "events": [
            {
                "day": event.effective_on.isoformat(),
                "what": event.get_type_display(),
                "reason": event.get_reason_display() if event.reason else "",
                "union": event.union.name,
                "other_union": event.counterpart.name if event.counterpart else "",
                "recorded_at": _time(event.recorded_at),
            }
            for event in events_of(person)
        ],
        "transfers": [_transfer(transfer) for transfer in transfers_of(person)],
        "applications": [
            _application(application, person) for application in applications_of(person)
        ],
        "consents": [
            {
                "purpose": consent.text.get_purpose_display(),
                "title": consent.text.title,
                "version": consent.text.version,
                "text": consent.text.body,
                "given_at": _time(consent.given_at),
                "withdrawn_at": _time(consent.withdrawn_at),
            }
            for consent in consents_of(person)
        ],
        "requests": [
            {
                "field": request.get_field_display(),
                "status": request.status_label,
                "asked_at": _time(request.asked_at),
                "decided_at": _time(request.decided_at),
                "note": request.note,
                "answer": request.decision_note,
            }
            for request in DataRequest.objects.filter(member__in=person.records)
        ],
        "messages": [
            {
                "template": message.label,
                "created_at": _time(message.created_at),
                "status": message.get_status_display(),
            }
            for message in Message.objects.filter(phone_hash=person.phone_hash)
            .only("template", "created_at", "status")
            .order_by("-id")
        ],
        "looked": [
            {
                "at": _time(look.at),
                "what": look.what,
                "union": look.union,
                "role": look.role,
                "reason": look.reason,
            }
            for look in looks_at(person, most=MOST_LOOKS)
        ],
    }


def explained() -> dict[str, str]:
    """What each part of the document holds."""
    return {
        "person": _("Your name, document, phone, date of birth and sex, in full."),
        "memberships": _("Each membership: union, work, way of joining, from and until."),
        "events": _("The register of what happened to your memberships, newest first."),
        "transfers": _("Moves between unions, and what each union said."),
        "applications": _("What you sent in, each step since, answers to the union's questions."),
        "consents": _("What you agreed to, word for word, when, and when withdrawn."),
        "requests": _("What you asked to have corrected or erased."),
        "messages": _("Short messages to your phone: which kind and when, without the text."),
        "looked": _("Who looked at your data or changed them, when and why."),
    }


def sections_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The document as titled tables for paper: ``rows`` of label and value, grouped by record."""
    titles = {
        "person": _("Me"),
        "memberships": _("Memberships"),
        "events": _("History"),
        "transfers": _("Moves"),
        "applications": _("Applications"),
        "consents": _("Consents"),
        "requests": _("Requests about the own data"),
        "messages": _("Messages"),
        "looked": _("Who has looked"),
    }
    labels = _labels()
    sections = []
    for key, title in titles.items():
        part = document[key]
        records = part if isinstance(part, list) else [part]
        sections.append(
            {
                "title": title,
                "about": document["keys"][key],
                "records": [
                    [
                        [labels.get(name, name), _plain(value)]
                        for name, value in record.items()
                        if value not in ("", None, []) and name != "text"
                    ]
                    for record in records
                    if record
                ],
                "none": _("None."),
            }
        )
    return sections


def _labels() -> dict[str, str]:
    return {
        "name": pgettext("person", "name"), "card_number": _("card number"),
        "id_type": _("document"), "id_number": _("document number"), "phone": _("phone"),
        "birth_date": _("date of birth"), "sex": _("sex"), "recorded_at": _("recorded"),
        "union": _("union"), "worker_group": _("worker group"),
        "employer": _("employer or platform"), "channel": _("way of joining"),
        "status": _("status"), "from": _("from"), "until": _("until"), "day": _("day"),
        "announced_on": _("leaving announced"),
        "what": _("what"), "reason": _("reason"), "other_union": _("other union"),
        "from_union": _("releasing union"), "to_union": _("receiving union"),
        "asked_at": _("asked"), "asked_by": _("asked for by"), "deadline": _("deadline"),
        "release": _("releasing union says"), "receive": _("receiving union says"),
        "receipt": _("receipt number"), "sent_at": pgettext("time", "sent"),
        "decided_at": _("decided"),
        "note": _("note"), "answer": _("answer"), "steps": _("steps"), "answers": _("answers"),
        "purpose": _("purpose"), "title": _("title"), "version": _("version"),
        "given_at": pgettext("time", "given"),
        "withdrawn_at": pgettext("time", "withdrawn"), "field": _("field"),
        "template": _("kind"), "created_at": _("created"), "at": _("time"), "role": _("role"),
        "closed_at": pgettext("time", "closed"), "phone_proven_at": _("phone proven"),
        "rejection_reason": _("reason"), "resubmitted_at": _("corrected and sent again"),
        "sent_again": _("sent again"),
    }  # fmt: skip


def _person(person: Person) -> dict[str, Any]:
    if person.member is None:
        return {}
    member = person.member
    return {
        **_personal(member),
        "card_number": card_number(member),
        "union": member.home_union.name,
        "recorded_at": _time(member.created_at),
    }


def _personal(row: PersonalData) -> dict[str, Any]:
    """Name and numbers; a number that was erased is empty."""
    id_number, phone = row.id_number_encrypted, row.phone_encrypted
    return {
        "name": row.name,
        "id_type": row.get_id_type_display(),
        "id_number": decrypt(id_number, context=ID_NUMBER_CONTEXT) if id_number else "",
        "phone": decrypt(phone, context=PHONE_CONTEXT) if phone else "",
        "birth_date": row.birth_date.isoformat() if row.birth_date else "",
        "sex": {"1": _("male"), "2": _("female")}.get(row.sex, ""),
    }


def _membership(spell: Any) -> dict[str, Any]:
    return {
        "union": spell.union.name,
        "worker_group": spell.worker_group.name,
        "employer": spell.employer_name,
        "channel": spell.get_channel_display(),
        "status": spell.get_status_display(),
        "from": spell.started_on.isoformat(),
        "until": spell.ended_on.isoformat() if spell.ended_on else "",
        "announced_on": spell.announced_on.isoformat() if spell.announced_on else "",
    }


def _transfer(transfer: Any) -> dict[str, Any]:
    return {
        "from_union": transfer.from_union.name,
        "to_union": transfer.to_union.name,
        "reason": transfer.reason,
        "asked_by": transfer.get_asked_by_display(),
        "asked_at": _time(transfer.asked_at),
        "deadline": transfer.deadline.isoformat(),
        "release": " ".join(
            filter(None, [transfer.get_release_decision_display(), transfer.release_note])
        ),
        "receive": " ".join(
            filter(None, [transfer.get_receive_decision_display(), transfer.receive_note])
        ),
        "status": transfer.get_status_display(),
        "closed_at": _time(transfer.closed_at),
    }


def _application(application: Application, person: Person) -> dict[str, Any]:
    """In full if it came from the person's own phone; else somebody else typed it, perhaps with a
    phone of theirs: that number is not the reader's to have."""
    own = bytes(application.phone_hash) == person.phone_hash
    return {
        "receipt": format_receipt(application.receipt_number) if own else "",
        **(_personal(application) if own else {}),
        "union": application.union.name,
        "worker_group": application.worker_group.name,
        "employer": application.employer_name,
        "channel": application.get_channel_display(),
        "status": application.get_status_display(),
        "sent_at": _time(application.submitted_at),
        "resubmitted_at": _time(application.resubmitted_at),
        "phone_proven_at": _time(application.phone_proven_at),
        "decided_at": _time(application.decided_at),
        "rejection_reason": str(application.rejection_reason or ""),
        "note": application.decision_note,
        "steps": [
            {"at": _time(step.at), "what": step.get_type_display(), "note": step.note}
            for step in application.steps.all()
        ],
        "answers": [
            {"what": str(answer.question), "answer": str(answer.value)}
            for answer in answers_of(application)
        ]
        if own
        else [],
        "sent_again": [
            {
                "at": _time(sending.sent_at),
                "name": sending.name,
                "worker_group": sending.worker_group.name,
                "employer": sending.employer_name,
                "answers": " · ".join(sending.answers.values()),
            }
            for sending in application.sendings.select_related("worker_group")
        ]
        if own
        else [],
    }


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(
            " · ".join(_plain(part) for part in item.values() if part not in ("", None))
            for item in value
        )
    text = str(value)
    # Times stand in the document as machines want them.
    return text.replace("T", " ").removesuffix("+08:00") if _TIME.fullmatch(text) else text


def _time(at: dt.datetime | None) -> str:
    return at.astimezone(CHINA).isoformat(timespec="seconds") if at is not None else ""
