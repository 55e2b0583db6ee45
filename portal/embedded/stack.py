"""The whole portal on one machine: engines, set-up steps, web, worker and beat."""

import hashlib
import http.client
import importlib
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.management import get_commands

from portal import addresses
from portal.embedded.console import Console
from portal.embedded.errors import EngineError
from portal.embedded.postgres import Postgres
from portal.embedded.processes import StopPlan
from portal.embedded.supervisor import Supervisor
from portal.embedded.valkey import Valkey

# A running job gets ten seconds; then it is given back to the queue and done again later.
WORKER_STOP: StopPlan = ((signal.SIGTERM, 10.0), (signal.SIGQUIT, 5.0))


@dataclass(frozen=True)
class Options:
    """What the caller of `up` chose."""

    host: str
    port: int
    demo: bool
    worker_processes: int = 2


class Stack:
    """Starts everything in order under one supervisor."""

    def __init__(self, supervisor: Supervisor, console: Console, options: Options) -> None:
        self.supervisor = supervisor
        self.console = console
        self.options = options
        self.local_dir: Path = settings.LOCAL_DIR
        self.environment = self._environment()

    @property
    def address(self) -> str:
        """Where the portal can be reached on this machine."""
        host = self.options.host if self.options.host != "0.0.0.0" else "127.0.0.1"  # noqa: S104
        return f"http://{host}:{self.options.port}/"

    def start(self) -> None:
        """Bring everything up; returns when the portal answers."""
        ensure_port_free(self.options.host, self.options.port)
        self._start_engines()
        self._manage("migrate", "--no-input", "--verbosity=0")
        self._collect_static_files()
        self._first_start()
        self._start_portal()
        if not self.supervisor.wait_until(self._is_ready, seconds=90):
            raise EngineError("The portal did not answer within 90 seconds.")

    def _environment(self) -> dict[str, str]:
        return {
            "LOG_FORMAT": "text",
            "PUBLIC_BASE_URL": settings.PUBLIC_BASE_URL,
            **({"FORCE_COLOR": "1"} if self.console.colour else {}),
            **os.environ,
            "HOST": self.options.host,
            "PORT": str(self.options.port),
            "PORTAL_LOCAL_DIR": str(self.local_dir),
            "PYTHONUNBUFFERED": "1",
            # Celery advises against root at every start; who tries the portal in a container knows.
            "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
        }

    def _start_engines(self) -> None:
        waits: list[Callable[[], None]] = []
        if settings.EMBEDDED_DATABASE:
            postgres = Postgres(self.local_dir, bin_dir=settings.EMBEDDED_PG_BIN)
            if not (postgres.data / "PG_VERSION").is_file():
                self.console.say(f"creating the database in {postgres.data}")
            postgres.prepare()
            server = self.supervisor.add(postgres.start(self.console.line))
            waits.append(lambda: postgres.wait_ready(server))
        else:
            self.console.say("DATABASE_URL is set: no embedded PostgreSQL")
        if settings.EMBEDDED_REDIS:
            valkey = Valkey(self.local_dir)
            valkey.prepare()
            queue = self.supervisor.add(valkey.start(self.console.line))
            waits.append(lambda: valkey.wait_ready(queue))
        else:
            self.console.say("REDIS_URL is set: no embedded Valkey")
        for wait in waits:
            wait()

    def _manage(self, *arguments: str) -> None:
        self.console.say(f"manage.py {' '.join(arguments)}")
        self.supervisor.run("setup", self._python("manage.py", *arguments), self.environment)

    def _python(self, *arguments: str) -> list[str]:
        first, *rest = arguments
        program = str(settings.BASE_DIR / first) if first.endswith(".py") else first
        return [sys.executable, program, *rest]

    def _collect_static_files(self) -> None:
        if settings.DEBUG:
            return
        # Beside the folder: what is inside is served.
        note = settings.STATIC_ROOT.with_name(f"{settings.STATIC_ROOT.name}.collected-from")
        sources = fingerprint_of_static_sources()
        is_there = (settings.STATIC_ROOT / "staticfiles.json").is_file() and note.is_file()
        if is_there and note.read_text(encoding="ascii") == sources:
            return
        self._manage("collectstatic", "--no-input", "--verbosity=0")
        note.write_text(sources, encoding="ascii")

    def _first_start(self) -> None:
        """Regions and the demo, once; an interrupted first start is done again."""
        done = self.local_dir / "postgres" / "first-start-done"
        if not settings.EMBEDDED_DATABASE or done.exists():
            return
        available = get_commands()
        if "load_regions" in available:
            self._manage("load_regions")
        if self.options.demo and "seed_demo" in available:
            self._manage("seed_demo", "--scale", "small")
        done.touch()

    def _start_portal(self) -> None:
        metrics = addresses.socket_directory(self.local_dir) / "metrics"
        shutil.rmtree(metrics, ignore_errors=True)
        bind = f"{self.options.host}:{self.options.port}"
        self.supervisor.start(
            "web",
            [
                *(sys.executable, "-m", "gunicorn", "--config", "python:portal.gunicorn"),
                *("--chdir", str(settings.BASE_DIR), "--bind", bind, "portal.wsgi"),
            ],
            # Only the web counts: the other two have no page to show their counters on.
            {**self.environment, "PROMETHEUS_MULTIPROC_DIR": str(metrics)},
        )
        celery = [sys.executable, "-m", "celery", "--quiet", "--workdir", str(settings.BASE_DIR)]
        celery += ["--app", "portal.celery"]
        self.supervisor.start(
            "worker",
            [
                *(*celery, "worker", "--loglevel", "INFO", "--without-gossip", "--without-mingle"),
                *("--concurrency", str(self.options.worker_processes)),
                *("--hostname", f"worker-{os.getpid()}@%h"),
            ],
            self.environment,
            WORKER_STOP,
        )
        self.supervisor.start(
            "beat", [*celery, "beat", "--loglevel", "INFO", "--pidfile="], self.environment
        )

    def _is_ready(self) -> bool:
        host = self.options.host if self.options.host != "0.0.0.0" else "127.0.0.1"  # noqa: S104
        connection = http.client.HTTPConnection(host, self.options.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def welcome(self) -> None:
        """Say where to go and how to log in."""
        lines = [f"Union membership portal / 工会会员管理平台: {self.address}"]
        lines.append(f"Officials / 工会干部: {self.address}admin/")
        accounts = demo_accounts() if self.options.demo else []
        if accounts and settings.EMBEDDED_DATABASE:
            lines.append(f"Join / 入会: {self.address}join/{demo_join_code()}/")
            lines += ["", "Demo log-ins / 演示账号 (name / password):"]
            width = max(len(name) for name, *_ in accounts)
            lines += [
                f"  {name:<{width}} / {word}   {zh} · {en}" for name, word, zh, en in accounts
            ]
        lines += ["", "Stop with Ctrl-C / 按 Ctrl-C 停止"]
        self.console.box(lines)


def demo_accounts() -> list[tuple[str, str, str, str]]:
    """The demo's log-ins, when the demo is part of this copy."""
    try:
        module = importlib.import_module("portal.demo.accounts")
    except ModuleNotFoundError:
        return []
    return list(module.DEMO_ACCOUNTS)


def demo_join_code() -> str:
    """The code of the demo's flexible joint union, as its poster would show it."""
    module = importlib.import_module("portal.demo.liaocheng_unions")
    return str(module.DEMO_JOIN_CODE)


def fingerprint_of_static_sources() -> str:
    """Differs when a static file of ours, or the choice of packages that bring some, does.

    By name, size and time of each: an upgrade that is unpacked with its old times counts too.
    """
    root: Path = settings.BASE_DIR
    sources = [root / "package-lock.json", root / "requirements" / "runtime.txt"]
    sources += [root / "portal" / "staticfinders.py", *sorted((root / "static").rglob("*"))]
    digest = hashlib.sha256()
    for path in sources:
        if path.is_file():
            found = path.stat()
            digest.update(
                f"{path.relative_to(root)} {found.st_size} {found.st_mtime_ns}\n".encode()
            )
    return digest.hexdigest()


def ensure_port_free(host: str, port: int) -> None:
    """Raise `EngineError` when somebody else listens there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise EngineError(
                f"Cannot listen on {host}:{port} ({error.strerror}). "
                "Choose another port: PORT=8001 make run"
            ) from error
