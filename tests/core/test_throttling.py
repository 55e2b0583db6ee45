"""Rate limits against a real Valkey, and without one."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from django.conf import settings

from core import throttling
from core.throttling import RateLimit, allow_all


@pytest.fixture(autouse=True)
def closed_breaker(monkeypatch):
    """Each test starts with a breaker of its own."""
    breaker = throttling._CircuitBreaker()
    monkeypatch.setattr(throttling, "_breaker", breaker)
    return breaker


@pytest.fixture
def limit(settings):
    """A limit of three a minute with a name that no other test uses."""
    limit = RateLimit(f"test-{time.monotonic_ns()}", 3, 60)
    yield limit
    limit.reset("1.2.3.4")
    limit.reset("5.6.7.8")


def test_the_fourth_call_is_too_many_and_keys_do_not_share(limit):
    assert [limit.allow("1.2.3.4") for _ in range(5)] == [True, True, True, False, False]
    assert limit.allow("5.6.7.8")
    limit.reset("1.2.3.4")
    assert limit.allow("1.2.3.4")


def test_several_limits_are_counted_at_once(limit):
    narrow = RateLimit(f"{limit.name}-narrow", 1, 60)
    assert allow_all((limit, "1.2.3.4"), (narrow, "a")) is True
    assert allow_all((limit, "1.2.3.4"), (narrow, "a")) is False  # by the second one
    assert allow_all((limit, "1.2.3.4"), (narrow, "b")) is True
    assert allow_all((limit, "1.2.3.4"), (narrow, "c")) is False  # by the first one
    narrow_key = throttling._client(settings.REDIS_URL).ttl(narrow.redis_key("a"))
    assert 55 <= narrow_key <= 60


def test_a_connection_that_the_server_has_closed_is_opened_anew(limit):
    assert limit.allow("1.2.3.4")
    held = throttling._connection(settings.REDIS_URL)
    held.send_command("CLIENT", "ID")
    throttling._client(settings.REDIS_URL).client_kill_filter(_id=held.read_response())
    assert [limit.allow("1.2.3.4") for _ in range(3)] == [True, True, False]


def test_calls_at_the_same_time_are_all_counted(limit):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(limit.allow, ["1.2.3.4"] * 40))
    assert sum(answers) == 3


def test_the_counter_expires_and_holds_no_address(limit, settings):
    client = redis.Redis.from_url(settings.REDIS_URL)
    limit.allow("1.2.3.4")
    key = limit.redis_key("1.2.3.4")
    assert "1.2.3.4" not in key
    assert 0 < client.ttl(key) <= 60
    client.persist(key)  # as if a crash had left it without expiry
    limit.allow("1.2.3.4")
    assert 0 < client.ttl(key) <= 60
    client.close()


def test_a_window_ends():
    limit = RateLimit(f"test-{time.monotonic_ns()}", 1, 1)
    assert limit.allow("a")
    assert not limit.allow("a")
    time.sleep(1.1)
    assert limit.allow("a")


def test_without_redis_everything_is_allowed_and_said_once(settings, caplog, closed_breaker):
    with socket.socket() as listener:  # a port where nobody answers
        listener.bind(("127.0.0.1", 0))
        settings.REDIS_URL = f"redis://:hidden@127.0.0.1:{listener.getsockname()[1]}/0"
        limit = RateLimit("test-down", 1, 60)
        assert [limit.allow("1.2.3.4") for _ in range(50)] == [True] * 50
        closed_breaker._open_until = 0.0  # the pause is over, Redis still away
        assert limit.allow("1.2.3.4")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "1.2.3.4" not in caplog.text
    assert "hidden" not in caplog.text


def test_a_redis_that_hangs_costs_one_short_wait(settings):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        settings.REDIS_URL = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        limit = RateLimit("test-hangs", 1, 60)
        started = time.monotonic()
        assert all(limit.allow("a") for _ in range(20))
        assert time.monotonic() - started < 1.5


def test_the_breaker_closes_when_redis_is_back(limit, caplog, closed_breaker):
    caplog.set_level("INFO", logger="core.throttling")
    closed_breaker.record_failure(ConnectionError())
    assert [limit.allow("1.2.3.4") for _ in range(5)] == [True] * 5
    closed_breaker._open_until = 0.0
    assert [limit.allow("1.2.3.4") for _ in range(5)] == [True, True, True, False, False]
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
