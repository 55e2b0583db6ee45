"""How often a form was opened: who counts, who does not, and that nothing else is kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from core.clock import CHINA
from members.enums import JoinChannel
from members.models import Application, JoinCode, JoinCodeVisit
from members.services import visits
from members.services.join_codes import set_join_code_active
from members.services.windows import open_window, window_token
from tests.builders import make_join_code, make_official
from tests.members.joining import code as code, send, union as union
from unions.models import Union

D = dt.date


def counts() -> dict[tuple[str, dt.date], int]:
    rows = JoinCodeVisit.objects.values_list("code__code", "day", "count")
    return {(code, day): count for code, day, count in rows}


def stand_at(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    moment = dt.datetime.fromisoformat(text).replace(tzinfo=CHINA)
    monkeypatch.setattr(timezone, "now", lambda: moment)


@pytest.mark.django_db
def test_a_form_that_is_opened_counts_on_the_day_in_china(
    client: Client, code: JoinCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_join_code(code.union, channel=JoinChannel.PLATFORM)
    stand_at(monkeypatch, "2030-05-04T23:59:30")
    for address in (f"/join/{code.code}/", f"/join/{code.code.lower()}/", f"/join/{other.code}/"):
        assert client.get(address).status_code == 200
    stand_at(monkeypatch, "2030-05-05T00:00:10")
    assert client.get(f"/join/{code.code}/").status_code == 200
    assert counts() == {
        (code.code, D(2030, 5, 4)): 2,
        (other.code, D(2030, 5, 4)): 1,
        (code.code, D(2030, 5, 5)): 1,
    }


@pytest.mark.django_db
def test_what_is_not_the_opening_of_a_form_does_not_count(client: Client, code: JoinCode) -> None:
    address = f"/join/{code.code}/"
    assert client.head(address).status_code == 200
    assert send(client, code).status_code == 302
    assert send(client, code, phone="1").status_code == 200
    for headers in (
        {"Sec-Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
    ):
        assert client.get(address, headers=headers).status_code == 200
    assert client.get("/join/NOSUCH22/").status_code == 404
    closed = make_join_code(code.union)
    set_join_code_active(closed, is_active=False, actor=None)
    assert client.get(f"/join/{closed.code}/").status_code == 410
    assert Application.objects.count() == 1
    assert counts() == {}


@pytest.mark.django_db
def test_forms_that_are_not_opened_by_a_code_do_not_count(client: Client, union: Union) -> None:
    window = open_window(union, place="万达广场南门", actor=make_official("clerk", union))
    assert client.get(f"/join/window/{window_token(window)}/").status_code == 200
    assert client.get(f"/join/{window.join_code.code}/").status_code == 200
    listed = make_join_code(union, channel=JoinChannel.COLLECTIVE)
    assert client.get(f"/join/{listed.code}/").status_code == 200
    assert counts() == {}


def test_a_number_of_a_code_and_a_day_is_all_that_is_kept() -> None:
    assert {field.name for field in JoinCodeVisit._meta.get_fields()} == {
        "id", "code", "day", "count",
    }  # fmt: skip


@pytest.fixture
def _read_only(transactional_db: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = off")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_read_only")
def test_the_form_comes_where_nothing_can_be_written(client: Client, code: JoinCode) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    page = client.get(f"/join/{code.code}/", HTTP_ACCEPT_LANGUAGE="en")
    assert page.status_code == 200
    assert "<h1>柳园街道工会</h1>" in page.content.decode()
    assert counts() == {}


@pytest.mark.django_db(transaction=True)
def test_the_form_does_not_wait_for_a_row_that_is_held(client: Client, code: JoinCode) -> None:
    assert client.get(f"/join/{code.code}/").status_code == 200
    holder = connection.copy()
    try:
        holder.set_autocommit(False)
        with holder.cursor() as cursor:
            cursor.execute("UPDATE members_joincodevisit SET count = count")
        assert client.get(f"/join/{code.code}/").status_code == 200
        holder.rollback()
    finally:
        holder.close()
    assert list(counts().values()) == [1]
    # The settings of the one statement are gone with it.
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)
    assert client.get(f"/join/{code.code}/").status_code == 200
    assert list(counts().values()) == [2]
    assert visits.WAIT_MILLISECONDS < 1000
