"""Databases as migrations left them: to copy, and after every test on real commits."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from io import BytesIO

from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction

MIGRATIONS = "django_migrations"
# A database with migrations and nothing else, to copy: nobody is ever connected to it.
MIGRATED = "test_portal_migrated"


def copy_database(source: str, target: str) -> None:
    """Make ``target`` as ``source`` is, to which nobody may be connected."""
    drop_database(target)
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{target}" TEMPLATE "{source}"')


def drop_database(name: str) -> None:
    """Remove the database, whoever is connected."""
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextlib.contextmanager
def connected_to(name: str) -> Iterator[None]:
    """Let the default connection be another one, also in threads that are started meanwhile;
    whatever is open on the usual one stays open."""
    usual = connections[DEFAULT_DB_ALIAS]
    usual_settings = connections.settings[DEFAULT_DB_ALIAS]
    other = usual.copy()
    other.settings_dict["NAME"] = name
    connections[DEFAULT_DB_ALIAS] = other
    connections.settings[DEFAULT_DB_ALIAS] = {**usual_settings, "NAME": name}
    try:
        yield
    finally:
        other.close()
        connections[DEFAULT_DB_ALIAS] = usual
        connections.settings[DEFAULT_DB_ALIAS] = usual_settings


@contextlib.contextmanager
def rolled_back() -> Iterator[None]:
    """A transaction of which nothing stays."""
    atomic = transaction.atomic()
    # As Django's TestCase marks its own: `durable=True` inside the test is no error.
    atomic._from_testcase = True  # type: ignore[attr-defined]
    with atomic:
        yield
        transaction.set_rollback(True)


class MigratedRows:
    """What migrations loaded (kinds, groups, texts, permissions), by table.

    Django's own way to empty the tables after a test on real commits takes a third of a second:
    TRUNCATE, then content types and permissions anew.
    """

    def __init__(self) -> None:
        self._tables = [t for t in connection.introspection.table_names() if t != MIGRATIONS]
        self._rows: dict[str, bytes] = {}
        with connection.cursor() as cursor:
            for table in self._tables:
                copy = BytesIO()
                cursor.copy_expert(f'COPY "{table}" TO STDOUT', copy)
                if copy.tell():
                    self._rows[table] = copy.getvalue()
            cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
            (self._may_skip_triggers,) = cursor.fetchone()

    def put_back(self) -> None:
        """Empty every table and write the rows of migrations again. Sequences go on.

        Waits for whoever still writes, as Django's way does.
        """
        quoted = [f'"{table}"' for table in self._tables]
        with transaction.atomic(), connection.cursor() as cursor:
            if self._may_skip_triggers:
                cursor.execute(
                    f"SET LOCAL session_replication_role = replica; LOCK TABLE {', '.join(quoted)};"
                    + ";".join(f"DELETE FROM {table}" for table in quoted)
                )
            else:
                cursor.execute(f"TRUNCATE {', '.join(quoted)}")
            for table, rows in self._rows.items():
                cursor.copy_expert(f'COPY "{table}" FROM STDIN', BytesIO(rows))
