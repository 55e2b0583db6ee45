"""Advisory locks between two connections."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError

from core.locks import advisory_lock, lock_key, try_advisory_lock


def elsewhere(function, *arguments):
    """Run on a connection of its own, outside the test's transaction."""

    def run():
        try:
            return function(*arguments)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


def try_in_transaction(name):
    with transaction.atomic():
        return try_advisory_lock(name)


def test_keys_are_stable_and_signed_64_bit():
    assert lock_key("unions.tree") == -3124293275416875012
    assert lock_key("unions.tree") != lock_key("unions.tree2")
    assert all(-(2**63) <= lock_key(str(n)) < 2**63 for n in range(1000))


@pytest.mark.django_db
def test_a_lock_excludes_others_until_the_transaction_ends():
    held, done = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            advisory_lock("tests.lock")
            advisory_lock("tests.lock")  # the holder may take it again
            held.set()
            done.wait(10)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(10)
    assert elsewhere(try_in_transaction, "tests.lock") is False
    assert elsewhere(try_in_transaction, "tests.other") is True
    done.set()
    holder.join()
    assert elsewhere(try_in_transaction, "tests.lock") is True


@pytest.mark.django_db
@pytest.mark.parametrize("take", [advisory_lock, try_advisory_lock])
def test_a_lock_needs_a_transaction(take):
    with pytest.raises(TransactionManagementError, match=r"tests\.lock"):
        elsewhere(take, "tests.lock")
