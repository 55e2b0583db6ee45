"""The divisions, loaded once for a module's tests and rolled back after them."""

from collections.abc import Iterator

import pytest
from django.db import transaction

from reference.loading import LoadReport, load_regions


@pytest.fixture(scope="module")
def first_load(django_db_setup, django_db_blocker) -> Iterator[LoadReport]:
    """The report of a load into empty tables. Other modules' tests never see these rows."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield load_regions()
        transaction.set_rollback(True)


@pytest.fixture
def regions(first_load, db) -> None:
    """The divisions down to the townships; what a test changes is undone."""
