"""Printed sheets, set by typst with the font from the browser packages: no system font is needed.

The wording of a sheet stands in its `.typ` file, in Chinese and English at once: paper has no
language switch. Values reach it as one JSON input and are set as text, never as markup.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any, Literal

import typst
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.codes import format_receipt
from core.errors import RuleViolation
from members import qr
from members.models import JoinCode

FileFormat = Literal["pdf", "png"]

FONT_PACKAGE = "@expo-google-fonts/noto-sans-sc"
FONT_FOLDERS = ("400Regular", "700Bold")


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
    """Set the `.typ` file of this folder with `values`.

    Raises RuleViolation when the font is not installed, TypeError for a picture of several pages.
    """
    folder = settings.NODE_MODULES / FONT_PACKAGE
    source = Path(__file__).with_name(template)
    page = typst.compile(
        source,
        root=source.parent,
        font_paths=_fonts(folder),
        ignore_system_fonts=True,
        format=file_format,
        sys_inputs={"values": json.dumps(values, ensure_ascii=False)},
    )
    if not isinstance(page, bytes):
        raise TypeError("the sheet has more than one page")
    return page


@functools.lru_cache(maxsize=2)
def _fonts(folder: Path) -> typst.Fonts:
    folders = [folder / name for name in FONT_FOLDERS]
    if not all(path.is_dir() for path in folders):
        raise RuleViolation(
            _("Posters need the font Noto Sans SC. Install the browser packages: npm ci"),
            code="font_missing",
        )
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=list(folders)
    )


def _readable(address: str) -> str:
    return address.removeprefix("https://").removeprefix("http://")
