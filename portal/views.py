"""The home page, and how pages are shown."""

import sys

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe
from django.views.defaults import page_not_found

from core.display import display_wish, remember_wish
from core.errors import WrongAddress


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Where everybody begins: join, look for a station, log in. A place for trying out says so."""
    return render(request, "portal/home.html", {"is_demo": settings.ALLOW_DEMO_IDENTITIES})


@require_POST
def display(request: HttpRequest) -> HttpResponse:
    """Remember how pages are to be shown, and go back to the one before."""
    before = request.POST.get("next", "")
    is_ours = before.startswith("/") and url_has_allowed_host_and_scheme(before, allowed_hosts=None)
    response = redirect(before if is_ours else "home")
    remember_wish(response, display_wish(request.POST))
    return response


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """There is no such page. Where a word of the address is to blame: which, and the way back."""
    if isinstance(exception, WrongAddress):
        return render(request, "404.html", {"wrong": exception}, status=404)
    return page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """What went wrong, in words. Where the database is away for a moment: 503, and when to come
    back; what was typed is still in the browser."""
    is_away = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    name, status = ("503.html", 503) if is_away else ("500.html", 500)
    response = HttpResponse(render_to_string(name), status=status)
    if is_away:
        response.headers["Retry-After"] = "5"
        response.headers["Cache-Control"] = "no-store"
    return response
