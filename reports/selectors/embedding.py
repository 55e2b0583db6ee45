"""A queryset as part of a larger statement: scope is written once, in the querysets."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import QuerySet


def embedded(rows: QuerySet[Any, Any], prefix: str, values: dict[str, Any]) -> str:
    """The SQL of ``rows`` with named parameters, which are put into ``values``.

    Names begin with ``prefix``. A queryset that is known to be empty becomes a query without rows.
    """
    try:
        sql, parameters = rows.query.sql_with_params()
    except EmptyResultSet:
        columns = len(rows.query.values_select) + len(rows.query.annotation_select)
        return f"SELECT {', '.join(['NULL'] * max(columns, 1))} WHERE false"
    names = [f"{prefix}_{number}" for number in range(len(parameters))]
    values.update(zip(names, parameters, strict=True))
    return sql % tuple(f"%({name})s" for name in names)
