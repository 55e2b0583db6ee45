"""The floor of the sign-up: a Django project of one view that inserts one row, and nothing else.

Settings, addresses, view and application in one module; gunicorn runs it as it runs the portal.
"""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from portal.addresses import parse_database_url

TABLE = "bench_bare"


def insert_one_row(request: HttpRequest) -> HttpResponse:
    """Write what was posted into one column of one table, in autocommit."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bench_bare (body) VALUES (%s)", [request.POST.get("id_number", "")]
        )
    return HttpResponse(status=204)


urlpatterns = [path("bare/", csrf_exempt(insert_one_row))]


def _application() -> Any:
    if not settings.configured:
        database = parse_database_url(os.environ["DATABASE_URL"])
        settings.configure(
            SECRET_KEY="bare",  # noqa: S106 -- signs nothing
            ALLOWED_HOSTS=["127.0.0.1"],
            ROOT_URLCONF=__name__,
            DATABASES={"default": {**database, "CONN_MAX_AGE": 60}},
        )
    return get_wsgi_application()


if os.environ.get("BENCH_BARE"):
    application = _application()
