"""Named locks in PostgreSQL, held until the transaction ends."""

from __future__ import annotations

import hashlib

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.transaction import TransactionManagementError


def advisory_lock(name: str, *, using: str = DEFAULT_DB_ALIAS) -> None:
    """Wait for the lock of this name and hold it until the surrounding transaction ends.

    May be taken again by its holder. Take it before any row lock, and read what you compute from
    only afterwards. Raises TransactionManagementError outside `transaction.atomic()`.
    """
    _require_transaction(name, using)
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [lock_key(name)])


def try_advisory_lock(name: str, *, using: str = DEFAULT_DB_ALIAS) -> bool:
    """As `advisory_lock`, without waiting: False if somebody else holds it."""
    _require_transaction(name, using)
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock_key(name)])
        row = cursor.fetchone()
    return bool(row[0])


def lock_key(name: str) -> int:
    """The signed 64-bit key of a name, the same in every process and release."""
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _require_transaction(name: str, using: str) -> None:
    if not connections[using].in_atomic_block:
        raise TransactionManagementError(
            f"The lock {name!r} lives as long as a transaction: take it inside atomic()."
        )
