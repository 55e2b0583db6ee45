"""The providers of short messages: against a real HTTP server that misbehaves."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from urllib.parse import parse_qs

import pytest
from django.core.exceptions import ImproperlyConfigured

from core.messaging import DeliveryError, Outgoing, deliver
from core.messaging.http import HttpGateway, gateway_from_settings
from tests.core.sms_server import Gateway, gateway as gateway

MESSAGE = Outgoing(
    key="3f2b", template="code", phone="+8613812345678", text='验证码 "123456"\n&{key}={phone} é𠮷'
)


def sender(gateway: Gateway, **changes: object) -> HttpGateway:
    return HttpGateway(**{"url": gateway.url, "timeout": 0.6, **changes})  # type: ignore[arg-type]


def refusal(gateway: Gateway, **changes: object) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        sender(gateway, **changes).send(MESSAGE)
    return caught.value


def test_json_is_escaped_by_construction(gateway):
    body = '{"to": ["{national}"], "n": 1, "msg": {"body": "<{text}>", "id": "{key}-{unknown}"}}'
    sender(gateway, body=body).send(MESSAGE)
    request = gateway.requests[0]
    assert request.headers["Content-Type"] == "application/json"
    assert json.loads(request.body) == {
        "to": ["13812345678"],
        "n": 1,
        "msg": {"body": f"<{MESSAGE.text}>", "id": "3f2b-{unknown}"},
    }


def test_forms_are_escaped_by_construction(gateway):
    sender(gateway, body="mobile={phone}&content={text}&sign=&x=1", method="PUT").send(MESSAGE)
    request = gateway.requests[0]
    assert request.method == "PUT"
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs(request.body.decode(), keep_blank_values=True) == {
        "mobile": ["+8613812345678"],
        "content": [MESSAGE.text],
        "sign": [""],
        "x": ["1"],
    }


def test_headers_are_signed_and_hold_nothing_personal(gateway):
    headers = {
        "X-Time": "{timestamp}",
        "X-Sign": "v1={signature}",
        "Idempotency-Key": "{key}",
        "X-Phone": "{phone}{text}",
    }
    sender(gateway, headers=headers, secret="s3cret").send(MESSAGE)
    request = gateway.requests[0]
    signed = request.headers["X-Time"].encode() + b"\n" + request.body
    expected = hmac.new(b"s3cret", signed, hashlib.sha256).hexdigest()
    assert request.headers["X-Sign"] == f"v1={expected}"
    assert request.headers["Idempotency-Key"] == "3f2b"
    assert request.headers["X-Phone"] == "{phone}{text}"


@pytest.mark.parametrize(
    ("status", "is_final"),
    [(500, False), (503, False), (429, False), (401, False), (404, False), (302, False),
     (400, True), (413, True), (422, True)],
)  # fmt: skip
def test_other_statuses_are_refusals(gateway, status, is_final):
    gateway.answer(status, b"13812345678")
    error = refusal(gateway)
    assert (error.code, error.is_final) == (f"status {status}", is_final)
    assert len(gateway.requests) == 1  # redirects are not followed


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b'{"result": {"code": 0}}', None),
        (b'{"result": {"code": "0"}}', None),
        (b'{"result": {"code": 7}}', "refused"),
        (b'{"result": {"code": true}}', "refused"),
        (b'{"result": 0}', "answer"),
        (b"[]", "answer"),
        (b"<html>\xff\x00", "answer"),
        (b"", "answer"),
        (b"[" * 60_000, "answer"),
        (b"9" * 60_000, "answer"),
    ],
)
def test_the_answer_may_have_to_say_so(gateway, answer, code):
    gateway.answer(200, answer)
    wanted = {"success_field": "result.code", "success_value": "0"}
    if code is None:
        sender(gateway, **wanted).send(MESSAGE)
    else:
        assert refusal(gateway, **wanted).code == code


@pytest.mark.parametrize("way", ["hang", "drip", "drip_headers"])
def test_a_gateway_that_hangs_ends_at_the_deadline(gateway, way):
    gateway.misbehave(way)
    error = refusal(gateway, timeout=0.3)
    assert (error.code, error.is_final) == ("timeout", False)


@pytest.mark.parametrize(("way", "code"), [("close", "connection"), ("garbage", "answer")])
def test_a_gateway_that_talks_nonsense(gateway, way, code):
    gateway.misbehave(way)
    assert refusal(gateway).code == code


def test_nobody_listens():
    with pytest.raises(DeliveryError) as caught:
        HttpGateway(url="http://127.0.0.1:1/").send(MESSAGE)
    assert caught.value.code == "connection"


def test_plain_http_behind_https_is_refused(gateway):
    with pytest.raises(DeliveryError) as caught:
        HttpGateway(url=gateway.url.replace("http:", "https:"), timeout=0.6).send(MESSAGE)
    assert caught.value.code == "tls"


def test_neither_errors_nor_messages_print_what_is_personal():
    assert "138" not in repr(MESSAGE) + str(MESSAGE)
    assert "123456" not in repr(MESSAGE)
    assert "s3cret" not in repr(HttpGateway(url="http://x/", secret="s3cret"))


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("SMS_HTTP_URL", "", "is no http"),
        ("SMS_HTTP_URL", "ftp://x/", "is no http"),
        ("SMS_HTTP_BODY", '{"phone": ', "is neither"),
        ("SMS_HTTP_BODY", "text", "is neither"),
        ("SMS_HTTP_BODY", '{"phone": "{phone}"}', "must hold {text}"),
        ("SMS_HTTP_HEADERS", "X: 1", "is no JSON object"),
        ("SMS_HTTP_HEADERS", '{"X": 1}', "is no JSON object"),
        ("SMS_HTTP_HEADERS", '{"X": "{signature}"}', "is missing"),
        ("SMS_HTTP_SUCCESS_STATUS", ",", "names no status"),
        ("SMS_HTTP_SUCCESS_STATUS", "ok", "names no status"),
    ],
)
def test_settings_that_make_no_sense_are_named(settings, name, value, complaint):
    settings.SMS_HTTP_URL = "https://sms.example.org/send"
    setattr(settings, name, value)
    with pytest.raises(ImproperlyConfigured, match="SMS_HTTP") as caught:
        gateway_from_settings()
    assert complaint in str(caught.value)


def test_the_provider_in_force(settings, gateway, caplog):
    caplog.set_level(logging.INFO)
    settings.SMS_PROVIDER = "http"
    settings.SMS_HTTP_URL = gateway.url
    settings.SMS_HTTP_SUCCESS_STATUS = "200,3xx"
    gateway.answer(302, b"")
    deliver(MESSAGE)
    settings.SMS_PROVIDER = "outbox"
    deliver(MESSAGE)
    assert len(gateway.requests) == 1
    assert caplog.text == ""


@pytest.mark.parametrize(("production", "shown"), [(False, True), (True, False)])
def test_the_console_shows_codes_only_in_a_demo(settings, caplog, production, shown):
    caplog.set_level(logging.INFO)
    settings.SMS_PROVIDER = "console"
    settings.SMS_SHOW_CODES = True
    settings.PRODUCTION = production
    deliver(MESSAGE)
    assert "138****5678" in caplog.text
    assert "13812345678" not in caplog.text
    assert ("123456" in caplog.text) is shown
