"""Paper: characters of names that the everyday font does not have."""

from pathlib import Path

import pytest
from django.test import override_settings
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from core.typesetting import set_document, set_sheet

RARE = "\U00020bb7"  # 𠮷, extension B: in names, and not in the font of the browser packages
SHEET = """
#set page(width: 40mm, height: 20mm, margin: 2mm)
#set text(font: ("Noto Sans SC", "HanaMinB"), size: 20pt)
#json(bytes(sys.inputs.values)).name
"""


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "sheet.typ"
    path.write_text(SHEET, encoding="utf-8")
    return path


@pytest.fixture
def rare_font(tmp_path: Path) -> Path:
    """A folder with a font of one character, under the name of the one that has them all."""
    pen = TTGlyphPen(None)
    pen.moveTo((100, 0))
    for corner in ((100, 800), (900, 800), (900, 0)):
        pen.lineTo(corner)
    pen.closePath()
    square = pen.glyph()
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder([".notdef", "rare"])
    font.setupCharacterMap({ord(RARE): "rare"})
    font.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "rare": square})
    font.setupHorizontalMetrics({".notdef": (1000, 0), "rare": (1000, 100)})
    font.setupHorizontalHeader(ascent=880, descent=-120)
    font.setupNameTable({"familyName": "HanaMinB", "styleName": "Regular", "psName": "HanaMinB"})
    font.setupOS2(sTypoAscender=880, sTypoDescender=-120)
    font.setupPost()
    folder = tmp_path / "fonts"
    folder.mkdir()
    font.save(folder / "rare.ttf")
    return folder


def test_rare_characters_come_from_the_font_that_is_installed_for_them(
    sheet: Path, rare_font: Path, tmp_path: Path
) -> None:
    def picture(name: str) -> bytes:
        return set_sheet(sheet, {"name": name}, "png")

    with override_settings(RARE_FONT_FOLDER=tmp_path / "nowhere"):
        everyday, boxed = picture("张"), picture(f"张{RARE}")
    with override_settings(RARE_FONT_FOLDER=rare_font):
        assert picture("张") == everyday
        assert picture(f"张{RARE}") != boxed


def test_long_documents_have_them_too(sheet: Path, rare_font: Path, tmp_path: Path) -> None:
    with override_settings(RARE_FONT_FOLDER=tmp_path / "nowhere"):
        assert b"HanaMinB" not in set_document(sheet, {"name": RARE})
    with override_settings(RARE_FONT_FOLDER=rare_font):
        assert b"HanaMinB" in set_document(sheet, {"name": RARE})
        assert b"HanaMinB" not in set_document(sheet, {"name": "张"})
