"""How somebody wants pages shown: in which language, in large type (大字版).

Both wishes are kept in cookies on the device, without an account and without JavaScript. A page
whose form is half filled in takes the wish itself (``apply_wish``, ``remember_wish``), so that
nothing typed is lost; all others send it to the address ``display``.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation

FIELD = "show"
LARGE_COOKIE = "large_type"
LARGE, PLAIN = "large", "plain"
_YEAR_SECONDS = 365 * 24 * 3600


def display_wish(sent: Mapping[str, str]) -> str:
    """The wish among the fields sent: a language, ``LARGE`` or ``PLAIN``; "" if there is none."""
    wish = sent.get(FIELD, "")
    return wish if wish and wish in (LARGE, PLAIN, *dict(settings.LANGUAGES)) else ""


def apply_wish(request: HttpRequest, wish: str) -> None:
    """Show this very answer as wished."""
    if wish in (LARGE, PLAIN):
        request.COOKIES[LARGE_COOKIE] = "1" if wish == LARGE else ""
    else:
        translation.activate(wish)
        request.LANGUAGE_CODE = translation.get_language()


def remember_wish(response: HttpResponseBase, wish: str) -> None:
    """Keep the wish on the device, for a year."""
    if wish == PLAIN:
        response.delete_cookie(LARGE_COOKIE)
    elif wish == LARGE:
        response.set_cookie(
            LARGE_COOKIE,
            "1",
            max_age=_YEAR_SECONDS,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    elif wish:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            wish,
            max_age=_YEAR_SECONDS,
            path=settings.LANGUAGE_COOKIE_PATH,
            domain=settings.LANGUAGE_COOKIE_DOMAIN,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
            samesite=settings.LANGUAGE_COOKIE_SAMESITE,
        )
