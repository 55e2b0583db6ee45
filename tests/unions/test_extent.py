"""Workbooks made to take the server's memory are refused before they are read."""

from __future__ import annotations

import io
import zipfile

import pytest
from django.utils.translation import override

from core.errors import RuleViolation
from tests.unions.test_exchange import workbook
from unions.tabular.files import read_table


def _repacked(parts: dict[str, bytes]) -> bytes:
    """A small workbook with some of its parts replaced or added."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook(["a"]))) as source,
        zipfile.ZipFile(packed, "w") as target,
    ):
        for name in source.namelist():
            target.writestr(name, parts.get(name, source.read(name)))
        for name in parts.keys() - set(source.namelist()):
            target.writestr(name, parts[name])
    return packed.getvalue()


_SHEET = "xl/worksheets/sheet1.xml"
_LAST_CELLS = {
    "by reference": '<row r="1"><c r="A1"><v>1</v></c></row>'
    '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
    "by row": '<row r="1">' + "<c><v>1</v></c>" * 600 + '</row><row r="9999"><c><v>1</v></c></row>',
    "with a prefix": '<x:row r="9" xmlns:x="y"><x:c r="ZZZZ999"><x:is/></x:c></x:row>',
}


@pytest.mark.parametrize("rows", _LAST_CELLS.values(), ids=_LAST_CELLS)
def test_a_sheet_that_reaches_too_far_is_refused_before_it_is_laid_out(rows: str) -> None:
    # The reader would take hundreds of gigabytes for it, and the process would be gone.
    sheet = f"<worksheet><sheetData>{rows}</sheetData></worksheet>".encode()
    with override("en"), pytest.raises(RuleViolation) as refusal:
        read_table("table.xlsx", _repacked({_SHEET: sheet}))
    assert str(refusal.value) == "The workbook is too large."


@pytest.mark.parametrize(
    "parts",
    [
        {"content.xml": b"<document-content/>"},
        {"xl/workbook.bin": b""},
        {_SHEET: b"<worksheet>"},
        {_SHEET: b'<worksheet><row><c r="A-1"><v>1</v></c></row></worksheet>'},
        {"xl/_rels/workbook.xml.rels": b'<r><Relationship Type="/worksheet" Target="a.bin"/></r>'},
    ],
    ids=["ods", "xlsb", "broken", "no cell", "sheet of another ending"],
)
def test_what_no_spreadsheet_program_writes_is_not_read(parts: dict[str, bytes]) -> None:
    with override("en"), pytest.raises(RuleViolation) as refusal:
        read_table("table.xlsx", _repacked(parts))
    assert str(refusal.value) == "This is not a readable Excel workbook (.xlsx)."


def test_cells_that_are_only_coloured_take_no_room() -> None:
    coloured = '<row r="1048576"><c r="XFD1048576" s="1"/></row>'
    filled = '<row r="1"><c r="A1" t="str"><v>名称</v></c></row><row><c t="str"><v>甲</v></c></row>'
    sheet = f"<worksheet><sheetData>{filled}{coloured}</sheetData></worksheet>".encode()
    assert read_table("table.xlsx", _repacked({_SHEET: sheet})) == (["名称"], [["甲"]], [2])
