"""Measuring: rows as agreed, data of its own that is gone afterwards."""

import contextlib
import json
import subprocess
import sys
from io import StringIO
from typing import Any

import psycopg2.extensions
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from portal.addresses import parse_database_url
from portal.benchmarks.place import PREFIX, Place, database_url
from portal.benchmarks.rows import Row, percentile
from portal.benchmarks.suites import NAMES
from tests.databases import MIGRATED

KEYS = {"suite", "name", "value", "unit", "floor", "ratio", "n"}


def connect(database: str = "postgres") -> psycopg2.extensions.connection:
    server = settings.DATABASES["default"]
    connection = psycopg2.connect(host=server["HOST"], user=server["USER"], dbname=database)
    connection.autocommit = True
    return connection


def databases() -> set[str]:
    with contextlib.closing(connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database")
        return {name for (name,) in cursor.fetchall() if name.startswith(PREFIX)}


def bench(*arguments: str) -> tuple[list[dict[str, Any]], str]:
    out, err = StringIO(), StringIO()
    call_command("bench", *arguments, "--json", stdout=out, stderr=err)
    return [json.loads(line) for line in out.getvalue().splitlines()], err.getvalue()


# The newest but for one thing: without it, and without its note, a copy is left to migrate.
LEFT_OUT = ("stations", "0003_position_index", "stations_position")


@pytest.fixture
def migrated_but_for_one(django_db_setup: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The empty database to fill is a copy of the migrated one without its last migration, which is
    there when the suites get theirs: that an empty one is migrated from nothing, `up` shows."""
    create = Place.create
    app, name, index = LEFT_OUT

    def create_copy(place: Place, database: str, *, template: str | None = None) -> None:
        create(place, database, template=template or MIGRATED)
        with contextlib.closing(connect(database)) as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM django_migrations WHERE app = %s AND name = %s", [app, name]
            )
            assert cursor.fetchone() == (1,)
            if template is None:
                cursor.execute(f"DROP INDEX {index}")
                cursor.execute(
                    "DELETE FROM django_migrations WHERE app = %s AND name = %s", [app, name]
                )

    monkeypatch.setattr(Place, "create", create_copy)


@pytest.mark.stack
@pytest.mark.django_db
@pytest.mark.usefixtures("migrated_but_for_one")
def test_rows_as_agreed_and_nothing_left() -> None:
    rows, notes = bench("signup", "nearest", "--members", "200", "--unions", "20")
    assert [(row["suite"], row["name"], row["unit"]) for row in rows] == [
        ("signup", "signup", "1/s"),
        ("signup", "signup_in_project", "1/s"),
        ("signup", "signup_p50_ms", "ms"),
        ("signup", "signup_p99_ms", "ms"),
        ("signup", "signup_lost", "persons"),
        ("signup", "signup_doubled", "persons"),
        *(
            ("signup", f"{page}_{kind}_ms", "ms")
            for page in ("signup", "receipt")
            for kind in ("stranger", "member", "waiting")
        ),
        ("nearest", "nearest", "ms"),
    ]
    assert all(set(row) == KEYS for row in rows)
    by_name = {row["name"]: row for row in rows}
    assert by_name["signup_lost"]["value"] == by_name["signup_doubled"]["value"] == 0
    assert by_name["signup_lost"]["floor"] is None
    assert by_name["signup"]["n"] == 220
    assert by_name["nearest"]["n"] == 1000
    assert by_name["signup_member_ms"]["n"] == by_name["receipt_waiting_ms"]["n"] == 20
    for name in ("signup", "signup_member_ms", "receipt_waiting_ms", "nearest"):
        row = by_name[name]
        assert row["value"] > 0
        assert row["floor"] > 0
        assert row["ratio"] == pytest.approx(row["value"] / row["floor"], rel=0.01)
    assert "200 members, 20 unions" in notes
    assert databases() == set()


def test_kept_databases_are_named_and_a_time_limit_ends_it() -> None:
    err = StringIO()
    short = ("bench", "nearest", "--members", "200", "--unions", "20", "--time-limit", "0.3")
    with pytest.raises(CommandError, match="the time limit is over"):
        call_command(*short, "--keep", stderr=err)
    (kept,) = databases()
    assert f"kept: {kept}" in err.getvalue()
    with contextlib.closing(connect()) as connection, connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{kept}" WITH (FORCE)')
    with pytest.raises(CommandError, match="the time limit is over"):
        call_command(*short, stderr=err)
    assert databases() == set()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["import"], "there is no suite “import” yet: what it measures is still to come"),
        (["nothing"], f"no suite “nothing”; there are {', '.join(NAMES)}"),
        (["nearest", "scale"], "“scale” grows its database: measure it alone"),
        (["nearest", "--members", "5"], "at least 100 members and 10 unions are needed"),
    ],
)
def test_refusals(arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError) as refusal:
        call_command("bench", *arguments)
    assert str(refusal.value) == message


def test_row_is_rounded_and_its_ratio_computed() -> None:
    assert Row("s", "n", 123.456789, "ms", 41.0, 7).as_dict() == {
        "suite": "s", "name": "n", "value": 123.5, "unit": "ms", "floor": 41.0, "ratio": 3.011,
        "n": 7,
    }  # fmt: skip
    assert Row("s", "n", 0, "persons", None, 7).as_dict()["ratio"] is None
    assert Row("s", "n", 0.00123412, "s", 0.0, 7).as_dict()["value"] == 0.001234


def test_percentile_is_a_value_that_occurred() -> None:
    values = [float(number) for number in range(1, 21)]
    assert [percentile(values, share) for share in (0.0, 0.5, 0.95, 1.0)] == [1, 10, 19, 20]
    assert percentile([3.0], 0.95) == 3.0


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://portal@/portal?host=/run/my folder",
        "postgresql://me:s%2Fcr%3At@db.example.org:6432/po%20rtal?sslmode=require",
        "postgresql://me@[::1]:5432/portal",
    ],
)
def test_address_is_read_back_as_it_was(url: str) -> None:
    settings_of = parse_database_url(url)
    assert parse_database_url(database_url(settings_of)) == settings_of


def test_child_does_not_inherit_the_places_secrets() -> None:
    code = (
        "import os; os.environ['SECRET_KEY']='x'; from pathlib import Path\n"
        "from portal.benchmarks.place import Place\n"
        "server={'USER':'u','NAME':'n','HOST':'/s'}\n"
        "print(sorted(Place(server,'unix:///v',Path('/f'),'portal_bench_1').environment('d')))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout
    assert "SECRET_KEY" not in printed
    assert "'DATABASE_URL'" in printed
