"""Messages are written with their act and sent afterwards, once."""

from __future__ import annotations

import datetime as dt
import logging
import threading

import pytest
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import override

from audit.models import AuditEntry
from core.encryption import decrypt
from core.errors import RuleViolation
from members.messages import LABELS, MESSAGES
from members.models import Message
from members.models.message import BODY_CONTEXT, MessageStatus
from members.services import messages as service
from members.services.messages import (
    deliver_due_messages,
    deliver_message,
    reveal_message,
    send_message,
    tell_applicant,
)
from members.tasks import send_due_messages, send_message_task
from tests.builders import make_application, make_user
from tests.core.sms_server import Gateway, gateway as gateway
from tests.members.joining import code as code, union as union

pytestmark = pytest.mark.django_db

PHONE = "+8612900000021"


@pytest.fixture
def http(settings, gateway: Gateway) -> Gateway:
    """A gateway in use; the queue is away, so that only what a test asks for is sent."""
    settings.SMS_PROVIDER = "http"
    settings.SMS_HTTP_URL = gateway.url
    settings.SMS_HTTP_TIMEOUT = 1
    return gateway


def written(template: str = "transfer_done", **values: str) -> Message:
    return send_message(PHONE, template, values or {"receiving": "柳园街道工会"})


def text_of(message: Message) -> str:
    return decrypt(message.body_encrypted, context=BODY_CONTEXT)


def make_due(message: Message) -> None:
    Message.objects.filter(pk=message.pk).update(next_attempt_at=timezone.now())


def test_every_text_can_be_written_in_both_languages():
    class AnyValue(dict):
        def __missing__(self, key):
            return "x"

    assert LABELS.keys() == MESSAGES.keys()
    for name, texts in MESSAGES.items():
        assert len(name) <= 40
        for text in (texts.zh, texts.en):
            assert text.format_map(AnyValue())
            assert "【" not in text


def test_without_a_gateway_a_message_stays_in_the_outbox(settings):
    settings.SMS_PROVIDER = "outbox"
    message = written()
    assert (message.status, message.attempts) == (MessageStatus.KEPT, 0)
    assert text_of(message) == "【工会入会】您的会籍已转入柳园街道工会。"
    assert deliver_due_messages() == 0
    assert deliver_message(message.pk) == "not due"


def test_a_message_is_sent_once(http):
    message = written()
    assert message.status == MessageStatus.QUEUED
    assert send_message_task(message.pk) == "sent"
    assert send_message_task(message.pk) == "not due"
    assert send_due_messages() == 0
    message.refresh_from_db()
    assert (message.status, message.attempts, message.error) == ("sent", 1, "")
    assert message.sent_at is not None
    assert abs(timezone.now() - message.sent_at) < dt.timedelta(seconds=30)
    (request,) = http.requests
    assert request.json() == {
        "phone": PHONE, "text": "【工会入会】您的会籍已转入柳园街道工会。", "key": str(message.key),
    }  # fmt: skip


def test_a_failure_is_tried_again_later_with_the_same_key(http):
    http.answer(503, b"", 200, b"{}")
    message = written()
    assert deliver_message(message.pk) == "queued"
    message.refresh_from_db()
    assert (message.error, message.attempts) == ("status 503", 1)
    wait = message.next_attempt_at - timezone.now()
    assert dt.timedelta(seconds=14) < wait <= dt.timedelta(seconds=30)
    assert deliver_due_messages() == 0  # not yet
    make_due(message)
    assert deliver_due_messages() == 1
    assert [request.key for request in http.requests] == [str(message.key)] * 2


def test_waits_grow_and_differ():
    waits = {attempts: service._wait_after(attempts).total_seconds() for attempts in range(1, 8)}
    for attempts, longest in ((1, 30), (2, 120), (3, 480), (4, 1920), (5, 7200), (7, 7200)):
        assert longest / 2 <= waits[attempts] <= longest
    assert len({service._wait_after(3) for _ in range(20)}) > 1


def test_it_gives_up_in_the_end(http, settings):
    settings.SMS_MAX_ATTEMPTS = 3
    http.answer(500, b"")
    message = written()
    for expected in ("queued", "queued", "failed", "not due"):
        make_due(message)
        assert deliver_message(message.pk) == expected
    message.refresh_from_db()
    assert (message.status, message.error, message.sent_at) == ("failed", "status 500", None)
    assert len(http.requests) == 3


def test_what_the_gateway_calls_wrong_is_not_repeated(http):
    http.answer(422, b"13812345678 is on the black list")
    message = written()
    assert deliver_message(message.pk) == "failed"
    message.refresh_from_db()
    assert message.error == "status 422"


def test_a_hanging_gateway_costs_a_second(http, caplog):
    http.misbehave("hang")
    message = written()
    assert deliver_message(message.pk) == "queued"
    message.refresh_from_db()
    assert message.error == "timeout"
    assert "12900000021" not in caplog.text


def test_a_code_is_not_sent_when_it_is_dead(http):
    message = written("code", code="123456", minutes="10")
    Message.objects.update(created_at=timezone.now() - dt.timedelta(minutes=11))
    assert deliver_message(message.pk) == "failed"
    message.refresh_from_db()
    assert (message.error, len(http.requests)) == ("too late", 0)


