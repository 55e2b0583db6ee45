"""Encrypting old values again under the first key and the set algorithm, while the site runs.

Which rows are due is read off the tokens themselves, so there is no state to lose: an interrupted
rotation goes on where it stopped. Rows are taken in batches of short transactions, locked against
a change meanwhile; a row that somebody else holds is passed over and found by the next pass, so
that nobody waits and no concurrent edit is overwritten.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection, transaction

from core.encryption import ALGORITHMS, DecryptionError, active_header, decrypt, encrypt
from members.personal_fields import ENCRYPTED_COLUMNS, EncryptedColumn

BATCH = 500
# A process that was not restarted yet goes on writing under the old key: no endless chase.
PASSES = 5
CIPHER_NAMES = {number: name for name, number in ALGORITHMS.items()}


@dataclass
class Outcome:
    """Of one column: tokens written anew, tokens that no key opens, and those still due."""

    rotated: int = 0
    unreadable: int = 0
    left: int = 0


def count_by_key(column: EncryptedColumn) -> Counter[tuple[str, str]]:
    """How many tokens were made with which cipher and key id. Erased values are not counted."""
    table, name, _key = _names(column)
    # The header is two bytes and the key id, whose length the second byte tells.
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT get_byte({name}, 0), substring({name} FROM 3 FOR get_byte({name}, 1)),"
            f" count(*) FROM {table} WHERE length({name}) > 2 GROUP BY 1, 2"
        )
        return Counter(
            {
                (CIPHER_NAMES.get(cipher, "?"), bytes(key_id).decode("ascii", "replace")): count
                for cipher, key_id, count in cursor.fetchall()
            }
        )


def count_due(column: EncryptedColumn) -> int:
    """How many tokens are not under the first key and the set cipher."""
    table, name, _key = _names(column)
    header = active_header()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM {table} WHERE length({name}) > 0"
            f" AND substring({name} FROM 1 FOR %s) <> %s",
            [len(header), header],
        )
        return int(cursor.fetchone()[0])


def rotate_column(
    column: EncryptedColumn, *, on_progress: Callable[[int], None] = lambda count: None
) -> Outcome:
    """Bring every token of ``column`` to the first key; ``on_progress`` gets the rows of a batch.

    To be called outside a transaction: each batch commits by itself. Tokens that no key opens stay
    as they are and are counted once.
    """
    outcome = Outcome()
    for _pass in range(PASSES):
        last, unreadable = 0, 0
        while True:
            last, taken, bad = _rotate_batch(column, after=last)
            unreadable += bad
            outcome.rotated += taken - bad
            on_progress(taken)
            if not taken:
                break
        outcome.unreadable = unreadable
        outcome.left = count_due(column)
        if outcome.left <= unreadable:
            break
    return outcome


def _rotate_batch(column: EncryptedColumn, *, after: int) -> tuple[int, int, int]:
    """The last key of the batch, its rows, and how many of them no key opens."""
    table, name, key = _names(column)
    header = active_header()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {key}, {name} FROM {table} WHERE {key} > %s AND length({name}) > 0"
            f" AND substring({name} FROM 1 FOR %s) <> %s"
            f" ORDER BY {key} LIMIT %s FOR NO KEY UPDATE SKIP LOCKED",
            [after, len(header), header, BATCH],
        )
        rows = cursor.fetchall()
        fresh, bad = [], 0
        for pk, token in rows:
            try:
                plaintext = decrypt(token, context=column.context)
            except DecryptionError:
                bad += 1
                continue
            fresh.append((pk, bytes(token), encrypt(plaintext, context=column.context)))
        if fresh:
            keys, old, new = map(list, zip(*fresh, strict=True))
            # The rows are locked; that the old value still stands there is asked all the same.
            cursor.execute(
                f"UPDATE {table} SET {name} = v.new"
                " FROM unnest(%s::bigint[], %s::bytea[], %s::bytea[]) AS v(pk, old, new)"
                f" WHERE {table}.{key} = v.pk AND {table}.{name} = v.old",
                [keys, old, new],
            )
    return (rows[-1][0] if rows else after), len(rows), bad


def due_columns() -> dict[EncryptedColumn, int]:
    """Every registered column with the number of tokens that are due."""
    return {column: count_due(column) for column in ENCRYPTED_COLUMNS}


def _names(column: EncryptedColumn) -> tuple[str, str, str]:
    """Table, column and primary key, quoted for SQL."""
    quote = connection.ops.quote_name
    meta = column.model._meta
    assert meta.pk is not None
    return quote(meta.db_table), quote(column.name), quote(meta.pk.name)
