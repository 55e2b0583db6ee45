"""Answers about a published day that take long to read: kept until figures or marks change.

Where tens of thousands of unions stand behind one number it takes a second to read, and says the
same until the next night. The shelf (``reports.shelf``) keeps whole blocks, for a minute; this
keeps what a selector read, whoever asks for it: so what is kept may depend on a union and a day
alone, never on the viewer. Without Valkey everything is read anew.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

import redis
from django.conf import settings
from django.core.cache import cache

from core.replica import REPLICA

AnswerT = TypeVar("AnswerT")

KEPT_SECONDS = 20 * 3600
# What is read faster than this is read anew each time.
WORTH_SECONDS = 0.02
# When figures or marks changed last. Answers bear it, and are void when it has gone on.
_CHANGED = "figures:changed"

logger = logging.getLogger(__name__)


def kept_answer(key: str, read: Callable[[], AnswerT]) -> AnswerT:
    """What ``read`` gives, or gave for ``key`` since figures or marks changed last."""
    if not settings.FIGURES_KEPT_SECONDS:
        return read()
    name = f"answer:{key}"
    try:
        found = cache.get_many([name, _CHANGED])
    except (redis.RedisError, OSError):
        return read()
    changed: float = found.get(_CHANGED, 0.0)
    if name in found and found[name][0] == changed:
        answer: AnswerT = found[name][1]
        return answer
    started = time.perf_counter()
    answer = read()
    if time.perf_counter() - started >= WORTH_SECONDS and _is_settled(changed):
        try:
            cache.set(name, (changed, answer), KEPT_SECONDS)
        except (redis.RedisError, OSError) as error:
            logger.warning("an answer could not be kept (%s)", type(error).__name__)
    return answer


def forget_answers() -> None:
    """Figures or marks have changed, and the change is committed: all answers are read anew."""
    try:
        cache.set(_CHANGED, time.time(), None)
    except (redis.RedisError, OSError) as error:
        logger.warning("kept answers could not be forgotten (%s)", type(error).__name__)


def _is_settled(changed: float) -> bool:
    """A replica may not have the last change yet: what it says so soon after is not kept."""
    if REPLICA not in settings.DATABASES:
        return True
    return time.time() - changed > settings.REPLICA_MAX_LAG_SECONDS
