"""Blocks of figures kept ready for a moment: at breakfast many leaders open the same page.

What was published does not change; what stands beside it (names, targets, marks) changes seldom. A
block is kept under all that it depends on: the address, the language, the newest count and *what
the viewer may see*, so that nobody is shown what was made for another's scope, and a right that
was taken away takes the block with it; a union that the address names is looked up in the viewer's
scope each time. What others changed appears after ``FIGURES_KEPT_SECONDS`` at the latest; whoever
has written something reads fresh for so long. Of those who come at once for the same block, one
makes it and the others wait for it. Without Valkey every page is made anew.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import NamedTuple

import structlog
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from redis.exceptions import RedisError

from reports.asking import STATE
from reports.selectors.days import AsOf
from reports.selectors.scope import PERMISSION
from unions.models import Union
from unions.scope import reach_of

# A page takes a fraction of a second; who makes it and dies holds the others up for so long.
WAIT_SECONDS = 2.0
LOOK_EVERY_SECONDS = 0.02
MAKING_SECONDS = 5

Kept = tuple[str, SafeString]

logger = structlog.get_logger("reports.shelf")


class Block(NamedTuple):
    """A part of a page, rendered, and the words over it."""

    title: str
    body: SafeString


def shelved(
    request: HttpRequest, name: str, shown: AsOf, make: Callable[[], Block | None]
) -> Block | None:
    """The block ``name`` of this address as it lies on the shelf, else made by ``make`` and laid
    there. ``make`` may depend on the address, the language, ``shown`` and the viewer's scope alone;
    it refuses who may not see the block, by Http404 or None, and that is kept for nobody.

    Addresses with words that mean nothing are made anew: nobody fills the shelf with them.
    """
    seconds = settings.FIGURES_KEPT_SECONDS
    if not seconds or not set(request.GET) <= set(STATE):
        return make()
    reach = reach_of(request.user)
    subject = (name, request.GET.urlencode(), get_language(), tuple(shown), reach)
    key = "figures:" + hashlib.sha256(repr(subject).encode()).hexdigest()
    mark = _mark(request)
    try:
        found = cache.get_many([key, mark])
    except RedisError:
        return make()
    fresh = mark in found
    kept = None if fresh else found.get(key) or _made_by_another(key)
    if kept is not None and _still_in_sight(request):
        return Block(*kept)
    made = None
    try:
        made = make()
    finally:
        _lay_down(key, made, seconds)
    return made


def _lay_down(key: str, made: Block | None, seconds: int) -> None:
    """For all who look or wait; nothing if it was refused or failed."""
    try:
        if made is not None:
            cache.set(key, tuple(made), seconds)
        cache.delete(_making(key))
    except RedisError:
        logger.warning("shelf", usable=False)


def _made_by_another(key: str) -> Kept | None:
    """The block that somebody is making just now, as soon as it lies there; None if this viewer is
    the first, or waits in vain. A new count lets all who look come at once, for the same block."""
    try:
        if cache.add(_making(key), 1, MAKING_SECONDS):
            return None
        for _look in range(round(WAIT_SECONDS / LOOK_EVERY_SECONDS)):
            time.sleep(LOOK_EVERY_SECONDS)
            found = cache.get_many([key, _making(key)])
            if key in found:
                kept: Kept = found[key]
                return kept
            if not found:  # refused, or failed
                return None
    except RedisError:
        logger.warning("shelf", usable=False)
    return None


def _making(key: str) -> str:
    return f"{key}:making"


def _still_in_sight(request: HttpRequest) -> bool:
    """The union that the address names may have moved away; the viewer's own are in the key."""
    asked = request.GET.get("union", "")
    if not asked:
        return True
    return Union.objects.visible_to(request.user, PERMISSION).filter(pk=asked).exists()


class FreshAfterWriting:
    """Whoever sends a form reads figures fresh for as long as others may read kept ones."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle one request."""
        response = self.get_response(request)
        writes = request.method not in ("GET", "HEAD", "OPTIONS")
        # Workers who join have no session: nothing is asked for them.
        knows = settings.SESSION_COOKIE_NAME in request.COOKIES
        if writes and knows and settings.FIGURES_KEPT_SECONDS and request.user.is_authenticated:
            try:
                cache.set(_mark(request), 1, settings.FIGURES_KEPT_SECONDS)
            except RedisError:
                logger.warning("shelf", usable=False)
        return response


def _mark(request: HttpRequest) -> str:
    return f"figures-written:{request.user.pk}"
