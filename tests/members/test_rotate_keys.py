"""Keys in rotation: every encrypted column, resumable, without losing a concurrent edit."""

from __future__ import annotations

import base64
import threading
import uuid
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, models, transaction
from django.utils import timezone

from core.encryption import decrypt, encrypt, key_id_of
from members.models import Application, Member, Message
from members.models.application import ID_NUMBER_CONTEXT, PHONE_CONTEXT
from members.models.message import BODY_CONTEXT
from members.personal_fields import ENCRYPTED_COLUMNS, HASH_COLUMNS, OTHER_HASHES
from members.services import key_rotation
from members.services.key_rotation import count_by_key, count_due, rotate_column
from tests.builders import make_application, make_join_code, make_membership, make_union, person

OLD = "old:" + base64.b64encode(b"o" * 32).decode()
NEW = "new:" + base64.b64encode(b"n" * 32).decode()
BOTH = f"{NEW},{OLD}"
MEMBER_ID = next(column for column in ENCRYPTED_COLUMNS if column.model is Member)


def binary_columns(ending: str) -> set[str]:
    """Every binary column of ours whose name ends so."""
    return {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields
        if isinstance(field, models.BinaryField) and field.name.endswith(ending)
    }


def test_no_encrypted_column_is_missing_from_the_list() -> None:
    assert binary_columns("_encrypted") == {str(column) for column in ENCRYPTED_COLUMNS}


def test_no_hash_column_is_missing_from_the_list() -> None:
    listed = {f"{table.model._meta.label}.{name}" for table in HASH_COLUMNS for name in table.names}
    assert binary_columns("_hash") == listed | OTHER_HASHES


def test_there_are_no_other_binary_columns() -> None:
    ours = {table.model._meta.app_config for table in HASH_COLUMNS}
    others = binary_columns("") - binary_columns("_encrypted") - binary_columns("_hash")
    assert {
        name for name in others if apps.get_model(name.rpartition(".")[0])._meta.app_config in ours
    } == set()


@pytest.fixture
def old_rows(settings: Any, db: None) -> None:
    """One row in each table that a sign-up fills, under the old key."""
    settings.FIELD_ENCRYPTION_KEYS = OLD
    union = make_union("镇工会", "township_union", make_union("县总", "county_federation"))
    make_membership(union, person(1))
    make_application(make_join_code(union), person(2))
    Message.objects.create(
        key=uuid.uuid4(),
        template="x",
        phone_encrypted=encrypt("+8613800000001", context=PHONE_CONTEXT),
        phone_hash=b"h",
        body_encrypted=encrypt("验证码 123456", context=BODY_CONTEXT),
        next_attempt_at=timezone.now(),
    )
    settings.FIELD_ENCRYPTION_KEYS = BOTH


def run(*arguments: str) -> str:
    """What the command says."""
    out = StringIO()
    call_command("rotate_keys", *arguments, stdout=out)
    return out.getvalue()


def test_every_value_comes_under_the_first_key_and_still_reads_the_same(
    settings: Any, old_rows: None
) -> None:
    before = {
        (column, row.pk): decrypt(getattr(row, column.name), context=column.context)
        for column in ENCRYPTED_COLUMNS
        for row in column.model._default_manager.all()
    }
    assert len(before) == 6
    said = run()
    assert "6 values under key new, aes-256-gcm" in said
    assert "under key old" not in said
    settings.FIELD_ENCRYPTION_KEYS = NEW
    for (column, pk), plaintext in before.items():
        token = getattr(column.model._default_manager.get(pk=pk), column.name)
        assert decrypt(token, context=column.context) == plaintext
    assert "Member.id_number_encrypted: 0 encrypted again" in run()


def test_a_dry_run_counts_and_changes_nothing(old_rows: None) -> None:
    said = run("--dry-run")
    assert "members.Member.id_number_encrypted: 1 due" in said
    assert "6 values under key old, aes-256-gcm" in said
    assert key_id_of(Member.objects.get().id_number_encrypted) == "old"


def test_the_cipher_is_rotated_too(settings: Any, old_rows: None) -> None:
    settings.FIELD_CIPHER = "sm4-gcm"
    assert "6 values under key new, sm4-gcm" in run()
    token = bytes(Member.objects.get().id_number_encrypted)
    assert (token[0], key_id_of(token)) == (2, "new")


def test_erased_values_are_left_alone(old_rows: None) -> None:
    Application.objects.update(id_number_encrypted=b"", phone_encrypted=b"")
    assert "4 values under key new" in run()
    assert bytes(Application.objects.get().id_number_encrypted) == b""


def test_an_interrupted_rotation_goes_on_where_it_stopped(
    old_rows: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    union = Member.objects.get().home_union
    for number in range(10, 15):
        make_membership(union, person(number))
    Member.objects.exclude(pk=Member.objects.earliest("pk").pk).update(
        id_number_encrypted=encrypt_old("371500")
    )
    monkeypatch.setattr(key_rotation, "BATCH", 2)

    def die(rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate_column(MEMBER_ID, on_progress=die)
    assert count_due(MEMBER_ID) == 4
    outcome = rotate_column(MEMBER_ID)
    assert (outcome.rotated, outcome.unreadable, outcome.left) == (4, 0, 0)


def encrypt_old(text: str) -> bytes:
    """A token under the old key."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.FIELD_ENCRYPTION_KEYS", OLD)
        return encrypt(text, context=ID_NUMBER_CONTEXT)


def test_an_unreadable_value_stops_nothing_and_is_told(old_rows: None) -> None:
    rubbish = b"\x01\x04gone" + b"x" * 40
    Application.objects.update(id_number_encrypted=rubbish)
    with pytest.raises(CommandError, match="1 values open with none"):
        run()
    assert bytes(Application.objects.get().id_number_encrypted) == rubbish
    assert key_id_of(Application.objects.get().phone_encrypted) == "new"
    assert count_by_key(MEMBER_ID) == {("aes-256-gcm", "new"): 1}


@pytest.mark.django_db(transaction=True)
def test_a_concurrent_edit_is_never_overwritten(settings: Any) -> None:
    """Somebody corrects a number while it is being rotated: theirs stays, and nobody waits."""
    settings.FIELD_ENCRYPTION_KEYS = OLD
    union = make_union("镇工会", "township_union", make_union("县总", "county_federation"))
    first = make_membership(union, person(1)).member
    second = make_membership(union, person(2)).member
    settings.FIELD_ENCRYPTION_KEYS = BOTH
    corrected, passed = threading.Event(), threading.Event()

    def official() -> None:
        with transaction.atomic():
            Member.objects.filter(pk=first.pk).update(
                id_number_encrypted=encrypt("corrected", context=ID_NUMBER_CONTEXT)
            )
            corrected.set()
            passed.wait(10)
        connection.close()

    editing = threading.Thread(target=official)
    editing.start()
    assert corrected.wait(10)
    # The held row is passed over; what is free is done meanwhile.
    outcome = rotate_column(MEMBER_ID)
    assert (outcome.rotated, outcome.left) == (1, 1)
    passed.set()
    editing.join()
    rotate_column(MEMBER_ID)
    first.refresh_from_db()
    second.refresh_from_db()
    assert decrypt(first.id_number_encrypted, context=ID_NUMBER_CONTEXT) == "corrected"
    assert key_id_of(second.id_number_encrypted) == "new"
    assert count_due(MEMBER_ID) == 0
