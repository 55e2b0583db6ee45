"""A further key for the keyed hashes by which ID numbers and phones are found.

The hash is a chain: ``BLIND_INDEX_KEY`` may hold several keys, each applied to what the one before
gave. A rotation adds a link, so it needs the stored hashes only: members whose numbers have been
erased stay findable, and an old key that got out is worth nothing without the new one. All tables
change in one transaction; a rotation that dies has changed nothing. While it runs, and until every
process has been started with the longer chain, the site must stand still: what it hashed with the
shorter one would not be found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum

from django.conf import settings
from django.db import connection, transaction

from core.encryption import DecryptionError, blind_index, decrypt, next_blind_index
from members.personal_fields import ENCRYPTED_COLUMNS, HASH_COLUMNS, HashColumns

BATCH = 5_000
SAMPLE = 20


class Fit(Enum):
    """Which chain of keys the stored hashes were made with."""

    CURRENT = "current"
    NEXT = "next"
    NEITHER = "neither"
    UNKNOWN = "unknown"  # no row whose number is still there


class WrongChain(Exception):
    """The stored hashes do not belong to the configured keys; nothing was changed."""

    def __init__(self, fit: Fit) -> None:
        super().__init__(fit.value)
        self.fit = fit


def stored_hashes_fit(next_key: str = "") -> Fit:
    """Compare stored hashes with those of the decrypted values of the same rows."""
    found = set()
    for value, context, stored in _samples():
        current = blind_index(value, context=context)
        if stored == current:
            found.add(Fit.CURRENT)
        elif next_key and stored == next_blind_index(current, next_key=next_key):
            found.add(Fit.NEXT)
        else:
            found.add(Fit.NEITHER)
    if not found:
        return Fit.UNKNOWN
    return found.pop() if len(found) == 1 else Fit.NEITHER


def other_connections() -> int:
    """How many other processes are connected to this database as the portal's user."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND usename = current_user AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
        return int(cursor.fetchone()[0])


def count_hashed_rows() -> int:
    """The rows a rotation will write."""
    return sum(columns.model._default_manager.count() for columns in HASH_COLUMNS)


def rotate_blind_index(
    next_key: str,
    *,
    although_unknown: bool = False,
    on_progress: Callable[[int], None] = lambda count: None,
) -> int:
    """Add ``next_key`` (base64) to every stored hash; the number of rows written.

    Afterwards ``BLIND_INDEX_KEY`` must be its old value, a comma and ``next_key``. Raises
    WrongChain, with nothing changed, unless the stored hashes belong to the configured key
    (``although_unknown``: or no row is left to tell by).
    """
    if not next_key or next_key in settings.BLIND_INDEX_KEY.split(","):
        raise WrongChain(Fit.NEXT)
    written = 0
    with transaction.atomic():
        quote = connection.ops.quote_name
        tables = [columns.model._meta.db_table for columns in HASH_COLUMNS]
        with connection.cursor() as cursor:
            # Readers pass; whoever would write waits for the end.
            cursor.execute(f"LOCK TABLE {', '.join(map(quote, tables))} IN EXCLUSIVE MODE")
        fit = stored_hashes_fit(next_key)
        if fit is not Fit.CURRENT and not (fit is Fit.UNKNOWN and although_unknown):
            raise WrongChain(fit)
        for columns in HASH_COLUMNS:
            for count in _rotate_table(columns, next_key):
                written += count
                on_progress(count)
        if stored_hashes_fit(next_key) not in (Fit.NEXT, Fit.UNKNOWN):
            raise WrongChain(Fit.NEITHER)
    return written


def _rotate_table(columns: HashColumns, next_key: str) -> Iterator[int]:
    quote = connection.ops.quote_name
    table = quote(columns.model._meta.db_table)
    names = [quote(name) for name in columns.names]
    arrays = ", ".join(["%s::bigint[]", *["%s::bytea[]"] * len(names)])
    fields = ", ".join(["pk", *(f"h{place}" for place in range(len(names)))])
    assignments = ", ".join(f"{name} = v.h{place}" for place, name in enumerate(names))
    last = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                f"SELECT id, {', '.join(names)} FROM {table} WHERE id > %s ORDER BY id LIMIT %s",
                [last, BATCH],
            )
            rows = cursor.fetchall()
            if not rows:
                return
            fresh = [
                [next_blind_index(value, next_key=next_key) if value else value for value in held]
                for _pk, *held in rows
            ]
            cursor.execute(
                f"UPDATE {table} SET {assignments} FROM unnest({arrays}) AS v({fields})"
                f" WHERE {table}.id = v.pk",
                [[row[0] for row in rows], *map(list, zip(*fresh, strict=True))],
            )
            last = rows[-1][0]
            yield len(rows)


def _samples() -> Iterator[tuple[str, str, bytes]]:
    """Value, context and stored hash of the newest and the oldest rows of each table."""
    hashed = {columns.model: columns.names for columns in HASH_COLUMNS}
    for column in ENCRYPTED_COLUMNS:
        hash_name = column.name.replace("_encrypted", "_hash")
        if hash_name not in hashed.get(column.model, ()):
            continue
        rows = column.model._default_manager.exclude(**{column.name: b""})
        for order in ("pk", "-pk"):
            chosen = rows.order_by(order).values_list(column.name, hash_name)[:SAMPLE]
            for token, stored in chosen:
                try:
                    yield decrypt(token, context=column.context), column.context, bytes(stored)
                except DecryptionError:
                    continue
