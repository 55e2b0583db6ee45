"""A further key for the hashes: as a whole or not at all, and everybody is still found."""

from __future__ import annotations

import base64
import contextlib
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from members.models import Application, Member
from members.receipts import find_receipt
from members.services import index_rotation
from members.services.enrolment import check_person
from members.services.index_rotation import Fit, stored_hashes_fit
from tests.builders import make_application, make_join_code, make_membership, make_union, person

FURTHER = base64.b64encode(b"further-key-of-thirty-two-bytes!").decode()

pytestmark = pytest.mark.django_db


def make_the_site_stand_still() -> None:
    """Other tests' servers may have left connections behind; the command refuses beside any."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        # Within a transaction, such as a test's, the view stays as it was seen first.
        cursor.execute("SELECT pg_stat_clear_snapshot()")


@pytest.fixture
def rows(settings: Any) -> None:
    """A member, a frozen member and an applicant."""
    union = make_union("镇工会", "township_union", make_union("县总", "county_federation"))
    make_membership(union, person(1))
    frozen = make_membership(union, person(2)).member
    Member.objects.filter(pk=frozen.pk).update(id_number_encrypted=b"", phone_encrypted=b"")
    make_application(make_join_code(union), person(3))
    settings.BLIND_INDEX_KEY_NEXT = FURTHER


def run(*arguments: str) -> str:
    """What the command says."""
    make_the_site_stand_still()
    out = StringIO()
    call_command("rotate_blind_index", *arguments, stdout=out)
    return out.getvalue()


def hashes() -> list[tuple[bytes, bytes]]:
    """Those of the members and of the applications."""
    return [
        (bytes(id_number), bytes(phone))
        for model in (Member, Application)
        for id_number, phone in model.objects.order_by("pk").values_list(
            "id_number_hash", "phone_hash"
        )
    ]


def test_everybody_is_found_under_the_longer_chain_frozen_ones_too(
    settings: Any, rows: None
) -> None:
    receipt = Application.objects.get().receipt_number
    before = hashes()
    assert "3 rows written" in run()
    after = hashes()
    assert len({value for pair in before + after for value in pair}) == 12
    settings.BLIND_INDEX_KEY = f"{settings.BLIND_INDEX_KEY},{FURTHER}"
    settings.BLIND_INDEX_KEY_NEXT = ""
    for number in (1, 2):
        known = check_person(person(number))
        assert Member.objects.filter(id_number_hash=known.id_number_hash).count() == 1
    assert find_receipt(receipt, check_person(person(3)).phone) is not None
    assert run("--check") == "stored hashes: current key\n"


def test_a_second_run_refuses_and_says_what_to_set(rows: None) -> None:
    run()
    after = hashes()
    with pytest.raises(CommandError, match="append it to BLIND_INDEX_KEY"):
        run()
    assert hashes() == after
    assert run("--check") == "stored hashes: next key\n"


def test_a_rotation_that_dies_half_way_has_changed_nothing(
    rows: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = hashes()

    rotate = index_rotation._rotate_table

    def until_applications(columns: Any, next_key: str) -> Any:
        if columns.model is Application:
            raise KeyboardInterrupt
        return rotate(columns, next_key)

    monkeypatch.setattr(index_rotation, "_rotate_table", until_applications)
    with pytest.raises(KeyboardInterrupt):
        run()
    assert hashes() == before
    assert stored_hashes_fit(FURTHER) is Fit.CURRENT


def test_a_wrong_present_key_is_noticed(settings: Any, rows: None) -> None:
    before = hashes()
    settings.BLIND_INDEX_KEY = base64.b64encode(b"x" * 32).decode()
    with pytest.raises(CommandError, match="not made with the configured"):
        run()
    assert hashes() == before


def test_without_a_row_to_check_by_it_must_be_asked_for(rows: None) -> None:
    Member.objects.update(id_number_encrypted=b"", phone_encrypted=b"")
    Application.objects.update(id_number_encrypted=b"", phone_encrypted=b"")
    with pytest.raises(CommandError, match="although-unknown"):
        run()
    assert "3 rows written" in run("--although-unknown")


def test_a_key_that_is_no_key_is_refused(settings: Any, rows: None) -> None:
    settings.BLIND_INDEX_KEY_NEXT = "short"
    with pytest.raises(CommandError, match="BLIND_INDEX_KEY"):
        run()
    settings.BLIND_INDEX_KEY_NEXT = ""
    with pytest.raises(CommandError, match="set BLIND_INDEX_KEY_NEXT"):
        run()


def test_it_waits_for_the_site_to_stand_still(rows: None) -> None:
    make_the_site_stand_still()
    assert index_rotation.other_connections() == 0
    before = hashes()
    with (
        contextlib.closing(connection.get_new_connection(connection.get_connection_params())),
        connection.cursor() as cursor,
    ):
        # Within a transaction, such as a test's, the view would stay as it was seen first.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        assert index_rotation.other_connections() == 1
        with pytest.raises(CommandError, match="1 other connections"):
            call_command("rotate_blind_index")
        assert hashes() == before
        out = StringIO()
        call_command("rotate_blind_index", "--although-connected", stdout=out)
    assert "3 rows written" in out.getvalue()
