"""The dashboards' reads go to a replica, if there is one that keeps up (``DATABASE_REPLICA_URL``).

Only figures, only while a page of the dashboards is answered. Who is logged in and who may see
what is always read from the database itself: a right that was taken away must not live on for the
seconds a replica is behind. Whether the replica can be used is asked at most every few seconds; a
replica that goes away in the middle of a page costs that page a second try, not its answer.
"""

from __future__ import annotations

import datetime as dt
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, OperationalError, connections
from django.db.models import Model
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from core.replica import REPLICA, figures_read_from, reading_alias

PATHS: Final = ("/dashboard/", "/api/v1/dashboard/")
# Apps whose rows a dashboard may read late, less what rights rest on.
APPS: Final = frozenset(
    {"campaigns", "enterprises", "members", "reference", "reports", "stations", "unions"}
)
NEVER_LATE: Final = frozenset(
    {"unions.appointment", "reports.screentoken", "reports.briefsubscription"}
)
CHECK_EVERY: Final = 5.0  # seconds
RETRY_AFTER: Final = 15.0
# The database is asked where it stands before the replica is asked how far it came.
_POSITION: Final = "SELECT pg_current_wal_lsn()"
# Without new commits the last one may be old though nothing is missing: hence the comparison.
_LAG: Final = """
    SELECT CASE
        WHEN NOT pg_is_in_recovery() THEN NULL
        WHEN pg_last_wal_replay_lsn() >= %s::pg_lsn THEN 0
        ELSE EXTRACT(EPOCH FROM clock_timestamp()
            - COALESCE(pg_last_xact_replay_timestamp(), '-infinity'))
    END"""

logger = structlog.get_logger("portal.replica")


@dataclass(frozen=True)
class State:
    """How far behind it was found; None for "not to be used". To be asked again at ``good_until``
    (monotonic)."""

    lag: dt.timedelta | None
    good_until: float


_lock = threading.Lock()
_state: State | None = None


def lag_of_replica() -> dt.timedelta | None:
    """How far the replica is behind, at most; None where it cannot or must not be used.

    Remembered for ``CHECK_EVERY`` seconds; for ``RETRY_AFTER`` when it cannot be used.
    """
    global _state  # noqa: PLW0603 -- one finding per process
    if not settings.DATABASE_REPLICA_URL:
        return None
    known = _state
    if known is not None and time.monotonic() < known.good_until:
        return known.lag
    # Whoever comes while another asks does not wait for a server that may not answer.
    if not _lock.acquire(blocking=known is None):
        return known.lag if known else None
    try:
        lag = _measure()
        if known is None or (known.lag is None) != (lag is None):
            logger.warning("replica", usable=lag is not None)
        _state = State(lag, time.monotonic() + (CHECK_EVERY if lag is not None else RETRY_AFTER))
    finally:
        _lock.release()
    return lag


def give_up_replica() -> None:
    """Read from the database itself until the next check."""
    global _state  # noqa: PLW0603
    _state = State(None, time.monotonic() + RETRY_AFTER)
    connections[REPLICA].close()
    logger.warning("replica", usable=False)


def forget() -> None:
    """Ask anew at the next page."""
    global _state  # noqa: PLW0603
    _state = None


def _measure() -> dt.timedelta | None:
    try:
        with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            cursor.execute(_POSITION)
            (position,) = cursor.fetchone()
        with connections[REPLICA].cursor() as cursor:
            cursor.execute(_LAG, [position])
            (seconds,) = cursor.fetchone()
    except DatabaseError:
        connections[REPLICA].close()
        return None
    # No replica at all, or one that has replayed nothing yet.
    if seconds is None or seconds > settings.REPLICA_MAX_LAG_SECONDS:
        return None
    return dt.timedelta(seconds=float(seconds))


class ReplicaRouter:
    """Sends querysets of figures where ``core.replica`` says; everything else, and every write, to
    the database itself."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        """The alias, or None: no opinion."""
        if model._meta.app_label in APPS and model._meta.label_lower not in NEVER_LATE:
            return reading_alias()
        return DEFAULT_DB_ALIAS

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        """Never the replica."""
        return DEFAULT_DB_ALIAS

    def allow_relation(self, one: Model, other: Model, **hints: Any) -> bool:
        """Both hold the same rows."""
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        """What the replica holds comes with its stream."""
        return db != REPLICA


Handler = Callable[[HttpRequest], HttpResponseBase]


class ReplicaMiddleware:
    """Lets the pages of the dashboards read from the replica, and says on the request how far it is
    behind (``figures_behind``, whole seconds) where that is worth a word."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle one request."""
        if request.method not in ("GET", "HEAD") or not request.path.startswith(PATHS):
            return self.get_response(request)
        lag = lag_of_replica()
        if lag is None:
            return self.get_response(request)
        if lag.total_seconds() > settings.REPLICA_LAG_SHOWN_SECONDS:
            request.figures_behind = math.ceil(lag.total_seconds())  # type: ignore[attr-defined]
        with figures_read_from(REPLICA):
            return self.get_response(request)

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        """The replica went away while the page was made: make it once more without."""
        lost = isinstance(exception, (OperationalError, InterfaceError))
        if not lost or reading_alias() != REPLICA or request.resolver_match is None:
            return None
        give_up_replica()
        request.__dict__.pop("figures_behind", None)
        view, arguments, named = request.resolver_match
        with figures_read_from(DEFAULT_DB_ALIAS):
            answer: HttpResponseBase = view(request, *arguments, **named)
        return answer
