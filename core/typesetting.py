"""Paper, set by typst with the font from the browser packages: no system font is needed.

A sheet is a `.typ` file. Values reach it as one JSON input, `values`, and are set as text, never as
markup: nothing that people typed can become an instruction.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any, Literal

import typst
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.errors import RuleViolation

FileFormat = Literal["pdf", "png"]

FONT_PACKAGE = "@expo-google-fonts/noto-sans-sc"
FONT_FOLDERS = ("400Regular", "700Bold")


def set_sheet(source: Path, values: dict[str, Any], file_format: FileFormat = "pdf") -> bytes:
    """Set the `.typ` file `source` with `values`.

    Raises RuleViolation when the font is not installed, TypeError for a picture of several pages.
    """
    paper = typst.compile(
        source,
        root=source.parent,
        font_paths=_fonts(settings.NODE_MODULES / FONT_PACKAGE),
        ignore_system_fonts=True,
        format=file_format,
        sys_inputs={"values": json.dumps(values, ensure_ascii=False)},
    )
    if not isinstance(paper, bytes):
        raise TypeError("the sheet has more than one page")
    return paper


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
