"""Reads on joining and membership that more than one caller shares."""

from __future__ import annotations

from core.clock import local_today
from core.encryption import blind_index
from members.models import Application, ConsentText, JoinCode, Member
from members.models.application import PHONE_CONTEXT


def current_consent_texts() -> list[ConsentText]:
    """The newest published version of each purpose, in the order they are asked."""
    texts = (
        ConsentText.objects.filter(published_on__lte=local_today())
        .order_by("purpose", "-version")
        .distinct("purpose")
    )
    return sorted(texts, key=lambda text: ConsentText.Purpose.values.index(text.purpose))


def find_join_code(code: str) -> JoinCode | None:
    """The join code as typed or scanned (case and blanks do not matter), usable or not."""
    return (
        JoinCode.objects.select_related("union__kind", "union__region")
        .filter(code=code.strip().upper())
        .first()
    )


def find_application(receipt_number: str, phone: str) -> Application | None:
    """The application of this receipt, if ``phone`` (E.164) is the one it was sent with."""
    return (
        Application.objects.select_related("union", "rejection_reason")
        .filter(
            receipt_number=receipt_number,
            phone_hash=blind_index(phone, context=PHONE_CONTEXT),
        )
        .first()
    )


def other_traces_of(application: Application) -> tuple[Member | None, list[Application]]:
    """The member and the other applications that share the ID number or the phone."""
    member = Member.objects.filter(id_number_hash=application.id_number_hash).first()
    others = Application.objects.exclude(pk=application.pk).filter(
        id_number_hash=application.id_number_hash
    ) | Application.objects.exclude(pk=application.pk).filter(phone_hash=application.phone_hash)
    return member, list(others.select_related("union").order_by("-submitted_at")[:20])
