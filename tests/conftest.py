"""A private PostgreSQL and Valkey for the run, and what every test may lean on."""

import contextlib
import datetime as dt
import gc
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connection, connections
from django.test import TransactionTestCase
from django.utils import translation
from playwright.sync_api import Browser
from pytest_django import DjangoDbBlocker
from redis.backoff import NoBackoff
from redis.retry import Retry
from xdist.remote import Producer

from portal import addresses
from portal.embedded import engines
from tests.databases import MIGRATED, MigratedRows, copy_database, drop_database
from tests.demo_fixture import demo as demo, demo_database as demo_database
from tests.midnight import until_midnight
from tests.shared_migration import VARIABLE, SharedMigration
from tests.sharing_out import SharingOut, order_of

STACK = contextlib.ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    """Start the engines before the first test asks for the database."""
    if config.option.collectonly or config.option.help:
        return
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        # This process only hands out the tests.
        wait = until_midnight(dt.datetime.now(dt.UTC))
        if wait and config.args_source is config.ArgsSource.TESTPATHS:
            sys.stdout.write(f"The day of China ends in {wait}: the run begins after it.\n")
            sys.stdout.flush()
            time.sleep(wait.total_seconds())
        os.environ[VARIABLE] = os.environ["PORTAL_TEST_DIR"]
        STACK.callback(shutil.rmtree, os.environ[VARIABLE], ignore_errors=True)
        return
    # Browser tests keep an event loop in the thread; Django's guard against async use is not meant
    # for them.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    folder = Path(os.environ["PORTAL_TEST_DIR"])
    ours = addresses.embedded_database_url(folder), addresses.embedded_redis_url(folder)
    if (os.environ["DATABASE_URL"], os.environ["REDIS_URL"]) != ours:
        os.environ.pop(VARIABLE, None)
    else:
        STACK.callback(shutil.rmtree, folder, ignore_errors=True)
        STACK.enter_context(
            engines(folder, pg_bin=settings.EMBEDDED_PG_BIN, durable=False, keep=False)
        )


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> SharingOut | None:
    """Who does what, where several processes share the tests: see ``sharing_out``."""
    if config.option.dist != "loadfile":
        return None
    config.option.loadscopereorder = False
    return SharingOut(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In every such process in the order in which they are handed out; then spare the collector
    of garbage what stays for good."""
    if hasattr(config, "workerinput"):
        items[:] = [items[place] for place in order_of([item.nodeid for item in items])]
    gc.collect()
    gc.freeze()


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


@pytest.fixture(scope="session")
def own_valkey() -> Iterator[redis.Redis | None]:
    """Our own Valkey; None if REDIS_URL names another, which may hold somebody's data."""
    own = addresses.embedded_redis_url(Path(os.environ["PORTAL_TEST_DIR"]))
    if os.environ["REDIS_URL"] != own:
        yield None
        return
    client = redis.Redis.from_url(own, socket_timeout=1, retry=Retry(NoBackoff(), 1))
    yield client
    client.close()


@pytest.fixture(autouse=True)
def _empty_cache_and_limits(
    request: pytest.FixtureRequest, own_valkey: redis.Redis | None
) -> Iterator[None]:
    """Rate limits and cached values of one test do not reach the next one."""
    yield
    if own_valkey and "django_db_setup" in request.fixturenames:
        with contextlib.suppress(redis.RedisError):
            own_valkey.flushdb()


@pytest.fixture(autouse=True)
def _language_of_the_house() -> Iterator[None]:
    """The language that a page was asked for in does not reach the next test."""
    yield
    translation.deactivate()


@pytest.fixture(scope="session")
def browser(browser: Browser) -> Iterator[Browser]:
    """Once it is there, tests run inside its event loop, with connections of their own: closed
    before the loop ends, after which nobody can."""
    yield browser
    connections.close_all()


@pytest.fixture(scope="session")
def shared_migration() -> SharedMigration:
    """What this process has to do with the others of the run."""
    return SharedMigration()


@pytest.fixture(scope="session")
def django_db_keepdb(
    django_db_keepdb: bool,
    django_db_modify_db_settings: None,
    django_db_blocker: DjangoDbBlocker,
    shared_migration: SharedMigration,
) -> bool:
    """A database taken over from another process is used as it is; it ends with the engines."""
    if django_db_keepdb:
        return True
    creation: Any = connection.creation
    with django_db_blocker.unblock():
        return shared_migration.take_over(creation._get_test_db_name())


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, shared_migration: SharedMigration
) -> Iterator[None]:
    """After a test on real commits the rows of migrations (kinds, groups, texts) are there again.

    Also keeps a copy of the database as it is now, for databases of a test's own.
    """
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        shared_migration.write_down(connection.settings_dict["NAME"])
        migrated = MigratedRows()
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda case: migrated.put_back())
        connection.close()
        copy_database(connection.settings_dict["NAME"], MIGRATED)
        yield
        drop_database(MIGRATED)
