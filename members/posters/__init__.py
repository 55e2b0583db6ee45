"""Printed sheets for unions and members (`core.typesetting`).

The wording of a sheet stands in its `.typ` file, in Chinese and English at once: paper has no
language switch.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings

from core.codes import format_receipt
from core.typesetting import FileFormat, set_sheet
from members import qr
from members.models import JoinCode


def join_poster(code: JoinCode, *, file_format: FileFormat = "pdf") -> bytes:
    """An A4 poster (one page) that leads to the sign-up of `code`, as PDF or as a picture of it.

    Raises RuleViolation when the font is not installed.
    """
    address = qr.join_address(code)
    union = code.union
    return set_page(
        "join_poster.typ",
        {
            "union": union.name,
            "place": union.region.full_name if union.region else "",
            "contact": union.contact_phone,
            "address": union.address,
            "code": format_receipt(code.code).replace("-", " "),
            "link": _readable(settings.PUBLIC_BASE_URL) + "/join/",
            "qr": qr.as_svg(address).decode(),
            "is_demo": code.is_demo or union.is_demo,
            "valid_until": code.valid_until.isoformat() if code.valid_until else "",
        },
        file_format,
    )


def set_page(template: str, values: dict[str, Any], file_format: FileFormat = "pdf") -> bytes:
    """Set the `.typ` file of this folder with `values`; refusals as of `core.typesetting`."""
    return set_sheet(Path(__file__).with_name(template), values, file_format)


def _readable(address: str) -> str:
    return address.removeprefix("https://").removeprefix("http://")
