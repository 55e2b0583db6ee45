"""The receipt asks for the code that was sent to the phone."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.models import AuditEntry
from core.encryption import decrypt
from members.models import Application, Message, OneTimeCode
from members.models.message import BODY_CONTEXT
from members.services.codes import check_code, code_to_show
from members.services.proving import tell_member_of_application
from tests.builders import make_application, make_membership, make_union, person
from tests.members.joining import ID_NUMBER, PHONE, code as code, send, union as union

pytestmark = pytest.mark.django_db

E164 = f"+86{PHONE}"
PROVE = "/join/received/prove/"
RESEND = "/join/received/resend/"


@pytest.fixture(autouse=True)
def _codes_are_shown(settings):
    settings.SMS_SHOW_CODES = True


@pytest.fixture
def applied(client, code) -> Application:
    """An application just sent from ``client``; nothing was sent to its phone yet."""
    send(client, code)
    assert (OneTimeCode.objects.count(), Message.objects.count()) == (0, 0)
    return Application.objects.get()


def get(client: Client) -> str:
    response = client.get("/join/received/", HTTP_ACCEPT_LANGUAGE="en")
    assert response.status_code == 200
    return response.content.decode()


def post(client: Client, address: str, **values: str):
    return client.post(address, values, HTTP_ACCEPT_LANGUAGE="en")


def test_the_receipt_sends_one_code_and_says_where_to(client, applied):
    page = get(client)
    assert "129****0021" in page
    assert PHONE not in page
    assert 'autocomplete="one-time-code"' in page
    assert 'inputmode="numeric"' in page
    get(client)
    assert (OneTimeCode.objects.count(), Message.objects.count()) == (1, 1)


def test_looking_at_the_head_sends_nothing(client, applied):
    assert client.head("/join/received/").status_code == 200
    assert Message.objects.count() == 0


def test_the_right_code_proves_the_phone(client, applied):
    get(client)
    response = post(client, PROVE, code=code_to_show(E164))
    assert (response.status_code, response.headers["Location"]) == (302, "/join/received/")
    applied.refresh_from_db()
    assert abs((timezone.now() - applied.phone_proven_at).total_seconds()) < 30
    entry = AuditEntry.objects.get(action="application.phone_proven")
    assert (entry.actor, entry.object_id, entry.data) == (
        None,
        str(applied.pk),
        {"by": "applicant"},
    )
    page = get(client)
    assert "Your mobile number is confirmed." in page
    assert 'name="code"' not in page
    # Sent again by a double click: nothing more happens.
    assert post(client, PROVE, code="000000").status_code == 302
    assert AuditEntry.objects.filter(action="application.phone_proven").count() == 1


@pytest.mark.parametrize(
    "typed", ["wrong", "", "12345", "1" * 5000, "\x00" * 6, "١٢٣٤٥٦", "😀\u202e"]
)
def test_a_wrong_code_comes_back_with_the_page(client, applied, typed):
    get(client)
    right = code_to_show(E164)
    response = post(
        client, PROVE, code="999999" if typed == "wrong" and right != "999999" else typed
    )
    assert response.status_code == 200
    assert 'id="id_code_error"' in response.content.decode()
    applied.refresh_from_db()
    assert applied.phone_proven_at is None


def test_another_code_after_a_minute(client, applied):
    get(client)
    page = post(client, RESEND).content.decode()
    assert "The last code was sent a moment ago." in page
    assert Message.objects.count() == 1
    OneTimeCode.objects.update(created_at=timezone.now() - dt.timedelta(seconds=61))
    page = post(client, RESEND).content.decode()
    assert "A new code is on its way." in page
    assert Message.objects.count() == 2
    assert check_code(E164, "join", code_to_show(E164)) is True


def test_the_limit_of_a_phone_is_told_politely(client, code, applied, settings):
    """Only to the browser that reached it: to others that applied with the same phone it would
    tell that somebody did. What they ask for is held back in silence."""
    settings.CODE_LIMIT_PER_PHONE = 1
    get(client)
    OneTimeCode.objects.update(created_at=timezone.now() - dt.timedelta(seconds=61))
    another = Client()
    send(another, code)
    assert "We have sent a code to" in get(another)
    assert "No more codes can be sent just now." in post(client, RESEND).content.decode()
    assert Message.objects.count() == 1


def test_the_wait_is_that_of_the_own_receipt(client, code, applied):
    get(client)
    OneTimeCode.objects.update(created_at=timezone.now() - dt.timedelta(seconds=40))
    another = Client()
    send(another, code)
    get(another)
    assert re.search(r"another one in (60|59) seconds", post(another, RESEND).content.decode())
    assert re.search(r"another one in (20|19) seconds", post(client, RESEND).content.decode())
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    ("address", "to_a_post"),
    [
        ("/join/received/", (405, "")),
        (PROVE, (302, "/join/status/")),
        (RESEND, (302, "/join/status/")),
    ],
)
def test_without_the_cookie_there_is_nothing(applied, address, to_a_post):
    stranger = Client()
    response = stranger.get(address)
    assert (response.status_code, response.headers["Location"]) == (302, "/join/status/")
    response = stranger.post(address, {"code": "123456"})
    assert (response.status_code, response.headers.get("Location", "")) == to_a_post
    stranger.cookies["join_receipt"] = f"{applied.receipt_number}:forged:forged"
    assert stranger.get(address).headers["Location"] == "/join/status/"
    assert OneTimeCode.objects.count() == 0


def test_reading_the_pages_of_the_acts_leads_to_the_receipt(client, applied):
    for address in (PROVE, RESEND):
        assert client.get(address).headers["Location"] == "/join/received/"


def test_where_no_code_can_arrive_none_is_asked_for(client, applied, settings):
    settings.SMS_SHOW_CODES = False
    page = get(client)
    assert 'name="code"' not in page
    assert OneTimeCode.objects.count() == 0
    post(client, RESEND)
    assert OneTimeCode.objects.count() == 0


def test_with_a_gateway_the_page_shows_no_code(client, applied, settings):
    settings.SMS_SHOW_CODES = False
    settings.SMS_PROVIDER = "http"
    settings.SMS_HTTP_URL = "http://127.0.0.1:1/"
    settings.REDIS_URL = settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    page = get(client)
    message = Message.objects.get()
    text = decrypt(message.body_encrypted, context=BODY_CONTEXT)
    assert 'name="code"' in page
    assert message.status == "queued"
    (sent_code,) = re.findall(r"[0-9]{6}", text)
    assert sent_code not in page


def test_code_and_number_stay_out_of_the_logs(client, applied, caplog, settings):
    caplog.set_level("DEBUG")
    get(client)
    right = code_to_show(E164)
    post(client, PROVE, code="x" + right)
    post(client, PROVE, code=right)
    for secret in (right, PHONE, ID_NUMBER):
        assert secret not in caplog.text


@pytest.mark.parametrize("is_member", [False, True])
def test_members_and_strangers_prove_alike(client, code, union, is_member):
    """The same pages, the same number of statements: what differs is left to a worker."""
    make_membership(union, person(21, id_number=ID_NUMBER) if is_member else person(22))
    send(client, code)
    with CaptureQueriesContext(connection) as reading:
        page = get(client)
    with CaptureQueriesContext(connection) as proving:
        assert post(client, PROVE, code=code_to_show(E164)).status_code == 302
    assert "member already" not in page
    assert (len(reading), len(proving)) == (15, 13)


def test_only_the_phone_on_record_hears_of_a_second_application(code, union):
    member = person(21, phone="+8612900000077")
    stranger = person(21, phone="+8612900000088")
    make_membership(union, member)
    application = make_application(code, stranger)
    assert tell_member_of_application(application.pk) is True
    message = Message.objects.get()
    assert (message.template, message.masked_phone) == ("already_member", "129****0077")
    assert tell_member_of_application(application.pk) is False
    assert Message.objects.count() == 1


def test_nobody_hears_of_the_application_of_a_stranger(code):
    application = make_application(code)
    make_membership(make_union("总工会", "national_federation"))
    assert tell_member_of_application(application.pk) is False
    assert tell_member_of_application(0) is False
    assert Message.objects.count() == 0
