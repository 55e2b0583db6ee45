"""Large sets into the database: ids from the sequences, rows by COPY, defaults from the models."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.db import connection, models
from django.utils import timezone

from core.copying import copy_rows

Tick = Callable[[int, int], None]  # rows done, rows in all


def no_tick(_done: int, _total: int) -> None:
    """For callers that show no progress."""


def reserve_ids(model: type[models.Model], count: int) -> list[int]:
    """``count`` fresh ids from the model's sequence, ascending; others may write meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, count],
        )
        return [row[0] for row in cursor.fetchall()]


def copy_records(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    constants: Mapping[str, object] | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> int:
    """COPY ``rows`` into the model's table; how many there were.

    ``columns`` (the id among them) vary by row, ``constants`` do not; every other column gets the
    default of its field, as ``save()`` would have given it.
    """
    fixed = {**_defaults(model, but={*columns, *(constants or {})}), **(constants or {})}
    tail = tuple(fixed.values())
    return copy_rows(
        model._meta.db_table,
        [*columns, *fixed],
        ((*row, *tail) for row in rows),
        on_progress=on_progress,
    )


def _defaults(model: type[models.Model], *, but: set[str]) -> dict[str, Any]:
    """Column → default of every concrete field that is not among ``but``."""
    now = timezone.now()
    found: dict[str, Any] = {}
    for field in model._meta.concrete_fields:
        if field.column is None or field.column in but or field.generated:
            continue
        is_stamp = getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
        found[field.column] = now if is_stamp else field.get_default()
    return found


def analyse(*models_to_count: type[models.Model]) -> None:
    """Give the planner figures about what was just copied."""
    with connection.cursor() as cursor:
        for model in models_to_count:
            cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")


def spread(total: int, weights: Sequence[float]) -> list[int]:
    """``total`` in whole parts proportional to ``weights``, by largest remainders; sums exactly.

    Raises ValueError when there is something to spread and nothing to spread it over.
    """
    whole = sum(weights)
    if whole <= 0:
        if total:
            raise ValueError("nothing to spread over")
        return [0] * len(weights)
    exact = [total * weight / whole for weight in weights]
    parts = [int(value) for value in exact]
    by_remainder = sorted(range(len(weights)), key=lambda i: (parts[i] - exact[i], i))
    for index in by_remainder[: total - sum(parts)]:
        parts[index] += 1
    return parts


def working_days(first: dt.date, last: dt.date) -> list[dt.date]:
    """Monday to Friday from ``first`` to ``last``, inclusive."""
    days = (first + dt.timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in days if day.weekday() < 5]
