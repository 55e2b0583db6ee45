"""A generic SMS gateway behind HTTP, described by settings.

Built on http.client: one request, no redirects, a hard deadline over the whole exchange. Libraries
for HTTP would add a dependency and still only time single reads.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from core.messaging.base import DeliveryError, Outgoing

MAX_ANSWER_BYTES = 64 * 1024
METHODS = ("POST", "PUT")  # never GET: phone and text would stand in logs of addresses
# What is wrong with the message itself is answered alike the next time; all else may mend.
FINAL_STATUSES = frozenset({400, 413, 422})
DEFAULT_HEADERS = '{"Idempotency-Key": "{key}"}'


@dataclass(frozen=True)
class HttpGateway:
    """One gateway. ``body`` is a JSON text or ``name=value&…`` with placeholders as values."""

    url: str
    method: str = "POST"
    body: str = '{"phone": "{phone}", "text": "{text}", "key": "{key}"}'
    headers: dict[str, str] = field(default_factory=dict)
    secret: str = field(default="", repr=False)
    success_statuses: frozenset[int] = frozenset(range(200, 300))
    success_field: str = ""
    success_value: str = ""
    timeout: float = 10.0
    ca_file: str = ""

    def send(self, message: Outgoing) -> None:
        """Send ``message`` within ``timeout`` seconds. Raises DeliveryError."""
        body, content_type = self._render_body(message)
        headers = {"Content-Type": content_type, "Accept": "application/json"}
        headers.update(self._render_headers(message, body))
        status, answer = self._exchange(body, headers)
        if status not in self.success_statuses:
            raise DeliveryError(f"status {status}", is_final=status in FINAL_STATUSES)
        if self.success_field:
            self._check_answer(answer)

    # -- what is sent ---------------------------------------------------------------------------

    def _render_body(self, message: Outgoing) -> tuple[bytes, str]:
        """Placeholders are filled in after parsing, so that no text can break out of its value."""
        values = _values_of(message)
        if self.body.lstrip().startswith(("{", "[")):
            filled = _fill(json.loads(self.body), values)
            return json.dumps(filled, ensure_ascii=False).encode(), "application/json"
        pairs = [
            (name, _fill(value, values))
            for name, value in parse_qsl(self.body, keep_blank_values=True)
        ]
        return urlencode(pairs).encode(), "application/x-www-form-urlencoded"

    def _render_headers(self, message: Outgoing, body: bytes) -> dict[str, str]:
        """``{signature}`` is HMAC-SHA256 in hex over timestamp, line feed and body."""
        timestamp = str(int(time.time()))
        signed = timestamp.encode() + b"\n" + body
        signature = hmac.new(self.secret.encode(), signed, hashlib.sha256).hexdigest()
        # Neither phone nor text: headers land in logs of proxies.
        values = {
            "key": message.key,
            "template": message.template,
            "timestamp": timestamp,
            "signature": signature if self.secret else "",
        }
        return {name: _fill(value, values) for name, value in self.headers.items()}

    # -- the exchange ---------------------------------------------------------------------------

    def _exchange(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        address = urlsplit(self.url)
        target = (address.path or "/") + (f"?{address.query}" if address.query else "")
        connection = self._connection(address.scheme, address.hostname or "", address.port)
        deadline = _Deadline(self.timeout)
        try:
            connection.connect()
            deadline.watch(connection.sock)
            connection.request(self.method, target, body=body, headers=headers)
            response = connection.getresponse()
            answer = response.read(MAX_ANSWER_BYTES) if self.success_field else b""
            if deadline.is_over:
                # A socket that was shut reads as the end of an answer that had not ended.
                raise TimeoutError
            return response.status, answer
        except (OSError, http.client.HTTPException, ValueError) as error:
            if deadline.is_over or isinstance(error, TimeoutError):
                raise DeliveryError("timeout") from None
            if isinstance(error, OSError) and not isinstance(error, ssl.SSLError):
                raise DeliveryError("connection") from None
            raise DeliveryError("tls" if isinstance(error, ssl.SSLError) else "answer") from None
        finally:
            deadline.cancel()
            connection.close()

    def _connection(self, scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
        if scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=self.timeout)
        context = ssl.create_default_context(cafile=self.ca_file or None)
        return http.client.HTTPSConnection(host, port, timeout=self.timeout, context=context)

    def _check_answer(self, answer: bytes) -> None:
        try:
            found = json.loads(answer)
        except (ValueError, RecursionError):
            raise DeliveryError("answer") from None
        for step in self.success_field.split("."):
            if not isinstance(found, dict) or step not in found:
                raise DeliveryError("answer")
            found = found[step]
        text = found if isinstance(found, str) else json.dumps(found)
        if text != self.success_value:
            raise DeliveryError("refused")


class _Deadline:
    """Shuts a socket after so many seconds: a gateway that sends a byte a second ends too."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds
        self._timer: threading.Timer | None = None

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self._ends_at - 0.005

    def watch(self, sock: socket.socket | None) -> None:
        if sock is None:
            return
        left = max(0.001, self._ends_at - time.monotonic())
        self._timer = threading.Timer(left, _shut, [sock])
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


