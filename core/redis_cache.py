"""Django's cache in Valkey, with a client that is kept instead of one for each call.

redis-py fills a table of some 170 answers whenever a client is made. A client may be used again,
and by several threads (redis-py documents both).
"""

from __future__ import annotations

from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient


class KeptClient(RedisCacheClient):
    """Django's client, with redis-py's clients kept."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._kept: dict[bool, Any] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        """The client to read or to write by; Django asks for one before each call."""
        if write not in self._kept:
            self._kept[write] = super().get_client(key, write=write)
        return self._kept[write]


class KeptClientCache(RedisCache):
    """``CACHES["default"]["BACKEND"]``."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = KeptClient
