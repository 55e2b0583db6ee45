"""A real web server for a measurement, and a plain client that keeps its connections."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.conf import settings

from portal.embedded.errors import EngineError
from portal.embedded.processes import Child, wait_until

HOST = "127.0.0.1"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass(frozen=True)
class Server:
    """A running web server: its port on the loopback, and the process above those that answer."""

    port: int
    pid: int


@contextlib.contextmanager
def gunicorn(application: str, probe: str, **variables: str) -> Iterator[int]:
    """As ``served``; yields the port alone."""
    with served(application, probe, **variables) as server:
        yield server.port


@contextlib.contextmanager
def served(application: str, probe: str, **variables: str) -> Iterator[Server]:
    """Run ``application`` as ``manage.py up`` runs the web, with this process' environment.

    Yields the server, on the loopback only, as soon as ``probe`` is answered at all.
    """
    port = _free_port()
    command = [sys.executable, "-m", "gunicorn", "--config", "python:portal.gunicorn"]
    command += ["--chdir", str(settings.BASE_DIR), "--bind", f"{HOST}:{port}", application]
    web = Child("web", command, environment={**os.environ, **variables, "LOG_FORMAT": "text"})
    try:
        if not wait_until(lambda: _answers(port, probe), seconds=30, child=web):
            raise EngineError("The web server did not start:\n" + "\n".join(web.lines))
        yield Server(port, web.pid)
    finally:
        web.stop()


@dataclass
class Tally:
    """What came back: how often which status, and the seconds of each answer."""

    seconds: float = 0.0
    statuses: dict[int, int] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)

    def add(self, status: int, seconds: float) -> None:
        """One answer more."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.times.append(seconds)


class Client:
    """One browser: a kept connection and its cookies."""

    def __init__(self, port: int, cookies: Mapping[str, str] | None = None) -> None:
        self._connection = http.client.HTTPConnection(HOST, port, timeout=30)
        self.cookies = dict(cookies or {})

    def request(
        self, method: str, path: str, body: str | None = None, headers: Mapping[str, str] = FORM
    ) -> tuple[int, str]:
        """Status and text of the answer."""
        sent = {**headers, "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        try:
            self._connection.request(method, path, body, sent)
            response = self._connection.getresponse()
        except (BrokenPipeError, ConnectionResetError, http.client.RemoteDisconnected):
            # The server closes what lies idle for seconds; a browser then connects anew.
            self._connection.close()
            self._connection.request(method, path, body, sent)
            response = self._connection.getresponse()
        text = response.read().decode("utf-8", "replace")
        for header in response.headers.get_all("Set-Cookie") or []:
            name, _, value = header.partition(";")[0].partition("=")
            self.cookies[name] = value
        return response.status, text

    def form_token(self, path: str) -> str:
        """Get a form; the token it must be sent with. Raises EngineError if there is no form."""
        status, text = self.request("GET", path)
        token = form_token(text)
        if status != 200 or not token:
            raise EngineError(f"{path} shows no form (status {status}).")
        return token

    def close(self) -> None:
        """Let the connection go."""
        self._connection.close()


def form_token(page: str) -> str:
    """The token a page's form must be sent with; "" if it shows no form."""
    found = _TOKEN.search(page)
    return found[1] if found else ""


def post_all(port: int, path: str, forms: Sequence[Mapping[str, str]], *, clients: int) -> Tally:
    """Send each form once, from ``clients`` browsers at the same time.

    Each browser has loaded the form before (token and cookie), if ``path`` shows one. Time counts
    from when all are ready until the last answer.
    """
    tally, lock = Tally(), threading.Lock()
    pending = iter(forms)
    ready = threading.Barrier(clients + 1)
    failures: list[Exception] = []

    def browse() -> None:
        client = Client(port)
        try:
            token = client.form_token(path) if path.startswith("/join/") else ""
            ready.wait(30)
            while True:
                with lock:
                    form = next(pending, None)
                if form is None:
                    return
                body = urlencode({**form, "csrfmiddlewaretoken": token} if token else form)
                started = time.perf_counter()
                status, _ = client.request("POST", path, body)
                seconds = time.perf_counter() - started
                with lock:
                    tally.add(status, seconds)
        except (
            OSError,
            http.client.HTTPException,
            EngineError,
            threading.BrokenBarrierError,
        ) as error:
            failures.append(error)
            ready.abort()
        finally:
            client.close()

    threads = [threading.Thread(target=browse, daemon=True) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        ready.wait(30)
    except threading.BrokenBarrierError:
        raise failures[0] from None
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    tally.seconds = time.perf_counter() - started
    if failures:
        raise failures[0]
    return tally


def _answers(port: int, probe: str) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("GET", probe)
        connection.getresponse().read()
    except OSError:
        return False
    finally:
        connection.close()
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
