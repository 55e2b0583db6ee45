"""Checksums over what a step of the night wrote: the same rows give the same number."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django.db import connection, models

from reports.runs import Written


def with_checksum(
    work: Callable[[dt.date], int], model: type[models.Model]
) -> Callable[[dt.date], Written]:
    """``work`` of a step, with the checksum over the rows of ``model`` that stand for the day."""

    def written(day: dt.date) -> Written:
        rows = work(day)
        return Written(rows, checksum_of(model, day))

    return written


def checksum_of(model: type[models.Model], day: dt.date) -> int:
    """Over the rows of ``day``, whatever their order; 0 of none. A number given to a row by a
    sequence does not count: another run gives another one."""
    columns = ", ".join(
        field.column
        for field in model._meta.concrete_fields
        if field.column is not None and not field.primary_key
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT COALESCE(BIT_XOR(hash_record_extended(ROW({columns}), 0)), 0)"
            f" FROM {model._meta.db_table} WHERE day = %s",
            [day],
        )
        return int(cursor.fetchone()[0])
