"""Dashboards read a real streaming standby while it keeps up, and the database when it does not."""

from __future__ import annotations

import datetime as dt
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.test import Client

from accounts.models import User
from core.replica import REPLICA
from portal import replica
from portal.addresses import REPLICA_SILENCE, embedded_database_url, replica_settings
from portal.embedded.postgres import ROLE, Postgres
from portal.embedded.processes import Child, wait_until
from reports.models import DailyCount
from reports.nightly import run_nightly
from tests.builders import make_membership, make_official, make_union
from unions.enums import Role
from unions.models import Appointment, Union

DAY = dt.date(2024, 3, 15)


class Standby(Postgres):
    """A copy of the tests' server that follows its stream."""

    def _initialise(self, major: int) -> None:
        host = settings.DATABASES["default"]["HOST"]
        self._run(
            "pg_basebackup", "-h", host, "-U", ROLE, "-D", str(self.data),
            "-R", "-X", "stream", "-c", "fast", "--no-sync",
        )  # fmt: skip


@dataclass
class Running:
    """The standby and its process."""

    engine: Standby
    child: Child

    def ask(self, sql: str) -> Any:
        """One value, or None, by a connection of its own."""
        database = settings.DATABASES["default"]["NAME"]
        with psycopg2.connect(host=str(self.engine.socket_dir), user=ROLE, dbname=database) as own:
            own.autocommit = True
            cursor = own.cursor()
            cursor.execute(sql)
            return cursor.fetchone()[0]

    def catch_up(self) -> None:
        """Wait until it holds what the database holds."""
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_current_wal_insert_lsn()")
            (position,) = cursor.fetchone()
        wanted = f"SELECT pg_last_wal_replay_lsn() >= '{position}'"
        assert wait_until(lambda: self.ask(wanted), seconds=10)


@pytest.fixture
def standby(tmp_path: Path, settings: Any, transactional_db: None) -> Iterator[Running]:
    """A standby, configured as the portal's replica."""
    engine = Standby(tmp_path, durable=False)
    engine.prepare()
    child = engine.start()
    try:
        engine.wait_ready(child)
        address = embedded_database_url(tmp_path)
        found = replica_settings(address, like=settings.DATABASES["default"])
        found["NAME"] = settings.DATABASES["default"]["NAME"]
        configured = connections.configure_settings(
            {"default": dict(settings.DATABASES["default"]), REPLICA: found}
        )
        # Beside the tests' own connections, which Django guards.
        connections[REPLICA] = DatabaseWrapper(configured[REPLICA], REPLICA)
        settings.DATABASE_REPLICA_URL = address
        replica.forget()
        yield Running(engine, child)
    finally:
        replica.forget()
        settings.DATABASE_REPLICA_URL = ""
        connections[REPLICA].close()
        del connections[REPLICA]
        child.stop()


def is_behind() -> bool:
    """Whether it is known to be behind; the database writes its log a moment after the commit."""
    replica.forget()
    lag = replica.lag_of_replica()
    return lag is not None and lag > dt.timedelta(0)


def members_shown(client: Client) -> tuple[int, bool]:
    """What the page says, and whether it says that it is behind."""
    answer = client.get("/dashboard/", {"day": DAY.isoformat()})
    assert answer.status_code == 200
    return answer.context["front"].figures.members, "较主库滞后" in answer.content.decode()


def test_dashboards_follow_the_standby_say_its_lag_and_do_without_it(
    standby: Running, settings: Any, client: Client
) -> None:
    settings.REPLICA_LAG_SHOWN_SECONDS = 3600
    settings.REPLICA_MAX_LAG_SECONDS = 7200
    city = make_union("市总", "city_federation")
    town = make_union("镇工会", "township_union", make_union("县总", "county_federation", city))
    make_membership(town, group="courier", on="2024-03-01")
    run_nightly(DAY)
    leader = make_official("leader", city, Role.LEADER)
    client.force_login(leader)
    standby.catch_up()
    assert members_shown(client) == (1, False)
    assert standby.ask("SELECT pg_is_in_recovery()") is True

    # A figure that the database has and the standby has not: the page is read from the standby.
    standby.ask("SELECT pg_wal_replay_pause()::text")
    DailyCount.objects.filter(union=city).update(members=5)
    assert wait_until(is_behind, seconds=5)
    assert members_shown(client) == (1, False)
    settings.REPLICA_LAG_SHOWN_SECONDS = 0
    assert members_shown(client) == (1, True)
    # Only figures are late; who may see them is not.
    Appointment.objects.update(ends_on="2024-01-01")
    assert client.get("/dashboard/").status_code == 403
    Appointment.objects.update(ends_on=None)

    # Too far behind: the database itself.
    settings.REPLICA_MAX_LAG_SECONDS = 0
    replica.forget()
    assert members_shown(client) == (5, False)

    # Back, and gone in the midst of a page that counts on it.
    settings.REPLICA_MAX_LAG_SECONDS = 7200
    settings.REPLICA_LAG_SHOWN_SECONDS = 3600
    replica.forget()
    assert members_shown(client) == (1, False)
    os.kill(standby.child.pid, signal.SIGKILL)
    standby.child.wait(10)
    assert replica.lag_of_replica() is not None  # not asked again yet
    assert members_shown(client) == (5, False)
    assert replica.lag_of_replica() is None
    replica.forget()
    assert members_shown(client) == (5, False)
    with pytest.raises(OperationalError):
        connections[REPLICA].ensure_connection()


def test_writes_rights_and_everything_else_stay_with_the_database() -> None:
    router = replica.ReplicaRouter()
    with replica.figures_read_from(REPLICA):
        assert router.db_for_read(Union) == REPLICA
        assert router.db_for_read(DailyCount) == REPLICA
        assert router.db_for_read(Appointment) == "default"
        assert router.db_for_read(User) == router.db_for_read(Session) == "default"
        assert router.db_for_write(Union) == "default"
    assert router.db_for_read(Union) == "default"
    assert router.allow_migrate(REPLICA, "reports") is False


def test_settings_of_a_replica() -> None:
    like = {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
    found = replica_settings("postgresql://portal@standby:5433/portal", like=like)
    assert (found["HOST"], found["PORT"], found["CONN_MAX_AGE"]) == ("standby", "5433", 60)
    assert found["OPTIONS"] == {
        "connect_timeout": "2",
        "options": "-c default_transaction_read_only=on",
        **REPLICA_SILENCE,
    }
    with pytest.raises(ImproperlyConfigured, match="DATABASE_REPLICA_URL"):
        replica_settings("mysql://x/y", like=like)
