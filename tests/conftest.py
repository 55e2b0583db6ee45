"""A private PostgreSQL and Valkey for the run, and what every test may lean on."""

import contextlib
import os
import shutil
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.db import connection
from pytest_django import DjangoDbBlocker
from pytest_django.plugin import blocking_manager_key
from redis.backoff import NoBackoff
from redis.retry import Retry

from portal import addresses
from portal.embedded import engines
from tests.demo_fixture import demo as demo, demo_database as demo_database

STACK = contextlib.ExitStack()
# What migrations loaded, as one text; empty until the database is made.
MIGRATED_ROWS: list[str] = []


def pytest_configure(config: pytest.Config) -> None:
    """Start the engines before the first test asks for the database."""
    if config.option.collectonly or config.option.help:
        return
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        return  # this process only hands out the tests
    # Browser tests keep an event loop in the thread; Django's guard against async use is not meant
    # for them.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    folder = Path(os.environ["PORTAL_TEST_DIR"])
    ours = addresses.embedded_database_url(folder), addresses.embedded_redis_url(folder)
    if (os.environ["DATABASE_URL"], os.environ["REDIS_URL"]) == ours:
        STACK.callback(shutil.rmtree, folder, ignore_errors=True)
        STACK.enter_context(
            engines(folder, pg_bin=settings.EMBEDDED_PG_BIN, durable=False, keep=False)
        )


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the engines and remove their folder."""
    STACK.close()


@pytest.fixture(scope="session")
def subprocess_environment(django_db_setup: None) -> dict[str, str]:
    """The environment for portal processes that a test starts: they share the test's database.

    Such a process sees only what is committed: use `@pytest.mark.django_db(transaction=True)`.
    """
    database = settings.DATABASES["default"]["NAME"]
    head, _, tail = os.environ["DATABASE_URL"].partition("?")
    address = head.rpartition("/")[0] + "/" + database + (f"?{tail}" if tail else "")
    return {
        **os.environ,
        "DATABASE_URL": address,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "PYTHONPATH": str(settings.BASE_DIR),
    }


@pytest.fixture(scope="session")
def python() -> str:
    """The interpreter to start portal processes with."""
    return sys.executable


@pytest.fixture(autouse=True)
def _empty_cache_and_limits(request: pytest.FixtureRequest) -> Iterator[None]:
    """Rate limits and cached values of one test do not reach the next one.

    Only our own Valkey is emptied: one that REDIS_URL names may hold somebody's data.
    """
    yield
    own = addresses.embedded_redis_url(Path(os.environ["PORTAL_TEST_DIR"]))
    if "django_db_setup" in request.fixturenames and os.environ["REDIS_URL"] == own:
        with contextlib.suppress(redis.RedisError):
            client = redis.Redis.from_url(own, socket_timeout=1, retry=Retry(NoBackoff(), 0))
            client.flushdb()
            client.close()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Keep a copy of the rows that migrations loaded (kinds, groups, texts): see below."""
    with django_db_blocker.unblock():
        MIGRATED_ROWS.append(connection.creation.serialize_db_to_string())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None]:
    """A test on real commits empties every table at its end: put migrated rows back at once."""
    try:
        return (yield)
    finally:
        # Also when the test's own teardown failed: the next test needs the rows all the same.
        marker = item.get_closest_marker("django_db")
        fixtures = getattr(item, "fixturenames", ())
        on_commits = (marker and marker.kwargs.get("transaction")) or "live_server" in fixtures
        if on_commits and nextitem is not None and MIGRATED_ROWS:
            blocker = item.config.stash[blocking_manager_key]
            with blocker.unblock():
                connection.creation.deserialize_db_from_string(MIGRATED_ROWS[0])
                connection.close()
