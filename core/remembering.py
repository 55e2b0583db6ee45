"""Keeping what hardly ever changes for a few seconds, in this process.

A crowded stand reads the same code, texts and groups with every sign-up. What is kept may be
``REFERENCE_CACHE_SECONDS`` old (0 keeps nothing): use it for what is shown, never for what decides
a write.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.conf import settings

P = ParamSpec("P")
R = TypeVar("R")

MOST_ENTRIES = 2_000


def remembered(read: Callable[P, R]) -> Callable[P, R]:
    """Decorate a read with hashable arguments. None is not kept: what was not there may come.

    Everybody gets the same object: not to be changed.
    """
    kept: dict[Hashable, tuple[float, R]] = {}
    lock = threading.Lock()

    @wraps(read)
    def reading(*args: P.args, **kwargs: P.kwargs) -> R:
        seconds = settings.REFERENCE_CACHE_SECONDS
        if not seconds:
            return read(*args, **kwargs)
        key = (args, tuple(sorted(kwargs.items())))
        now = time.monotonic()
        found = kept.get(key)
        if found is not None and found[0] > now:
            return found[1]
        result = read(*args, **kwargs)
        if result is not None:
            with lock:
                if len(kept) >= MOST_ENTRIES:
                    kept.clear()
                kept[key] = (now + seconds, result)
        return result

    return reading