def _shut(sock: socket.socket) -> None:
    try:
        # Not the method of a TLS socket, which would first forget that it is one.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        return  # closed already


def _values_of(message: Outgoing) -> dict[str, str]:
    return {
        "phone": message.phone,
        "national": message.national_phone,
        "text": message.text,
        "key": message.key,
        "template": message.template,
    }


def _fill(template: Any, values: dict[str, str]) -> Any:
    """``template`` with placeholders replaced in all its texts, in one pass: a text that holds
    ``{key}`` stays as it is."""
    if isinstance(template, dict):
        return {name: _fill(value, values) for name, value in template.items()}
    if isinstance(template, list):
        return [_fill(item, values) for item in template]
    if not isinstance(template, str):
        return template
    parts = template.split("{")
    filled = [parts[0]]
    for part in parts[1:]:
        name, brace, rest = part.partition("}")
        filled.append(values[name] + rest if brace and name in values else "{" + part)
    return "".join(filled)


# -- settings -----------------------------------------------------------------------------------


def gateway_from_settings() -> HttpGateway:
    """The gateway that the settings describe. Raises ImproperlyConfigured, naming the setting."""
    return _build(
        settings.SMS_HTTP_URL,
        settings.SMS_HTTP_METHOD,
        settings.SMS_HTTP_BODY,
        settings.SMS_HTTP_HEADERS,
        settings.SMS_HTTP_SECRET,
        settings.SMS_HTTP_SUCCESS_STATUS,
        settings.SMS_HTTP_SUCCESS_FIELD,
        settings.SMS_HTTP_SUCCESS_VALUE,
        float(settings.SMS_HTTP_TIMEOUT),
        settings.SMS_HTTP_CA_FILE,
    )


@functools.lru_cache(maxsize=4)
def _build(
    url: str,
    method: str,
    body: str,
    headers: str,
    secret: str,
    success_status: str,
    success_field: str,
    success_value: str,
    timeout: float,
    ca_file: str,
) -> HttpGateway:
    _require("SMS_HTTP_URL", lambda: _is_web_address(url), "is no http or https address")
    _require("SMS_HTTP_METHOD", lambda: method in METHODS, "must be POST or PUT")
    _require("SMS_HTTP_BODY", lambda: _is_body(body), "is neither JSON nor name=value pairs")
    _require("SMS_HTTP_BODY", lambda: "{text}" in body, "must hold {text}")
    _require("SMS_HTTP_HEADERS", lambda: _is_headers(headers), "is no JSON object of texts")
    _require("SMS_HTTP_SECRET", lambda: bool(secret) or "{signature}" not in headers, "is missing")
    _require("SMS_HTTP_SUCCESS_STATUS", lambda: bool(_statuses(success_status)), "names no status")
    return HttpGateway(
        url=url,
        method=method,
        body=body,
        headers=json.loads(headers or "{}"),
        secret=secret,
        success_statuses=_statuses(success_status),
        success_field=success_field,
        success_value=success_value,
        timeout=timeout,
        ca_file=ca_file,
    )


def _require(name: str, is_met: Callable[[], bool], complaint: str) -> None:
    try:
        met = is_met()
    except ValueError:
        met = False
    if not met:
        # The value stays out of the message: it may hold a password.
        raise ImproperlyConfigured(f"{name} {complaint}.")


def _is_web_address(url: str) -> bool:
    address = urlsplit(url)
    return address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0


def _is_body(body: str) -> bool:
    if body.lstrip().startswith(("{", "[")):
        json.loads(body)
        return True
    return bool(parse_qsl(body, keep_blank_values=True, strict_parsing=True))


def _is_headers(headers: str) -> bool:
    parsed = json.loads(headers or "{}")
    return isinstance(parsed, dict) and all(isinstance(value, str) for value in parsed.values())


def _statuses(text: str) -> frozenset[int]:
    """``2xx,304`` → all of 200 to 299, and 304."""
    found: set[int] = set()
    for entry in filter(None, (part.strip().lower() for part in text.split(","))):
        if entry.endswith("xx"):
            first = int(entry[0]) * 100
            found.update(range(first, first + 100))
        else:
            found.add(int(entry))
    return frozenset(found)
