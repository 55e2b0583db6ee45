"""What a test in the browser leaves behind, and whether anything personal is in it.

Watched: every address a browser asked for, every log line of the server, the output of workers,
every command that reached Redis (the arguments of tasks are among them) and what is stored there,
sessions, the audit trail, and every column of every table.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import io
import logging
import re
import threading
import time
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote_plus

import redis
from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from playwright.sync_api import Browser, BrowserContext, Request

from core.encryption import decrypt
from members.models import Application, CollectiveEntry, Member
from members.models.application import ID_NUMBER_CONTEXT, PHONE_CONTEXT

# Fields of the public forms that hold something personal.
PERSONAL = ("id_number", "phone")
# A name stands in the clear in the tables of people and nowhere else.
WITHOUT_NAMES = ("audit_auditentry", "django_admin_log", "members_message", "members_purgerun")
SHORTEST = 6
_BASE64 = re.compile(r"[A-Za-z0-9+/]{24,}={0,2}")


class Watch:
    """Begins to watch when made; ``places_of`` tells where any of some secrets stand."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.numbers: set[str] = set()
        self.names: set[str] = set()
        self.outputs: list[Path] = []
        self._contexts: list[BrowserContext] = []
        self.commands: list[str] = []
        self._lines = io.StringIO()
        self._handler = logging.StreamHandler(self._lines)
        self._handler.setFormatter(logging.getLogger().handlers[0].formatter)
        logging.getLogger().addHandler(self._handler)
        # A page may leave Redis alone for long: the monitor waits.
        self._redis = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=None)
        self._monitor = self._redis.monitor()
        self._monitor.__enter__()
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()

    def _listen(self) -> None:
        with contextlib.suppress(Exception):
            for item in self._monitor.listen():
                self.commands.append(item["command"])

    def attach(self, context: BrowserContext) -> None:
        """Watch a browser's context."""
        self._contexts.append(context)
        context.on("request", self._note)

    def _note(self, request: Request) -> None:
        self.addresses += [request.url, request.headers.get("referer", "")]
        with contextlib.suppress(Exception):
            self.note_typed(parse_qs(request.post_data or ""))

    def note_typed(self, fields: dict[str, list[str]]) -> None:
        """What somebody typed must turn up nowhere."""
        for name in PERSONAL:
            self.numbers |= {v.strip() for v in fields.get(name, ()) if len(v.strip()) >= SHORTEST}
        if "id_number" in fields:
            self.names |= {value for value in fields.get("name", ()) if len(value) > 1}

    def note_recorded(self) -> None:
        """Whoever stands in the tables is to be found nowhere else."""
        for model in (Member, Application, CollectiveEntry):
            for row in model._default_manager.all():
                if row.id_number_encrypted:
                    self.numbers.add(decrypt(row.id_number_encrypted, context=ID_NUMBER_CONTEXT))
                    phone = decrypt(row.phone_encrypted, context=PHONE_CONTEXT)
                    self.numbers.add(phone.removeprefix("+86"))
                if len(row.name) > 1:
                    self.names.add(row.name)

    def places(self) -> list[str]:
        """Where something personal stands; the secrets themselves are not told."""
        self._catch_up()
        secrets = {secret.lower() for secret in self.numbers | self.names}
        found = [
            place
            for place, text in (
                ("addresses", "\n".join(map(unquote_plus, self.addresses))),
                ("logs", self._lines.getvalue()),
                *(
                    (f"output {path.name}", path.read_text(errors="replace"))
                    for path in self.outputs
                ),
                ("commands to Redis", _opened(self.commands)),
                ("Redis", _opened(_stored(self._redis))),
                ("sessions", str([row.get_decoded() for row in Session.objects.all()])),
            )
            if _holds(text, secrets)
        ]
        return found + [
            f"table {table}"
            for table, text in _tables()
            if _holds(text, {number.lower() for number in self.numbers})
            or (table in WITHOUT_NAMES and _holds(text, secrets))
        ]

    def _catch_up(self) -> None:
        """Until every command sent so far has been heard of."""
        mark = f"ECHO {uuid.uuid4()}"
        self._redis.echo(mark.removeprefix("ECHO "))
        deadline = time.monotonic() + 5
        while mark not in self.commands:
            assert time.monotonic() < deadline, "the monitor of Redis is silent"
            time.sleep(0.01)

    def stop(self) -> None:
        """Let go of everything; windows that are gone keep no thread of the server and no
        connection of it to the database."""
        for context in self._contexts:
            context.close()
        logging.getLogger().removeHandler(self._handler)
        with contextlib.suppress(Exception):
            self._monitor.connection.disconnect()
        self._listening.join(timeout=5)
        self._redis.close()


def watched(browser: Browser, watch: Watch) -> Any:
    """``browser.new_context`` with the watch on every context it makes."""
    make = type(browser).new_context

    def new_context(*args: Any, **kwargs: Any) -> BrowserContext:
        context = make(browser, *args, **kwargs)
        watch.attach(context)
        return context

    return new_context


def _holds(text: str, secrets: Iterable[str]) -> bool:
    text = text.lower()
    return any(secret in text or secret.encode().hex() in text for secret in secrets)


def _opened(texts: Iterable[str]) -> str:
    """With what base64 hides, as Celery's messages do."""
    whole = "\n".join(texts)
    inner = []
    for found in _BASE64.findall(whole):
        with contextlib.suppress(binascii.Error, ValueError):
            inner.append(base64.b64decode(found + "=" * (-len(found) % 4)).decode(errors="replace"))
    # Redis shows bytes beyond ASCII as \xe5\xbc\xa0.
    plain = whole.encode("latin-1", "backslashreplace").decode("unicode_escape", "replace")
    return "\n".join((whole, plain.encode("latin-1", "replace").decode(errors="replace"), *inner))


def _stored(client: redis.Redis) -> list[str]:
    """Every key with its value."""
    readers: dict[Any, Any] = {
        b"string": client.get,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"set": client.smembers,
        b"zset": lambda key: client.zrange(key, 0, -1, withscores=True),
        b"hash": client.hgetall,
    }
    texts = []
    for key in client.scan_iter():
        value = readers.get(client.type(key), lambda key: b"")(key)
        texts.append(f"{key!r} {value!r}")
    return texts


def _tables() -> Iterable[tuple[str, str]]:
    """Every table with all its rows as text; bytes as hexadecimal digits."""
    for model in apps.get_models(include_auto_created=True):
        table = model._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT string_agg(t::text, chr(10)) FROM "{table}" t')
            yield table, cursor.fetchone()[0] or ""
