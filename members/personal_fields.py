"""Every column that holds something personal encrypted, or a keyed hash of it.

Whoever adds such a column adds it here, or key rotation would pass it by: a test compares these
lists with the tables.
"""

from __future__ import annotations

from typing import NamedTuple

from django.apps import apps
from django.db import models

from members.models import (
    Application,
    CollectiveEntry,
    Member,
    MemberMerge,
    Message,
    OneTimeCode,
)
from members.models.application import ID_NUMBER_CONTEXT, PHONE_CONTEXT
from members.models.message import BODY_CONTEXT
from members.models.privacy import MERGE_CONTEXT
from members.models.request import REQUEST_CONTEXT, DataRequest


class EncryptedColumn(NamedTuple):
    """A column of tokens and the context they were made in."""

    model: type[models.Model]
    name: str
    context: str

    def __str__(self) -> str:
        return f"{self.model._meta.label}.{self.name}"


class HashColumns(NamedTuple):
    """The columns of one table that hold ``core.encryption.blind_index`` of something."""

    model: type[models.Model]
    names: tuple[str, ...]


_PERSONS = (Member, Application, CollectiveEntry)

ENCRYPTED_COLUMNS: tuple[EncryptedColumn, ...] = (
    *(EncryptedColumn(model, "id_number_encrypted", ID_NUMBER_CONTEXT) for model in _PERSONS),
    *(EncryptedColumn(model, "phone_encrypted", PHONE_CONTEXT) for model in _PERSONS),
    EncryptedColumn(Message, "phone_encrypted", PHONE_CONTEXT),
    EncryptedColumn(Message, "body_encrypted", BODY_CONTEXT),
    EncryptedColumn(DataRequest, "value_encrypted", REQUEST_CONTEXT),
    EncryptedColumn(MemberMerge, "before_encrypted", MERGE_CONTEXT),
    # Of an app above this one: found by name, for rotation must not pass it by.
    EncryptedColumn(
        apps.get_model("reports", "BriefSubscription"), "phone_encrypted", PHONE_CONTEXT
    ),
)

HASH_COLUMNS: tuple[HashColumns, ...] = (
    HashColumns(Member, ("id_number_hash", "phone_hash")),
    HashColumns(Application, ("id_number_hash", "phone_hash")),
    HashColumns(CollectiveEntry, ("id_number_hash", "phone_hash", "token_hash")),
    HashColumns(Message, ("phone_hash",)),
    HashColumns(OneTimeCode, ("phone_hash", "code_hash", "address_hash", "asker_hash")),
)

# Columns of hashes that are not made with the key of the blind index, with the reason.
OTHER_HASHES: frozenset[str] = frozenset()
