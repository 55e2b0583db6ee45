"""Advisory locks between two connections."""

import threading

import pytest
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError

from core.locks import advisory_lock, lock_key, try_advisory_lock


def try_elsewhere(name):
    """What another connection gets when it tries to take the lock."""
    answers = []

    def attempt():
        try:
            with transaction.atomic():
                answers.append(try_advisory_lock(name))
        finally:
            connection.close()

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    return answers[0]


def test_keys_are_stable_and_signed_64_bit():
    assert lock_key("unions.tree") == -3124293275416875012
    assert lock_key("unions.tree") != lock_key("unions.tree2")
    assert all(-(2**63) <= lock_key(str(n)) < 2**63 for n in range(1000))


@pytest.mark.django_db(transaction=True)
def test_a_lock_excludes_others_until_the_transaction_ends():
    with transaction.atomic():
        advisory_lock("tests.lock")
        advisory_lock("tests.lock")  # the holder may take it again
        assert try_elsewhere("tests.lock") is False
        assert try_elsewhere("tests.other") is True
    assert try_elsewhere("tests.lock") is True


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("take", [advisory_lock, try_advisory_lock])
def test_a_lock_needs_a_transaction(take):
    with pytest.raises(TransactionManagementError, match=r"tests\.lock"):
        take("tests.lock")
