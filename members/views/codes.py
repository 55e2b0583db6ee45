"""What officials print: the QR code of a join code, and its poster."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from core.errors import RuleViolation
from members import posters, qr
from members.models import JoinCode
from unions.scope import access


@login_required
@require_safe
def join_code_svg(request: HttpRequest, pk: int) -> HttpResponse:
    """The QR code as SVG, for printers and designers."""
    code = _code(request, pk)
    return _file(qr.as_svg(qr.join_address(code)), "image/svg+xml", f"join-{code.code}.svg")


@login_required
@require_safe
def join_code_png(request: HttpRequest, pk: int) -> HttpResponse:
    """The QR code as PNG, for chats and slides."""
    code = _code(request, pk)
    return _file(qr.as_png(qr.join_address(code)), "image/png", f"join-{code.code}.png")


@login_required
@require_safe
def join_code_poster(request: HttpRequest, pk: int) -> HttpResponse:
    """A printable A4 poster as PDF."""
    code = _code(request, pk)
    try:
        pdf = posters.join_poster(code)
    except RuleViolation as violation:
        return HttpResponse(str(violation), status=503, content_type="text/plain; charset=utf-8")
    return _file(pdf, "application/pdf", f"join-{code.code}.pdf")


def _code(request: HttpRequest, pk: int) -> JoinCode:
    codes = JoinCode.objects.select_related("union__region")
    return access(codes, pk, actor=request.user, permission="join_codes.view")


def _file(content: bytes, content_type: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=content_type)
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    response.headers["Cache-Control"] = "private, max-age=300"
    return response
