"""Around every request: its id and log line, the probes, NUL bytes, the content security policy."""

import re
import time
import uuid
from collections.abc import Callable
from typing import Final

import structlog
from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from portal import health
from portal.logs import hide_tokens

Handler = Callable[[HttpRequest], HttpResponseBase]

REQUEST_ID: Final = re.compile(r"^[A-Za-z0-9._-]{8,64}$")

PROBES: Final = {"/healthz": health.healthz, "/readyz": health.readyz}

access_log = structlog.get_logger("portal.access")


class RequestLogMiddleware:
    """Gives each request an id and writes one line about it.

    A sane `X-Request-ID` of a caller is kept. The line holds method, route, path without the query
    string and without tokens, status and duration; never an address, a name, a cookie or a form
    value.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle one request."""
        given = request.headers.get("X-Request-ID", "")
        request_id = given if REQUEST_ID.match(given) else uuid.uuid4().hex
        begun = time.perf_counter()
        # Not taken back at the end: Django logs refusals after the last middleware has returned.
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        response = self.get_response(request)
        response.headers["X-Request-ID"] = request_id
        match = request.resolver_match
        route = (match.view_name or match.route) if match else ""
        # Probes come every few seconds for ever, and a page brings a dozen static files.
        quiet = request.path in PROBES or request.path.startswith(settings.STATIC_URL)
        write = access_log.debug if quiet else access_log.info
        write(
            "request",
            method=request.method,
            route=route,
            path=hide_tokens(request.path),
            status=response.status_code,
            ms=round((time.perf_counter() - begun) * 1000, 1),
        )
        return response


class ProbeMiddleware:
    """Answers /healthz and /readyz before the host check: probes call by address, not by name."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle one request."""
        probe = PROBES.get(request.path)
        return probe(request) if probe else self.get_response(request)


class NulByteMiddleware:
    """Answers a NUL byte on its way to the database with the page for a bad request (400).

    PostgreSQL stores none, and the driver refuses it with a ValueError. The fields of forms and of
    the API refuse it by name before that; searches, sort orders and cookies have no fields.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle one request."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Turn the driver's refusal into a bad request."""
        if isinstance(exception, ValueError) and "NUL (0x00)" in str(exception):
            raise BadRequest("NUL byte") from exception


STRICT_POLICY: Final = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
    # Charts and maps place their parts through style attributes; no style sheet may be inline.
    "style-src-attr": "'unsafe-inline'",
    "img-src": "'self' data:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
# The officials' site is built with alpine.js, which evaluates expressions written in attributes.
ADMIN_POLICY: Final = {
    **STRICT_POLICY,
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
}


class ContentSecurityPolicyMiddleware:
    """Adds the policy; an answer that brings its own keeps it."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        tiles = tile_origin(settings.MAP_TILE_URL)
        strict = {**STRICT_POLICY, "img-src": f"{STRICT_POLICY['img-src']} {tiles}".strip()}
        self.strict = render_policy(strict)
        self.admin = render_policy(ADMIN_POLICY)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle one request."""
        response = self.get_response(request)
        policy = self.admin if request.path.startswith("/admin/") else self.strict
        response.headers.setdefault("Content-Security-Policy", policy)
        return response


class PrivateAnswerMiddleware:
    """What is answered to somebody who is logged in is kept by no cache on the way.

    An answer that brings its own ``Cache-Control`` keeps it.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle one request."""
        response = self.get_response(request)
        if "Authorization" in request.headers or settings.SESSION_COOKIE_NAME in request.COOKIES:
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response


def render_policy(policy: dict[str, str]) -> str:
    """The header's text."""
    return "; ".join(f"{name} {value}" for name, value in policy.items())


def tile_origin(tile_url: str) -> str:
    """Scheme and host of the tile server, `{s}` as a wildcard; empty without a tile server."""
    match = re.match(r"^(https?)://([^/]+)", tile_url)
    if match is None:
        return ""
    host = re.sub(r"^\{s\}(?=\.)", "*", match.group(2))
    return f"{match.group(1)}://{host}"
