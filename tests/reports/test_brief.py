"""Morning briefs: subscribed in scope, sent once, and not to whoever lost the right."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from django.utils import timezone

from audit.models import AuditEntry
from core.encryption import decrypt
from members.models import Message, OneTimeCode
from members.models.message import BODY_CONTEXT
from members.services.codes import code_to_show
from reports.brief import send_briefs
from reports.brief_subscriptions import phone_of
from reports.models import BriefSubscription
from reports.tasks import send_briefs_task
from tests.builders import make_official
from tests.reports.world import DAY, World, build_world
from unions.models import Appointment

pytestmark = pytest.mark.django_db
NUMBER = "+8612988000041"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """It is the morning after ``DAY``."""
    monkeypatch.setattr("reports.brief.local_today", lambda: DAY + dt.timedelta(days=1))
    monkeypatch.setattr("reports.brief.RINGS_FROM_HOUR", 0)
    return build_world()


def subscriber(world: World, name: str, email: str = "") -> Client:
    """Somebody of the city, logged in."""
    user = make_official(name, world.city)
    user.email = email
    user.save()
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(user)
    return client


def subscribe(client: Client, world: World, channel: str, phone: str = "") -> Any:
    return client.post(
        "/dashboard/brief/", {"union": world.city.pk, "channel": channel, "phone": phone}
    )


def test_letter_once_a_day(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    client = subscriber(world, "reader", "reader@example.org")
    assert subscribe(client, world, "email").status_code == 302
    again = subscribe(client, world, "email")
    assert "You have subscribed to this brief already." in again.content.decode()
    assert send_briefs(DAY - dt.timedelta(days=2)) == 0  # a night that catches up
    assert (send_briefs(DAY), send_briefs(DAY)) == (1, 0)
    (letter,) = mail.outbox
    assert letter.to == ["reader@example.org"]
    assert letter.subject == "【晨报】2024-03-15 聊城市总工会 会员7人（0） · 账目不符"
    for line in (
        "会员：7人（较前一日0） · 账目不符\n",  # the city reported others
        "新发展会员：本月2人，本年4人\n",
        "· 三年行动计划 · 新发展会员 4 人 / 20 人",
        f"/dashboard/?union={world.city.pk}&day=2024-03-15",
    ):
        assert line in letter.body
    next_day = DAY + dt.timedelta(days=1)
    assert send_briefs(next_day) == 0  # counted before it is over
    monkeypatch.setattr("reports.brief.local_today", lambda: next_day + dt.timedelta(days=1))
    assert send_briefs(next_day) == 1
    assert send_briefs(DAY) == 0  # an older day is no news


def test_text_message_to_a_proven_phone_alone(world: World, settings: Any) -> None:
    settings.SMS_SHOW_CODES = True
    client = subscriber(world, "reader")
    refused = subscribe(client, world, "sms", "12345")
    assert "Enter a mobile number" in refused.content.decode()
    assert not BriefSubscription.objects.exists()
    assert subscribe(client, world, "sms", "129 8800 0041").status_code == 302
    row = BriefSubscription.objects.get()
    assert phone_of(row) == NUMBER
    page = client.get("/dashboard/brief/").content.decode()
    assert "129****0041" in page
    assert "12988000041" not in page
    assert send_briefs(DAY) == 0
    address = f"/dashboard/brief/{row.pk}/"
    wrong = client.post(f"{address}prove/", {"code": "000000"})
    assert "This code is wrong or too old." in wrong.content.decode()
    assert client.post(f"{address}prove/", {"code": code_to_show(NUMBER)}).status_code == 302
    assert send_briefs(DAY) == 1
    message = Message.objects.get(template="morning_brief")
    text = decrypt(message.body_encrypted, context=BODY_CONTEXT)
    assert "聊城市总工会3月15日：会员7人（较前一日0），本月新增2人，本年新增4人。" in text
    assert client.post(f"{address}end/").status_code == 302
    row.refresh_from_db()
    assert (row.phone_encrypted, send_briefs(DAY + dt.timedelta(days=1))) == (None, 0)
    assert client.post(f"{address}end/").status_code == 404
    assert "2988000041" not in str(AuditEntry.objects.values_list("data", flat=True))


def test_no_text_message_rings_at_night(
    world: World, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The letter goes out with the night, the text message in the morning."""
    settings.SMS_SHOW_CODES = True
    client = subscriber(world, "reader", "reader@example.org")
    subscribe(client, world, "email")
    subscribe(client, world, "sms", "129 8800 0041")
    row = BriefSubscription.objects.get(channel="sms")
    client.post(f"/dashboard/brief/{row.pk}/prove/", {"code": code_to_show(NUMBER)})
    monkeypatch.setattr("reports.brief.RINGS_FROM_HOUR", 24)
    assert send_briefs(DAY) == 1
    assert [letter.to for letter in mail.outbox] == [["reader@example.org"]]
    assert not Message.objects.filter(template="morning_brief").exists()
    monkeypatch.setattr("reports.brief.RINGS_FROM_HOUR", 0)
    assert send_briefs_task() == 1
    assert Message.objects.filter(template="morning_brief").count() == 1
    assert (send_briefs_task(), len(mail.outbox)) == (0, 1)


