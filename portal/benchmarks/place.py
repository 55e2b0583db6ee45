"""Where a measurement happens: the PostgreSQL server, databases of its own, a private Valkey."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import psycopg2
from django.conf import settings
from psycopg2 import sql

from portal import addresses
from portal.embedded import engines
from portal.embedded.errors import EngineError
from portal.embedded.valkey import Valkey

PREFIX = "portal_bench"
# What a child inherits; the portal's own variables are those of the measurement, not the place's.
INHERITED = (
    "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH", "LD_LIBRARY_PATH",
    "NODE_MODULES",
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A server to measure in; ``server`` are Django's connection settings for it."""

    server: dict[str, Any]
    redis_url: str
    folder: Path
    template: str  # the database that every suite gets a copy of

    def create(self, name: str, *, template: str | None = None) -> None:
        """Create a database, empty or as a copy of ``template``."""
        source = (
            sql.SQL(" TEMPLATE {}").format(sql.Identifier(template)) if template else sql.SQL("")
        )
        self._run(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)) + source)

    def drop(self, name: str) -> None:
        """Drop a database of ours, connections or not."""
        if not name.startswith(PREFIX):
            raise ValueError(f"not a database of a measurement: {name}")
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def environment(self, database: str) -> dict[str, str]:
        """For the processes that are measured: their database, and secrets of the folder."""
        return {
            **{name: os.environ[name] for name in INHERITED if name in os.environ},
            "DJANGO_SETTINGS_MODULE": "portal.benchmarks.settings",
            "PORTAL_ENV": "trial",
            "PORTAL_ENV_FILE": "no-such-file",
            "PORTAL_LOCAL_DIR": str(self.folder / "local"),
            "DATABASE_URL": database_url({**self.server, "NAME": database}),
            "REDIS_URL": self.redis_url,
            "LOG_LEVEL": "WARNING",
            "JOIN_LIMIT_PER_IP": "1000000000",
            "JOIN_LIMIT_PER_IP_WITHOUT_PROOF": "1000000000",
            "JOIN_LIMIT_PER_CODE": "1000000000",
            "JOIN_LIMIT_PER_PHONE": "1000000000",
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
        }

    def version(self) -> str:
        """The server's version."""
        connection = self._connect()
        try:
            return f"{connection.info.server_version // 10_000}"
        finally:
            connection.close()

    def _run(self, statement: sql.Composed) -> None:
        connection = self._connect()
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
        finally:
            connection.close()

    def _connect(self) -> psycopg2.extensions.connection:
        return _connect(self.server)


@contextlib.contextmanager
def find_place() -> Iterator[Place]:
    """The server of the settings if it answers, else private engines; a private Valkey always.

    Rate limits and queued work of a measurement must not reach a Redis that serves people. Raises
    EngineError when an address is set and nobody answers there.
    """
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="portal-bench-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        (folder / "local").mkdir()
        server = settings.DATABASES["default"]
        if _answers(server):
            valkey = Valkey(folder / "engines", durable=True)
            valkey.prepare()
            child = valkey.start()
            stack.callback(child.stop)
            valkey.wait_ready(child)
            redis_url = addresses.embedded_redis_url(folder / "engines")
        elif settings.EMBEDDED_DATABASE:
            pair = stack.enter_context(
                engines(folder / "engines", pg_bin=settings.EMBEDDED_PG_BIN, keep=False)
            )
            server = addresses.parse_database_url(pair.database_url)
            redis_url = pair.redis_url
        else:
            raise EngineError("DATABASE_URL is set, but nobody answers there.")
        yield Place(server, redis_url, folder, f"{PREFIX}_{secrets.token_hex(4)}")


def database_url(connection: dict[str, Any]) -> str:
    """The address that ``parse_database_url`` reads back as these connection settings."""
    user, password = (quote(connection.get(key) or "", safe="") for key in ("USER", "PASSWORD"))
    head = f"{user}:{password}" if password else user
    port = f":{connection['PORT']}" if connection.get("PORT") else ""
    options = {**connection.get("OPTIONS", {}), "host": connection.get("HOST") or ""}
    query = urlencode({key: value for key, value in options.items() if value})
    return f"postgresql://{head}@{port}/{quote(connection['NAME'], safe='')}?{query}"


def _connect(server: dict[str, Any]) -> psycopg2.extensions.connection:
    given = {
        "user": server.get("USER"),
        "password": server.get("PASSWORD"),
        "host": server.get("HOST"),
        "port": server.get("PORT"),
        **server.get("OPTIONS", {}),
    }
    return psycopg2.connect(dbname="postgres", **{k: v for k, v in given.items() if v})


def _answers(server: dict[str, Any]) -> bool:
    try:
        _connect(server).close()
    except psycopg2.OperationalError:
        return False
    return True
