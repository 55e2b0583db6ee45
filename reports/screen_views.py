"""The big screen: one union's figures on a wall, opened by a token, without a log-in.

The address with the token is only a door: it puts the token into a cookie that goes nowhere but
here and leads on, so that it stays in no history, no referrer and no picture of the screen. Log
lines hold the door's address without the token (``portal/logs.py``).
"""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from reports.map_views import map_data
from reports.models import ScreenToken
from reports.screens import note_seen, screen_of
from reports.selectors.screen import ScreenView, screen_view

COOKIE = "screen"
COOKIE_SECONDS = 400 * 24 * 3600  # the most that browsers keep


@never_cache
@require_safe
def open_screen(request: HttpRequest, token: str) -> HttpResponse:
    """Take the token along and go on to the screen. 404 for a token that opens nothing."""
    if screen_of(token) is None:
        raise Http404
    response = redirect("reports:screen")
    _take_along(response, token)
    response["Referrer-Policy"] = "no-referrer"
    return response


def _take_along(response: HttpResponse, token: str) -> None:
    response.set_cookie(
        COOKIE,
        token,
        max_age=COOKIE_SECONDS,
        path=reverse("reports:screen"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


@never_cache
@require_safe
def screen(request: HttpRequest) -> HttpResponse:
    """The screen of the token in the cookie; 404, a dark page, as soon as it is revoked."""
    token = request.COOKIES.get(COOKIE, "")
    found = screen_of(token)
    if found is None:
        # On a wall hangs no page of the portal: it stays dark.
        return render(request, "reports/screen_ended.html", status=404)
    note_seen(found)
    response = render(request, "reports/screen.html", _context(found))
    # Anew with each look: a screen may hang for longer than a browser keeps a cookie.
    _take_along(response, token)
    return response


def _context(found: ScreenToken) -> dict[str, object]:
    view = screen_view(found.created_by, found.union)
    context: dict[str, object] = {"union": found.union, "view": view}
    if view is not None:
        context |= {"trend": _trend(view), "map": map_data(view.map)}
    return context


def _trend(view: ScreenView) -> list[dict[str, object]]:
    """What the chart draws; null where a number is too small to be shown."""
    return [
        {"month": f"{row.month:%Y-%m}", "members": row.members, "joined": row.joined}
        for row in view.months
    ]
