"""Somebody known applies again: which record is theirs, and what a frozen one is filled with."""

from __future__ import annotations

from members.models import Application, Member

# What a frozen record has lost, apart from the document.
_CONTACT = ("name", "birth_date", "sex", "phone_encrypted", "phone_hash")
_DOCUMENT = ("id_type", "id_number_encrypted")


def record_in_force(member: Member) -> Member:
    """The record that ``member`` was merged into, however often; itself otherwise."""
    while member.merged_into_id is not None:
        member = Member.objects.get(pk=member.merged_into_id)
    return member


def welcome_back(member: Member, application: Application) -> Member:
    """The record in force of a person found by the ID hash, filled again if it was frozen.

    Call in the transaction of the approval. A record that is not frozen keeps what it holds: an
    application alone must not change anybody's phone.
    """
    found = Member.objects.select_for_update(of=("self",)).get(pk=record_in_force(member).pk)
    was_frozen = found.frozen_at is not None
    fields = [*_CONTACT] if was_frozen else []
    # Erased with a consent that was withdrawn; the application brings a new one.
    lost_document = was_frozen or not found.id_number_encrypted
    if lost_document and bytes(found.id_number_hash) == bytes(application.id_number_hash):
        fields += _DOCUMENT
    if not fields:
        return found
    for name in fields:
        setattr(found, name, getattr(application, name))
    found.frozen_at = None
    found.save(update_fields=[*fields, "frozen_at"])
    return found
