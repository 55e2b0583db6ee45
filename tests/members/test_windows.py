"""The mobile window: one sign-up after the other, and nothing of the last one left."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone

from core.errors import RuleViolation
from core.identity import demo_identity_number
from members.models import Application, JoinCode, MobileWindow
from members.services.review import approve_application
from members.services.windows import (
    TOKEN_SECONDS,
    close_window,
    open_window,
    sign_ups,
    window_of,
    window_token,
)
from tests.builders import make_official, make_union
from tests.members.joining import answers, union as union
from unions.models import Union

pytestmark = pytest.mark.django_db


@pytest.fixture
def window(union: Union) -> MobileWindow:
    """An open window of the union."""
    return open_window(union, place="万达广场南门", actor=make_official("clerk", union))


def address(window: MobileWindow) -> str:
    return f"/join/window/{window_token(window)}/"


def person(number: int) -> dict[str, str]:
    return answers(
        id_number=demo_identity_number("371502", dt.date(1990, 5, 17), number),
        phone=f"129000{number:05d}",
    )


def test_one_after_the_other_counting_as_it_goes(client: Client, window: MobileWindow) -> None:
    page = client.get(address(window), HTTP_ACCEPT_LANGUAGE="en")
    assert "Today 0 · in all 0" in page.content.decode()
    for number in (21, 23, 25):
        thanks = client.post(address(window), person(number), HTTP_ACCEPT_LANGUAGE="en")
        assert thanks.status_code == 200
        assert "Next person" in thanks.content.decode()
    assert "Today 3 · in all 3" in thanks.content.decode()
    Application.objects.update(submitted_at=timezone.now() - dt.timedelta(days=2))
    assert sign_ups(window) == 3
    page = client.get(address(window), HTTP_ACCEPT_LANGUAGE="en")
    assert "Today 0 · in all 3" in page.content.decode()


def test_channel_and_code_stay_on_membership_and_ledger(
    client: Client, window: MobileWindow
) -> None:
    client.post(address(window), person(21))
    application = Application.objects.get()
    assert (application.channel, application.join_code) == ("mobile_window", window.join_code)
    membership = approve_application(application, actor=None)
    event = membership.events.get()
    assert (membership.channel, membership.join_code) == ("mobile_window", window.join_code)
    assert (event.channel, event.join_code) == ("mobile_window", window.join_code)


def test_nothing_of_the_last_person_is_left(client: Client, window: MobileWindow) -> None:
    thanks = client.post(address(window), person(21))
    application = Application.objects.get()
    receipt = thanks.context["receipt"]
    assert receipt.replace("-", "") == application.receipt_number
    assert set(client.cookies) <= {"csrftoken"}
    assert "no-store" in thanks.headers["Cache-Control"]
    page = client.get(address(window))
    assert "no-store" in page.headers["Cache-Control"]
    body = page.content.decode()
    for left in (receipt, "王小明", "21000", person(21)["id_number"]):
        assert left not in body
    assert body.count('autocomplete="off"') == 6
    own_phone = client.get(f"/join/{window.join_code.code}/").content.decode()
    assert 'autocomplete="name"' in own_phone  # where the device is one's own, it may help
    assert "draft.js" not in body
    # With "no-referrer" browsers send "Origin: null", and no form would get through.
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert "no-referrer" not in body
    # The receipt page of the public form knows nothing either.
    assert client.get("/join/received/").headers["Location"] == "/join/status/"


def test_mistakes_are_shown_and_nothing_is_written(client: Client, window: MobileWindow) -> None:
    page = client.post(address(window), {**person(21), "phone": "1"}, HTTP_ACCEPT_LANGUAGE="en")
    assert page.status_code == 200
    assert page.context["form"].errors["phone"]
    assert Application.objects.count() == 0


def test_language_and_type_are_for_one_person(client: Client, window: MobileWindow) -> None:
    page = client.post(address(window), {**person(21), "show": "en"})
    assert "Send my application" in page.content.decode()
    assert 'value="王小明"' in page.content.decode()
    thanks = client.post(address(window), {**person(21), "spoken": "en"})
    assert "Next person" in thanks.content.decode()
    assert set(client.cookies) <= {"csrftoken"}
    assert "提交入会申请" in client.get(address(window)).content.decode()


def test_no_session_of_an_official_is_served(client: Client, window: MobileWindow) -> None:
    where = address(window)  # its time is part of it
    client.force_login(window.opened_by)
    page = client.get(where, HTTP_ACCEPT_LANGUAGE="en")
    assert "Log out and open the window" in page.content.decode()
    client.post(where, person(21))
    assert Application.objects.count() == 0
    answer = client.post(f"{where}log-out/")
    assert (answer.status_code, answer.headers["Location"]) == (302, where)
    assert "_auth_user_id" not in client.session
    assert client.get(where).context["window"] == window


def test_closed_old_and_forged_windows_take_nobody(client: Client, window: MobileWindow) -> None:
    where = address(window)
    assert client.get("/join/window/forged/").status_code == 410
    assert client.post(f"/join/window/{signing.dumps(window.pk)}/", person(21)).status_code == 410
    old = window_token(window)
    assert window_of(old) == window
    close_window(window, actor=window.opened_by)
    assert client.get(where).status_code == 410
    assert client.post(where, person(21)).status_code == 410
    # Neither does its code.
    assert client.post(f"/join/{window.join_code.code}/", person(21)).status_code == 410
    assert Application.objects.count() == 0
    again = close_window(window, actor=window.opened_by)
    assert again.closed_at == MobileWindow.objects.get().closed_at


def test_token_ends_with_the_day(window: MobileWindow, monkeypatch: Any) -> None:
    token = window_token(window)
    begun = time.time()
    monkeypatch.setattr(time, "time", lambda: begun + TOKEN_SECONDS + 1)
    assert window_of(token) is None


def test_opening_needs_place_scope_and_a_union_that_enrols(union: Union) -> None:
    elsewhere = make_union("别处", "township_union", union.parent)
    official = make_official("other", elsewhere)
    for target, place, field in (
        (union, "广场", "union"),
        (elsewhere, "  ", "place"),
        (union.parent.parent, "广场", "union"),  # type: ignore[union-attr]
    ):
        with pytest.raises(RuleViolation) as refusal:
            open_window(target, place=place, actor=official)  # type: ignore[arg-type]
        assert refusal.value.field == field
    assert JoinCode.objects.count() == MobileWindow.objects.count() == 0
