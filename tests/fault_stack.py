"""A portal of its own for tests that break engines: PostgreSQL, Valkey, gunicorn and a worker.

The database is a copy of the test's empty one, with one union and one join code.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

import psycopg2
from django.conf import settings

from core.encryption import blind_index
from members.models.application import ID_NUMBER_CONTEXT
from portal import addresses
from portal.benchmarks.web import Client, form_token, gunicorn
from portal.embedded.postgres import Postgres, wheel_binaries
from portal.embedded.processes import Child, wait_until
from portal.embedded.valkey import Valkey

CODE = "FAVLT234"
WEB_PROCESSES = 2
UNLIMITED = dict.fromkeys(
    (
        "JOIN_LIMIT_PER_IP",
        "JOIN_LIMIT_PER_IP_WITHOUT_PROOF",
        "JOIN_LIMIT_PER_PHONE",
        "JOIN_LIMIT_PER_CODE",
        "CODE_LIMIT_PER_IP",
        "CODE_LIMIT_PER_DAY",
    ),
    "1000000",
)
_WORLD = f"""
import django; django.setup()
from members.models import JoinCode
from tests.builders import make_join_code, make_union
union = make_union("聊城市总工会", "city_federation")
union = make_union("东昌府区总工会", "county_federation", union)
code = make_join_code(make_union("古楼街道工会", "township_union", union))
JoinCode.objects.filter(pk=code.pk).update(code="{CODE}")
"""


@dataclass
class Asked:
    """What the workers at the stand got: statuses, and who was told "received"."""

    statuses: dict[int, int] = field(default_factory=dict)
    impolite: list[str] = field(default_factory=list)
    received: list[str] = field(default_factory=list)


class Gateway(ThreadingHTTPServer):
    """A slow SMS gateway that notes what it is given."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _GatewayHandler)
        self.delivered: dict[str, int] = {}


class _GatewayHandler(BaseHTTPRequestHandler):
    server: Gateway

    def do_POST(self) -> None:
        """Take one message."""
        key = self.headers["Idempotency-Key"]
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.delivered[key] = self.server.delivered.get(key, 0) + 1
        time.sleep(0.01)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def _gateway() -> Iterator[Gateway]:
    server = Gateway()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class FaultStack:
    """The running engines; ``environment`` leads a process to them."""

    folder: Path
    environment: dict[str, str]
    postgres: Postgres
    valkey: Valkey
    database: Child
    queue: Child
    port: int = 0
    gateway: Gateway | None = None

    @property
    def delivered(self) -> dict[str, int]:
        """How often the gateway was given each message, by its key."""
        assert self.gateway is not None
        return self.gateway.delivered

    def run(self, statement: str) -> None:
        """Run a line of Python in a process of its own."""
        _python(self.environment, "-c", f"import django; django.setup()\n{statement}")

    def stop_valkey(self) -> None:
        """Redis is gone, at once."""
        os.kill(self.queue.pid, signal.SIGKILL)
        self.queue.wait(10)

    def start_valkey(self) -> None:
        """It is back."""
        self.queue = self.valkey.start()
        self.valkey.wait_ready(self.queue)

    def stop_postgres(self) -> None:
        """Ended in the midst of its work: open sessions are cut."""
        self.database.stop()

    def start_postgres(self) -> None:
        """It is back."""
        self.database = self.postgres.start()
        self.postgres.wait_ready(self.database)

    def web_processes(self) -> list[int]:
        """The processes that answer, children of the one that listens."""
        told = subprocess.run(
            ["ps", "-eww", "-o", "pid=,ppid=,args="], check=True, capture_output=True, text=True
        )
        parents = {
            int(pid): int(parent)
            for pid, parent, command in (line.split(None, 2) for line in told.stdout.splitlines())
            if f"127.0.0.1:{self.port} " in command
        }
        return sorted(pid for pid, parent in parents.items() if parent in parents)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """What the database holds."""
        with contextlib.closing(self._connect()) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def write(self, sql: str) -> None:
        """Change what the database holds."""
        with contextlib.closing(self._connect()) as connection, connection:
            connection.cursor().execute(sql)

    def _connect(self) -> psycopg2.extensions.connection:
        return psycopg2.connect(host=str(self.postgres.socket_dir), user="portal", dbname="portal")

    def applications_by_person(self) -> dict[bytes, int]:
        """How many applications there are by the hash of the ID number."""
        found = self.rows("SELECT id_number_hash, count(*) FROM members_application GROUP BY 1")
        return {bytes(key): int(str(count)) for key, count in found}  # type: ignore[call-overload]

    @contextlib.contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        """A real Celery worker, killed at the end at the latest."""
        command = [sys.executable, "-m", "celery", "--quiet", "-A", "portal", "worker"]
        command += ["--pool", "prefork", "-c", "1", "-l", "WARNING"]
        process = subprocess.Popen(
            command,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)

    def send(self, forms: list[dict[str, str]], clients: int, seconds: float = 60) -> Load:
        """Begin to send each form, as often as it takes until it is received."""
        return Load(self.port, forms, clients, time.monotonic() + seconds)