def test_another_code_for_a_phone_that_waits_for_one(
    world: World, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SMS_SHOW_CODES = True
    client = subscriber(world, "reader")
    subscribe(client, world, "sms", NUMBER)
    row = BriefSubscription.objects.get()
    address = f"/dashboard/brief/{row.pk}/code/"
    assert f'action="{address}"' in client.get("/dashboard/brief/").content.decode()
    before = code_to_show(NUMBER)
    soon = client.post(address)
    assert (soon.status_code, code_to_show(NUMBER)) == (200, before)
    assert "A code was sent a moment ago." in soon.content.decode()
    later = timezone.now() + dt.timedelta(seconds=settings.CODE_RESEND_SECONDS + 1)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert client.post(address).status_code == 302
    assert OneTimeCode.objects.count() == 2
    prove = {"code": code_to_show(NUMBER)}
    assert client.post(f"/dashboard/brief/{row.pk}/prove/", prove).status_code == 302
    # Proven: there is nothing more to send.
    refused = client.post(address, follow=True).content.decode()
    assert "This subscription waits for no code." in refused
    assert OneTimeCode.objects.count() == 2
    other = subscriber(world, "another")
    assert other.post(address).status_code == 404


def test_whoever_lost_the_right_hears_nothing_and_one_fault_stops_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = [subscriber(world, name, f"{name}@example.org") for name in ("one", "two", "three")]
    for client in clients:
        subscribe(client, world, "email")
    Appointment.objects.filter(user__username="one").update(ends_on=dt.date(2024, 1, 1))
    deliver = EmailBackend.send_messages

    def broken(self: EmailBackend, letters: Any) -> int:
        if letters[0].to == ["two@example.org"]:
            raise OSError
        return int(deliver(self, letters))

    monkeypatch.setattr(EmailBackend, "send_messages", broken)
    assert send_briefs(DAY) == 1
    assert [letter.to for letter in mail.outbox] == [["three@example.org"]]
    assert BriefSubscription.objects.get(user__username="one").ended_at is not None
    assert AuditEntry.objects.get(action="brief.ended").data == {
        "channel": "email", "reason": "out_of_scope",
    }  # fmt: skip
    monkeypatch.setattr(EmailBackend, "send_messages", deliver)
    assert send_briefs(DAY) == 1  # the one that failed is still due
    assert mail.outbox[-1].to == ["two@example.org"]


def test_only_what_one_may_see_and_only_with_an_address(world: World) -> None:
    client = subscriber(world, "reader")
    assert (
        "Your account has no e-mail address." in subscribe(client, world, "email").content.decode()
    )
    for union in (world.other_city, world.province):
        sent = {"union": union.pk, "channel": "sms", "phone": NUMBER}
        assert client.post("/dashboard/brief/", sent).status_code == 404
    assert not BriefSubscription.objects.exists()
    assert not Message.objects.exists()
    # Below the own union: offered when the dashboard leads there.
    page = client.get("/dashboard/brief/", {"union": world.dong.pk}).content.decode()
    assert world.dong.name in page
