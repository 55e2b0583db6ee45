"""Paper, set by typst with the font from the browser packages: no system font is needed.

That font ends with the characters in everyday use (20,000, and extension A). Names have rarer ones:
where a font for them is installed (``RARE_FONT_FOLDER``), sheets take them from there; where none
is, a box stands in their place.

A sheet is a `.typ` file. Values reach it as one JSON input, `values`, and are set as text, never as
markup: nothing that people typed can become an instruction.
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import typst
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.errors import RuleViolation

FileFormat = Literal["pdf", "png"]

FONT_PACKAGE = "@expo-google-fonts/noto-sans-sc"
FONT_FOLDERS = ("400Regular", "700Bold")
# A document of some hundred pages takes seconds.
LONGEST_SECONDS = 60

# typst keeps what it laid out for its last ten calls, 100 MB each for a table of 1,500 lines; a
# process that ends gives it back. Standard input holds the order, standard output the PDF.
_APART = """
import json, sys, typst
order = json.load(sys.stdin)
fonts = typst.Fonts(
    include_system_fonts=False, include_embedded_fonts=False, font_paths=order["fonts"])
sys.stdout.buffer.write(typst.compile(
    order["source"], root=order["root"], font_paths=fonts, ignore_system_fonts=True, format="pdf",
    sys_inputs={"values": order["values"]}, pdf_tags=order["tags"]))
"""


def set_sheet(source: Path, values: dict[str, Any], file_format: FileFormat = "pdf") -> bytes:
    """Set the `.typ` file `source` with `values`: a sheet or two.

    Raises RuleViolation when the font is not installed, TypeError for a picture of several pages.
    """
    paper = typst.compile(
        source,
        root=source.parent,
        font_paths=_fonts(tuple(_font_folders())),
        ignore_system_fonts=True,
        format=file_format,
        sys_inputs={"values": _as_json(values)},
    )
    if not isinstance(paper, bytes):
        raise TypeError("the sheet has more than one page")
    return paper


def set_document(source: Path, values: dict[str, Any], *, is_tagged: bool = True) -> bytes:
    """The PDF of the `.typ` file `source` with `values`, of any length, set in a process apart.

    Tags let screen readers follow tables; without them a long document is a fifth of the size.
    Raises RuleViolation when the font is not installed, RuntimeError with typst's words (they name
    places in the source, never values) when it refuses, TimeoutExpired after ``LONGEST_SECONDS``.
    """
    order = {
        "source": str(source),
        "root": str(source.parent),
        "fonts": [str(folder) for folder in _font_folders()],
        "values": _as_json(values),
        "tags": is_tagged,
    }
    done = subprocess.run(
        [sys.executable, "-I", "-c", _APART],
        input=json.dumps(order).encode(),
        capture_output=True,
        check=False,
        timeout=LONGEST_SECONDS,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace")[-1000:])
    return done.stdout


def _as_json(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False)


def _font_folders() -> list[Path]:
    folders = [settings.NODE_MODULES / FONT_PACKAGE / name for name in FONT_FOLDERS]
    if not all(path.is_dir() for path in folders):
        raise RuleViolation(
            _("Posters need the font Noto Sans SC. Install the browser packages: npm ci"),
            code="font_missing",
        )
    # Named second in each sheet: it serves what the first does not have.
    return [*folders, settings.RARE_FONT_FOLDER] if settings.RARE_FONT_FOLDER.is_dir() else folders


@functools.lru_cache(maxsize=2)
def _fonts(folders: tuple[Path, ...]) -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=list(folders)
    )
