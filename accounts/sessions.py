"""Where log-ins are kept: Django's table, asked by a statement that is not put together each time.

Every page of an official begins with this question and the next (``accounts/backends.py``), so the
query compiler is left out of both.
"""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db import connection
from django.utils import timezone

_LOAD = "SELECT session_data FROM django_session WHERE session_key = %s AND expire_date > %s"


class SessionStore(DatabaseStore):
    """``SESSION_ENGINE``: as Django's own, but for how a log-in is read."""

    def load(self) -> dict[str, Any]:
        """What the session holds; nothing, under a new key, if it is unknown or ran out."""
        with connection.cursor() as cursor:
            cursor.execute(_LOAD, [self.session_key, timezone.now()])
            row = cursor.fetchone()
        if row is None:
            self._session_key = None
            return {}
        held: dict[str, Any] = self.decode(row[0])
        return held
