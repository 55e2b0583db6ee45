"""COPY into real tables."""

import datetime
import uuid
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, given, settings as hypothesis_settings, strategies as st
from psycopg2.extras import DateRange

from core.copying import copy_into_temp, copy_rows

pytestmark = pytest.mark.django_db

MOMENT = datetime.datetime(2023, 9, 6, 12, 30, 15, 5, tzinfo=datetime.UTC)
LABELLED = ("position", "label", "flag")
AWKWARD = "a\tb\nc\rd\\e\\N,\"'王小明·𠮷"


@pytest.fixture
def table():
    """A table with a column of every supported type."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE copied (position int, label text, flag boolean, token bytea,"
            " day date, moment timestamptz, amount numeric, ratio float, key uuid, extra jsonb,"
            " period daterange) ON COMMIT DROP"
        )
    return "copied"


def fetch(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def test_every_type_arrives_as_it_was(table):
    key = uuid.uuid4()
    period = DateRange(datetime.date(2023, 1, 1), None, "[)")
    full = (
        1,
        AWKWARD,
        True,
        b"\x00\xff\\x",
        datetime.date(2023, 9, 6),
        MOMENT,
        Decimal("12.340"),
        0.1,
        key,
        {"名": [AWKWARD, None, 1.5]},
        period,
    )
    columns = [*LABELLED, "token", "day", "moment", "amount", "ratio", "key", "extra", "period"]
    assert copy_rows(table, columns, [full, (2, *[None] * 10)]) == 2
    stored, empty = fetch("SELECT * FROM copied ORDER BY position")
    # Django leaves jsonb to its fields, which a raw cursor does not have.
    assert stored[:3] == full[:3]
    assert bytes(stored[3]) == full[3]
    assert (*stored[4:8], str(stored[8])) == (*full[4:8], str(key))
    assert stored[10] == period
    assert empty == (2, *[None] * 10)
    assert fetch("SELECT extra->'名'->>0, extra->'名'->>2 FROM copied WHERE position = 1") == [
        (AWKWARD, "1.5")
    ]


TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))


@hypothesis_settings(
    max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.lists(st.none() | TEXT, min_size=1, max_size=20))
def test_any_text_survives(table, texts):
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE copied")
    copy_rows(table, ["position", "label"], list(enumerate(texts)))
    assert [row[0] for row in fetch("SELECT label FROM copied ORDER BY position")] == texts


def test_rows_stream_in_chunks_and_report_progress(table):
    progress: list[int] = []
    generator = ((number, "x") for number in range(5_001))
    assert copy_rows(table, ["position", "label"], generator, on_progress=progress.append) == 5_001
    assert progress == [2_000, 4_000, 5_001]
    assert fetch("SELECT count(*), sum(position) FROM copied") == [(5_001, 12_502_500)]


def test_no_rows_are_fine(table):
    assert copy_rows(table, ["position"], []) == 0


@pytest.mark.parametrize(
    ("row", "message"),
    [((1,), "1 values instead of 2"), ((1, "a\x00b"), "cannot hold NUL")],
)
def test_bad_rows_stop_the_whole_copy(table, row, message):
    with pytest.raises(ValueError, match=message), transaction.atomic():
        copy_rows(table, ["position", "label"], [(0, "fine"), row])
    assert fetch("SELECT count(*) FROM copied") == [(0,)]


def test_what_the_rows_raise_comes_through(table):
    def rows():
        yield (1,)
        raise KeyError("lost")

    with pytest.raises(KeyError, match="lost"), transaction.atomic():
        copy_rows(table, ["position"], rows())


def test_what_the_database_refuses_is_djangos_error(table):
    with pytest.raises(DatabaseError, match="invalid input syntax"), transaction.atomic():
        copy_rows(table, ["position"], [("one",)])


def test_temporary_table_takes_the_columns_asked_for(table):
    rows = [(1, "a"), (2, "b")]
    assert copy_into_temp("part", ["position", "label"], rows, like=table) == 2
    assert fetch("SELECT * FROM part ORDER BY position") == rows
