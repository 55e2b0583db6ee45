"""The world of the dashboards: built once a run, into a database of its own."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest
from django.db import transaction
from pytest_django import DjangoDbBlocker

from tests.databases import MIGRATED, connected_to, copy_database, drop_database, rolled_back
from tests.reports.world import World, build_world

DATABASE = "test_portal_reports"


@pytest.fixture(scope="session")
def built_world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """The world as it was built; tests ask for ``world``."""
    with django_db_blocker.unblock():
        copy_database(MIGRATED, DATABASE)
        with connected_to(DATABASE), transaction.atomic():
            world = build_world()
    yield world
    with django_db_blocker.unblock():
        drop_database(DATABASE)


@pytest.fixture
def world(built_world: World, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """The world and nothing else, in a transaction that is rolled back after the test."""
    with django_db_blocker.unblock(), connected_to(DATABASE), rolled_back():
        yield copy.deepcopy(built_world)
