"""Blocks of figures kept ready for a moment: at breakfast many leaders open the same page.

What was published does not change; what stands beside it (names, targets, marks) changes seldom. A
block is kept under all that it depends on: the address, the language, the newest count and *what
the viewer may see*, so that nobody is shown what was made for another's scope, and a right that
was taken away takes the block with it. What others changed appears after ``FIGURES_KEPT_SECONDS``
at the latest; whoever has written something reads fresh for so long. Without Valkey every page is
made anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import structlog
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from redis.exceptions import RedisError

from reports.asking import STATE
from reports.selectors.days import AsOf
from unions.scope import reach_of

logger = structlog.get_logger("reports.shelf")


def shelved(request: HttpRequest, name: str, shown: AsOf, make: Callable[[], str]) -> SafeString:
    """The block ``name`` of this address as it lies on the shelf, else made by ``make`` and laid
    there. ``make`` may depend on the address, the language, ``shown`` and the viewer's scope alone.

    Addresses with words that mean nothing are made anew: nobody fills the shelf with them.
    """
    seconds = settings.FIGURES_KEPT_SECONDS
    if not seconds or not set(request.GET) <= set(STATE):
        return SafeString(make())
    reach = reach_of(request.user)
    subject = (name, request.GET.urlencode(), get_language(), tuple(shown), reach)
    key = "figures:" + hashlib.sha256(repr(subject).encode()).hexdigest()
    mark = _mark(request)
    try:
        found = cache.get_many([key, mark])
    except RedisError:
        return SafeString(make())
    if key in found and mark not in found:
        return mark_safe(found[key])
    made = make()
    try:
        cache.set(key, made, seconds)
    except RedisError:
        logger.warning("shelf", usable=False)
    return SafeString(made)


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
