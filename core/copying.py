"""Bulk loading by PostgreSQL's COPY, the fastest way in: about 300,000 rows a second."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from django.core.serializers.json import DjangoJSONEncoder
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from psycopg2.extras import Range

ROWS_PER_CHUNK = 2_000

_NEEDS_CARE = re.compile(r"[\\\t\n\r\x00]").search
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})

Progress = Callable[[int], None]


def copy_rows(
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    on_progress: Progress | None = None,
    using: str = DEFAULT_DB_ALIAS,
) -> int:
    """Append rows to a table, streaming: memory does not grow with their number.

    Values: None, str, bool, numbers, dates and times, bytes (bytea), UUID, psycopg2 ranges, and
    dict or list for json columns. Django's defaults do not apply: name every column that needs a
    value. `on_progress` is called with the number of rows sent so far. Returns that number at the
    end. Raises ValueError for a row of the wrong length or text with NUL, and Django's database
    errors; then nothing was written.
    """
    connection = connections[using]
    quote = connection.ops.quote_name
    source = _RowStream(rows, width=len(columns), on_progress=on_progress)
    column_list = ", ".join(quote(column) for column in columns)
    with connection.cursor() as cursor:
        try:
            # Django's cursor passes copy_expert through without making the errors its own.
            with connection.wrap_database_errors:
                cursor.copy_expert(f"COPY {quote(table)} ({column_list}) FROM STDIN", source)
        except DatabaseError:
            # psycopg2 turns what `rows` raised into "COPY from stdin failed".
            if source.error is not None:
                raise source.error from None
            raise
    return source.row_count


def copy_into_temp(
    temp_table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    like: str,
    on_progress: Progress | None = None,
    using: str = DEFAULT_DB_ALIAS,
) -> int:
    """Create a temporary table with these columns of `like`, gone at the end of the transaction,
    and copy rows into it; an earlier one of this name is replaced. Must run inside
    `transaction.atomic()`. Returns the number of rows."""
    connection = connections[using]
    quote = connection.ops.quote_name
    column_list = ", ".join(quote(column) for column in columns)
    with connection.cursor() as cursor:
        # Left by an earlier call in the same transaction.
        cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{quote(temp_table)}")
        cursor.execute(
            f"CREATE TEMPORARY TABLE {quote(temp_table)} ON COMMIT DROP AS"  # noqa: S608 -- quoted names
            f" SELECT {column_list} FROM {quote(like)} WITH NO DATA"
        )
    copied = copy_rows(temp_table, columns, rows, on_progress=on_progress, using=using)
    with connection.cursor() as cursor:
        # Autovacuum never sees temporary tables; without figures the planner guesses badly.
        cursor.execute(f"ANALYZE {quote(temp_table)}")
    return copied


def copy_text(value: object) -> str:
    """One value as COPY's text format writes it."""
    if value is None:
        return "\\N"
    # Most values of a load are whole numbers and plain words: they go first, and go fast.
    kind = type(value)
    if kind is int or (kind is str and not _NEEDS_CARE(value)):  # type: ignore[call-overload]
        return str(value)
    if isinstance(value, str):
        if "\x00" in value:
            raise ValueError("PostgreSQL text cannot hold NUL characters")
        # str() first: the text of an enum member is its value.
        return str(value).translate(_ESCAPES)
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, bytes | bytearray | memoryview):
        return "\\\\x" + bytes(value).hex()
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, dict | list):
        text = json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
        return text.translate(_ESCAPES)
    if isinstance(value, Range):
        return _range_text(value)
    return str(value).translate(_ESCAPES)


def _range_text(value: Range) -> str:
    if value.isempty:
        return "empty"
    lower, upper = (
        "" if bound is None else f'"{copy_text(bound)}"' for bound in (value.lower, value.upper)
    )
    opening, closing = value._bounds
    return f"{opening}{lower},{upper}{closing}"


class _RowStream:
    """Rows as a file that COPY reads from, made as they are asked for."""

    def __init__(
        self, rows: Iterable[Sequence[object]], *, width: int, on_progress: Progress | None
    ) -> None:
        self._rows: Iterator[Sequence[object]] = iter(rows)
        self._width = width
        self._on_progress = on_progress
        self.row_count = 0
        self.error: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        """The next rows, b"" at the end. psycopg2 takes whatever length it is given."""
        try:
            return self._next_chunk()
        except Exception as error:
            self.error = error
            raise

    def _next_chunk(self) -> bytes:
        lines = []
        for row in islice(self._rows, ROWS_PER_CHUNK):
            if len(row) != self._width:
                raise ValueError(f"A row has {len(row)} values instead of {self._width}")
            lines.append("\t".join(map(copy_text, row)))
        if not lines:
            return b""
        self.row_count += len(lines)
        if self._on_progress is not None:
            self._on_progress(self.row_count)
        lines.append("")
        return "\n".join(lines).encode()