class Load:
    """Workers who send their form again when they were asked to."""

    def __init__(
        self, port: int, forms: list[dict[str, str]], clients: int, deadline: float
    ) -> None:
        self.port = port
        self.asked = Asked()
        self._deadline = deadline
        self._pending = iter(forms)
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._browse, daemon=True) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def wait_for(self, received: int) -> None:
        """Return when so many were received. Raises TimeoutError."""
        while len(self.asked.received) < received:
            if time.monotonic() > self._deadline:
                raise TimeoutError(f"{len(self.asked.received)} received, {self.asked.statuses}")
            time.sleep(0.01)

    def wait_for_refusal(self) -> None:
        """Return when somebody was asked to come back. Raises TimeoutError."""
        while 503 not in self.asked.statuses:
            if time.monotonic() > self._deadline:
                raise TimeoutError(f"{self.asked.statuses}")
            time.sleep(0.01)

    def finish(self) -> Asked:
        """Wait until every form was received."""
        for thread in self._threads:
            thread.join(max(0.1, self._deadline - time.monotonic()))
        if any(thread.is_alive() for thread in self._threads):
            raise TimeoutError(f"{len(self.asked.received)} received, {self.asked.statuses}")
        return self.asked

    def _browse(self) -> None:
        while True:
            with self._lock:
                form = next(self._pending, None)
            if form is None:
                return
            while time.monotonic() < self._deadline and not self._send(form):
                time.sleep(0.1)

    def _send(self, form: dict[str, str]) -> bool:
        path = f"/join/{CODE}/"
        client = Client(self.port)
        status, text = 0, ""
        try:
            status, text = client.request("GET", path)
            if status == 200:
                body = urlencode({**form, "csrfmiddlewaretoken": form_token(text)})
                status, text = client.request("POST", path, body)
            if status == 302:
                client.request("GET", "/join/received/")  # which sends the code
        except (OSError, HTTPException):
            return False  # no answer: what was typed is still there
        finally:
            client.close()
        with self._lock:
            self.asked.statuses[status] = self.asked.statuses.get(status, 0) + 1
            if status == 302:
                self.asked.received.append(form["id_number"])
            elif status != 503 or "服务马上恢复" not in text:
                self.asked.impolite.append(f"{status} {text[:200]}")
        return status == 302


def hashes(id_numbers: list[str]) -> set[bytes]:
    """The stored hashes of ID numbers."""
    return {blind_index(number, context=ID_NUMBER_CONTEXT) for number in id_numbers}


@contextlib.contextmanager
def fault_stack(folder: Path, environment: dict[str, str]) -> Iterator[FaultStack]:
    """Start all of it; ``environment`` leads to the test's own database, which is copied."""
    postgres, valkey = Postgres(folder, durable=False), Valkey(folder, durable=True)
    with contextlib.ExitStack() as stack:
        postgres.prepare()
        valkey.prepare()
        parts = FaultStack(
            folder,
            {
                **environment,
                **UNLIMITED,
                "DATABASE_URL": addresses.embedded_database_url(folder),
                "REDIS_URL": addresses.embedded_redis_url(folder),
            },
            postgres,
            valkey,
            postgres.start(),
            valkey.start(),
        )
        gateway = stack.enter_context(_gateway())
        parts.gateway = gateway
        parts.environment |= {
            "SMS_PROVIDER": "http",
            "SMS_HTTP_URL": f"http://127.0.0.1:{gateway.server_address[1]}/",
        }
        stack.callback(lambda: parts.queue.stop())
        stack.callback(lambda: parts.database.stop())
        postgres.wait_ready(parts.database)
        valkey.wait_ready(parts.queue)
        _copy_database(parts)
        _python(parts.environment, "-c", _WORLD)
        changed = {k: v for k, v in parts.environment.items() if os.environ.get(k) != v}
        changed["WEB_WORKERS"] = str(WEB_PROCESSES)
        parts.port = stack.enter_context(gunicorn("portal.wsgi", "/healthz", **changed))
        # The first of them answers before the others have begun.
        if not wait_until(lambda: len(parts.web_processes()) == WEB_PROCESSES, seconds=30):
            raise TimeoutError(f"{parts.web_processes()} of {WEB_PROCESSES} answer")
        yield parts


def _copy_database(parts: FaultStack) -> None:
    server = settings.DATABASES["default"]
    programs = wheel_binaries()
    dump = subprocess.run(
        [
            str(programs / "pg_dump"), "--no-owner", "-h", server["HOST"], "-U", server["USER"],
            server["NAME"],
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    target = ["-h", str(parts.postgres.socket_dir), "-U", "portal", "-d", "portal"]
    subprocess.run(
        [str(programs / "psql"), "-q", "-v", "ON_ERROR_STOP=1", *target],
        input=dump.stdout,
        check=True,
        capture_output=True,
    )


def _python(environment: dict[str, str], *arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], env=environment, check=True)