def test_a_dead_workers_message_is_taken_up_after_its_lease(http):
    message = written()
    assert service._claim(message.pk) is not None  # and that worker is never heard of again
    assert (deliver_message(message.pk), deliver_due_messages()) == ("not due", 0)
    make_due(message)
    assert deliver_due_messages() == 1
    message.refresh_from_db()
    assert (message.status, message.attempts) == ("sent", 2)


def test_a_worker_that_lost_its_lease_changes_nothing(http):
    message = written()
    slow = service._claim(message.pk)
    assert slow is not None
    make_due(message)
    assert deliver_message(message.pk) == "sent"
    assert service._settle(slow, MessageStatus.QUEUED, error="timeout") == "taken over"
    message.refresh_from_db()
    assert message.status == "sent"


def test_a_sweep_ends_when_the_gateway_is_down(http):
    http.answer(500, b"")
    for _ in range(5):
        written()
    assert deliver_due_messages() == 0
    assert len(http.requests) == 3
    http.answer(200, b"{}")
    Message.objects.update(next_attempt_at=timezone.now())
    assert deliver_due_messages() == 5


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_one_message(http):
    message = written()
    start = threading.Barrier(2)
    outcomes: list[str] = []

    def work() -> None:
        start.wait()
        outcomes.append(deliver_message(message.pk))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["not due", "sent"]
    assert len(http.requests) == 1


def write_and_fail() -> None:
    with transaction.atomic():
        written()
        raise ZeroDivisionError


def test_an_act_that_fails_sends_nothing(http, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        with pytest.raises(ZeroDivisionError):
            write_and_fail()
        written()
    assert (Message.objects.count(), len(callbacks)) == (1, 1)


def test_without_a_queue_nothing_is_raised_and_the_sweep_sends(
    http, monkeypatch, caplog, django_capture_on_commit_callbacks
):
    caplog.set_level(logging.WARNING)
    monkeypatch.setattr(service, "_queue_silent_until", 0.0)
    asked: list[str] = []

    def refuse(task: str, args: list[int]) -> None:
        asked.append(task)
        raise ConnectionError("redis://user:password@queue")

    monkeypatch.setattr(service.current_app, "send_task", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        written()
        written()
    assert asked == ["members.send_message"]  # the second one does not wait for the queue again
    assert "password" not in caplog.text
    assert deliver_due_messages() == 2


def test_an_applicant_is_told_at_the_phone_of_the_application(code, settings):
    settings.PUBLIC_BASE_URL = "https://portal.example.org"
    application = make_application(code)
    message = tell_applicant(application, "application_approved")
    assert message is not None
    assert bytes(message.phone_hash) == bytes(application.phone_hash)
    receipt = application.receipt_number
    shown = f"{receipt[:4]}-{receipt[4:8]}-{receipt[8:]}"
    assert text_of(message) == (
        f"【工会入会】您的入会申请（受理编号 {shown}）已通过，您已成为柳园街道工会会员。"
        "查询：https://portal.example.org/join/status/"
    )
    application.phone_encrypted = b""
    assert tell_applicant(application, "application_approved") is None


def test_values_are_values(settings):
    message = written(receiving="{phone} %s {0.__class__}")
    assert text_of(message) == "【工会入会】您的会籍已转入{phone} %s {0.__class__}。"
    with pytest.raises(KeyError):
        send_message(PHONE, "transfer_done", {})
    with pytest.raises(KeyError):
        send_message(PHONE, "no_such_template")


def test_a_message_is_revealed_for_a_reason_and_logged():
    message = written()
    actor = make_user("operator", is_superuser=True)
    with pytest.raises(RuleViolation):
        reveal_message(message, reason="  ", actor=actor)
    assert AuditEntry.objects.filter(action="message.revealed").count() == 0
    shown = reveal_message(message, reason="The applicant got nothing", actor=actor)
    assert shown == {"phone": PHONE, "text": "【工会入会】您的会籍已转入柳园街道工会。"}
    entry = AuditEntry.objects.get(action="message.revealed")
    assert (entry.actor, entry.data) == (actor, {"reason": "The applicant got nothing"})


@pytest.mark.parametrize(("shown", "digits"), [(False, "******"), (True, "123456")])
def test_codes_that_are_real_are_revealed_to_nobody(settings, shown, digits):
    settings.SMS_SHOW_CODES = shown
    message = written("code", code="123456", minutes="10")
    text = reveal_message(message, reason="x", actor=make_user("operator"))["text"]
    assert text.startswith(f"【工会入会】验证码 {digits}，10 分钟内有效。")


@pytest.mark.parametrize(("shown", "token"), [(False, "******"), (True, "aB3_-x")])
def test_links_that_stand_for_a_person_are_revealed_to_nobody(settings, shown, token):
    settings.SMS_SHOW_CODES = shown
    address = "https://join.example.org/join/confirm/{}/"
    message = written("collective_confirm", union="柳园", address=address.format("aB3_-x"))
    text = reveal_message(message, reason="x", actor=make_user("operator"))["text"]
    assert text.endswith(address.format(token))


def test_what_is_printed_of_a_message_holds_nothing_personal():
    message = written()
    with override("en"):
        assert str(message) == "Transfer: done · kept in the outbox"
        message.template = "of_another_release"
        assert message.label == "of_another_release"
    assert message.masked_phone == "129****0021"
