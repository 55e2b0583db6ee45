"""A real SMS gateway on the loopback interface, with every bad habit of real ones."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass(frozen=True)
class Request:
    """What the gateway was sent."""

    method: str
    headers: dict[str, str]
    body: bytes

    @property
    def key(self) -> str:
        """The idempotency key."""
        return self.headers["Idempotency-Key"]

    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


class Gateway:
    """Answers as told: the next answers in order, the last of them for ever."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answers: list[tuple[int, bytes]] = [(200, b"{}")]
        self.way = ""
        self.over = threading.Event()
        self.arrived = threading.Semaphore(0)
        self.url = ""

    def answer(self, *answers: int | bytes) -> None:
        """Status and body in turn."""
        self.answers = list(zip(answers[::2], answers[1::2], strict=True))  # type: ignore[arg-type]

    def misbehave(self, way: str) -> None:
        """``hang``, ``drip``, ``drip_headers``, ``close`` or ``garbage``; "" to mend."""
        self.way = way


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        gateway = self.server.gateway
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        gateway.requests.append(Request(self.command, dict(self.headers.items()), body))
        gateway.arrived.release()
        if gateway.way:
            self._misbehave(gateway)
            return
        status, answer = gateway.answers[0]
        if len(gateway.answers) > 1:
            gateway.answers.pop(0)
        self.send_response(status)
        self.send_header("Location", gateway.url)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_PUT = do_POST  # noqa: N815 -- http.server's name

    def _misbehave(self, gateway: Gateway) -> None:
        self.close_connection = True
        if gateway.way == "hang":
            gateway.over.wait(20)
        elif gateway.way == "garbage":
            self.wfile.write(b"\x00\x01 not http at all\r\n\r\n")
        elif gateway.way in ("drip", "drip_headers"):
            head = b"HTTP/1.1 200 OK\r\n" if gateway.way == "drip_headers" else b""
            self.wfile.write(head)
            while not gateway.over.wait(0.05):
                try:
                    self.wfile.write(b"X")
                except OSError:
                    return

    def log_message(self, *args: Any) -> None:
        """Silent."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    gateway: Gateway

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what these tests are about."""

    def shutdown_request(self, request: Any) -> None:
        if isinstance(request, socket.socket):
            super().shutdown_request(request)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A gateway that answers 200 ``{}`` until told otherwise."""
    told = Gateway()
    socketserver.TCPServer.allow_reuse_address = True
    server = _Server(("127.0.0.1", 0), _Handler)
    server.gateway = told
    told.url = f"http://127.0.0.1:{server.server_address[1]}/send"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield told
    told.over.set()
    server.shutdown()
    server.server_close()
    thread.join()
