"""The demo for tests: loaded once a run, small scale, into a database of its own.

``tests/conftest.py`` imports the two fixtures. A test that asks for ``demo`` sees the loaded demo
through the default connection, in a transaction that is rolled back. What fixtures made before it
through ``db`` lies in the usual test database, out of sight.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from pytest_django import DjangoDbBlocker

from core.clock import local_today
from portal.demo.federations import federation_of
from portal.demo.loading import PartOutcome, Scale, load_demo
from reports.selectors.counts import read_counts
from tests.databases import MIGRATED, connected_to, copy_database, drop_database, rolled_back
from unions.models import Union

DATABASE = "test_portal_demo"
COUNTY = "county_federation"
YESTERDAY = local_today() - dt.timedelta(days=1)


def count_on(union: Union, metric: str, day: dt.date, breakdown: str = "") -> int:
    """The published figure of a union on a day."""
    return read_counts([union.pk], [(metric, breakdown)], [day]).at(
        union.pk, metric, breakdown, day
    )


@dataclass(frozen=True)
class DemoDatabase:
    """Where the demo is, and what loading it reported."""

    name: str
    outcomes: tuple[PartOutcome, ...]


@dataclass(frozen=True)
class Demo:
    """What most tests on the demo begin with."""

    outcomes: tuple[PartOutcome, ...]
    nation: Union
    liaocheng: Union
    luoyang: Union
    gansu: Union


@pytest.fixture(scope="session")
def demo_database(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[DemoDatabase]:
    """A database with migrations and the demo, made when the first test asks for it."""
    with django_db_blocker.unblock():
        copy_database(MIGRATED, DATABASE)
        with connected_to(DATABASE):
            outcomes = tuple(load_demo(Scale.SMALL))
    yield DemoDatabase(DATABASE, outcomes)
    with django_db_blocker.unblock():
        drop_database(DATABASE)


@pytest.fixture
def demo(demo_database: DemoDatabase, django_db_blocker: DjangoDbBlocker) -> Iterator[Demo]:
    """The demo, in a transaction that is rolled back after the test."""
    with django_db_blocker.unblock(), connected_to(demo_database.name), rolled_back():
        yield Demo(
            outcomes=demo_database.outcomes,
            nation=federation_of(""),
            liaocheng=federation_of("3715"),
            luoyang=federation_of("4103"),
            gansu=federation_of("62"),
        )
