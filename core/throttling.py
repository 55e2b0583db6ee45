"""Rate limits, counted in Redis.

A limit is a courtesy to the server, never a condition for joining: without Redis everything is
allowed. Keys hold keyed hashes only, so that neither addresses nor phone numbers can be read out
of Redis.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import os
import threading
import time
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.connection import ConnectionInterface
from redis.exceptions import NoScriptError
from redis.retry import Retry

SOCKET_TIMEOUT_SECONDS = 0.3
BREAKER_SECONDS = 15.0

logger = logging.getLogger(__name__)

# One round trip for any number of counters, and no moment in which one exists without its expiry.
_COUNT_SCRIPT = """
local within = 1
for i, key in ipairs(KEYS) do
  local count = redis.call('INCR', key)
  if count == 1 or redis.call('TTL', key) < 0 then
    redis.call('EXPIRE', key, ARGV[i])
  end
  if count > tonumber(ARGV[#KEYS + i]) then within = 0 end
end
return within
"""
_COUNT_SHA = hashlib.sha1(_COUNT_SCRIPT.encode(), usedforsecurity=False).hexdigest()


class _CircuitBreaker:
    """After a failure, lets nobody wait for Redis again for BREAKER_SECONDS. Per process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open_until = 0.0
        self._warned = False

    def is_open(self) -> bool:
        return time.monotonic() < self._open_until

    def record_failure(self, error: Exception) -> None:
        with self._lock:
            self._open_until = time.monotonic() + BREAKER_SECONDS
            warn, self._warned = not self._warned, True
        if warn:
            # The class only: the text of a Redis error may hold the address and the password.
            logger.warning("Rate limits are off: Redis does not answer (%s).", type(error).__name__)

    def record_success(self) -> None:
        if not self._warned:
            return
        with self._lock:
            recovered, self._warned = self._warned, False
            self._open_until = 0.0
        if recovered:
            logger.info("Rate limits are on again: Redis answers.")


_breaker = _CircuitBreaker()


class RateLimit:
    """At most `limit` calls per `seconds` and key, in fixed windows from a first call on."""

    def __init__(self, name: str, limit: int, seconds: int) -> None:
        self.name = name
        self.limit = limit
        self.seconds = seconds

    def allow(self, key: str) -> bool:
        """Count one call, and say whether it is still within the limit. True without Redis."""
        return allow_all((self, key))

    def reset(self, key: str) -> None:
        """Forget the calls of a key, such as after a correct log-in. Does nothing without Redis."""
        if _breaker.is_open():
            return
        try:
            _client(settings.REDIS_URL).delete(self.redis_key(key))
        except (redis.RedisError, OSError) as error:
            _breaker.record_failure(error)

    def redis_key(self, key: str) -> str:
        """The name of the counter; `key` cannot be read from it."""
        digest = hashlib.blake2b(key.encode(), digest_size=16, key=_hash_key(settings.SECRET_KEY))
        return f"throttle:{self.name}:{digest.hexdigest()}"


def allow_all(*calls: tuple[RateLimit, str]) -> bool:
    """Count one call by each ``(limit, key)`` at once, and say whether all are still within their
    limits. True without Redis."""
    if _breaker.is_open():
        return True
    arguments: tuple[str | int, ...] = (
        len(calls),
        *[limit.redis_key(key) for limit, key in calls],
        *[limit.seconds for limit, _key in calls],
        *[limit.limit for limit, _key in calls],
    )
    try:
        is_within = _count(*arguments)
    except (redis.RedisError, OSError) as error:
        _breaker.record_failure(error)
        return True
    _breaker.record_success()
    return is_within == 1


@functools.lru_cache(maxsize=4)
def _hash_key(secret: str) -> bytes:
    """Not the key of the stored hashes: counters live for minutes, and a keyed BLAKE2 of a few
    bytes, unlike an HMAC, does not let the other threads in before it is done."""
    return hashlib.sha256(b"throttling:" + secret.encode()).digest()


@functools.lru_cache(maxsize=4)
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(
        url,
        socket_timeout=SOCKET_TIMEOUT_SECONDS,
        socket_connect_timeout=SOCKET_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


_held = threading.local()


def _count(*arguments: str | int) -> Any:
    """Straight over a connection of this thread: what a client and its pool do around each command
    takes longer than the command."""
    connection = _connection(settings.REDIS_URL)
    try:
        return _ask(connection, _packed("EVALSHA", _COUNT_SHA, *arguments))
    except NoScriptError:
        return _ask(connection, _packed("EVAL", _COUNT_SCRIPT, *arguments))


def _packed(*words: str | int) -> bytes:
    """A command on the wire (RESP). The library's packer looks at each word's type, and takes half
    of the time of the whole call for it."""
    encoded = [str(word).encode() for word in words]
    return b"*%d\r\n" % len(words) + b"".join(
        b"$%d\r\n%b\r\n" % (len(word), word) for word in encoded
    )


def _ask(connection: ConnectionInterface, command: bytes) -> Any:
    was_open = connection.is_connected
    try:
        connection.send_packed_command([command], check_health=False)
        return connection.read_response()
    except redis.ConnectionError:
        # It lay there since the last call, and the server may have closed it meanwhile.
        if not was_open:
            raise
    connection.disconnect()
    connection.send_packed_command([command], check_health=False)
    return connection.read_response()


def _connection(url: str) -> ConnectionInterface:
    owner = (url, os.getpid())
    if getattr(_held, "owner", None) != owner:
        pool = _client(url).connection_pool
        _held.connection = pool.connection_class(**pool.connection_kwargs)
        _held.owner = owner
    connection: ConnectionInterface = _held.connection
    return connection
