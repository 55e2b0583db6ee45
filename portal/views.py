"""The home page."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Where everybody begins: join, look for a station, log in. A place for trying out says so."""
    return render(request, "portal/home.html", {"is_demo": settings.ALLOW_DEMO_IDENTITIES})
