"""QR codes of join codes."""

from __future__ import annotations

import io

import segno
from django.conf import settings
from django.urls import reverse

from members.models import JoinCode

# Q survives a quarter of the sign being scratched, wet or stuck over.
ERROR_LEVEL = "q"
QUIET_ZONE = 4  # modules, as ISO/IEC 18004 asks for
PNG_SCALE = 16  # pixels a module: about 600 pixels a side


def join_address(code: JoinCode) -> str:
    """The absolute address that the code on the sign leads to."""
    return settings.PUBLIC_BASE_URL + reverse("members:join", args=[code.code])


def as_svg(text: str) -> bytes:
    """Black modules on white, without a fixed size."""
    out = io.BytesIO()
    _make(text).save(out, kind="svg", border=QUIET_ZONE, light="#ffffff", omitsize=True)
    return out.getvalue()


def as_png(text: str) -> bytes:
    """Black modules on white."""
    out = io.BytesIO()
    _make(text).save(out, kind="png", border=QUIET_ZONE, scale=PNG_SCALE, light="#ffffff")
    return out.getvalue()


def _make(text: str) -> segno.QRCode:
    return segno.make(text, error=ERROR_LEVEL, micro=False)
