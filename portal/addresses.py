"""Addresses of the database and the queue: where the engines are, read strictly."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

DATABASE_OPTIONS = frozenset({"sslmode", "sslrootcert", "connect_timeout", "application_name"})

# What was sent and is not acknowledged, and connections on which nothing is heard (libpq; TCP
# alone): milliseconds, then seconds.
REPLICA_SILENCE = {
    "tcp_user_timeout": "5000",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "2",
}


def parse_database_url(url: str, *, name: str = "DATABASE_URL") -> dict[str, Any]:
    """Django's connection settings from `postgresql://user:password@host:port/database?options`.

    The host may be a folder of Unix sockets: `postgresql://user@/database?host=/folder`.
    Unknown schemes and options are errors, so that a typing mistake is not silently ignored.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not an address.") from error
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ImproperlyConfigured(f"{name} must begin with postgresql://.")
    database = unquote(parts.path.lstrip("/"))
    if not database:
        raise ImproperlyConfigured(f"{name} names no database.")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    host = options.pop("host", "") or unquote(parts.hostname or "")
    unknown = sorted(set(options) - DATABASE_OPTIONS)
    if unknown:
        raise ImproperlyConfigured(f"{name}: unknown option {', '.join(unknown)}.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": database,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(port or ""),
        "OPTIONS": {"connect_timeout": "5", **options},
    }


def replica_settings(url: str, *, like: dict[str, Any]) -> dict[str, Any]:
    """Connection settings of a replica: read only, given up on soon, otherwise ``like`` the first.

    A host that falls silent, and resets no connection, is given up on after some seconds too.
    Its tests use the database itself, for a standby cannot be written to.
    """
    found = parse_database_url(url, name="DATABASE_REPLICA_URL")
    options = {**found["OPTIONS"], "options": "-c default_transaction_read_only=on"}
    options |= REPLICA_SILENCE
    if "connect_timeout" not in url:
        options["connect_timeout"] = "2"
    kept = {name: like[name] for name in ("CONN_MAX_AGE", "CONN_HEALTH_CHECKS")}
    return {**found, **kept, "OPTIONS": options, "TEST": {"MIRROR": "default"}}


def broker_url(redis_url: str) -> str:
    """The same Redis in the spelling Celery's transport understands for Unix sockets."""
    if redis_url.startswith("unix://"):
        return "redis+socket://" + redis_url.removeprefix("unix://").replace(
            "?db=", "?virtual_host="
        )
    return redis_url


def check_redis_url(url: str, *, name: str = "REDIS_URL") -> str:
    """The address unchanged, or an error naming the variable."""
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise ImproperlyConfigured(f"{name} must begin with redis://, rediss:// or unix://.")
    return url


def socket_directory(local_dir: Path) -> Path:
    """The folder for the embedded engines' Unix sockets.

    It lies inside the local folder, unless that is so deep that a socket's path would pass the
    system's limit (108 bytes on Linux, 104 on macOS); then a private folder in the system's
    temporary one stands in, found again by every process through the same computation.
    """
    import hashlib
    import tempfile

    inside = local_dir / "run"
    longest = inside / ".s.PGSQL.5432.lock"
    if len(os.fsencode(longest)) <= 100:
        return inside
    digest = hashlib.sha256(os.fsencode(local_dir)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"portal-{os.getuid()}-{digest}"


def embedded_database_url(local_dir: Path) -> str:
    """Where the embedded PostgreSQL of this local folder listens."""
    return f"postgresql://portal@/portal?host={socket_directory(local_dir) / 'postgres'}"


def embedded_redis_url(local_dir: Path) -> str:
    """Where the embedded Valkey of this local folder listens."""
    return f"unix://{socket_directory(local_dir) / 'valkey' / 'valkey.sock'}?db=0"
