"""A real worker sends; killed in the middle of it, another one takes the message up."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import time
from typing import Any

import pytest
from django.utils import timezone

from members.models import Message
from members.services import messages as service
from members.services.messages import deliver_due_messages, send_message
from tests.core.sms_server import Gateway, gateway as gateway

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_worker_sends_and_its_death_loses_nothing(
    gateway: Gateway,
    settings: Any,
    python: str,
    subprocess_environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.SMS_PROVIDER = "http"
    settings.SMS_HTTP_URL = gateway.url
    monkeypatch.setattr(service, "_queue_silent_until", 0.0)
    worker = subprocess.Popen(
        [python, "-m", "celery", "-A", "portal", "worker", "-c", "1", "-l", "WARNING"],
        env={
            **subprocess_environment,
            "SMS_PROVIDER": "http",
            "SMS_HTTP_URL": gateway.url,
            "SMS_HTTP_TIMEOUT": "60",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        first = send_message("+8612900000021", "transfer_done", {"receiving": "甲"})
        assert gateway.arrived.acquire(timeout=60)
        wait_until(first, "sent")
        gateway.misbehave("hang")
        second = send_message("+8612900000022", "transfer_done", {"receiving": "乙"})
        assert gateway.arrived.acquire(timeout=60)
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    second.refresh_from_db()
    assert (second.status, second.attempts) == ("sending", 1)
    gateway.misbehave("")
    assert deliver_due_messages() == 0  # the lease still holds
    Message.objects.update(next_attempt_at=timezone.now() - dt.timedelta(seconds=1))
    assert deliver_due_messages() == 1
    second.refresh_from_db()
    assert (second.status, second.attempts) == ("sent", 2)
    assert [request.key for request in gateway.requests] == [
        str(first.key), str(second.key), str(second.key),
    ]  # fmt: skip


def wait_until(message: Message, status: str) -> None:
    for _ in range(300):
        message.refresh_from_db()
        if message.status == status:
            return
        time.sleep(0.05)
    raise AssertionError(f"{message.status}, not {status}")
