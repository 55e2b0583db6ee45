"""Sheets of a workbook with typed cells, so that an office can go on calculating with them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.styles.cell_style import StyleArray
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

# Not allowed in the XML of a sheet; names come from people and files.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_UNSAFE_IN_NAMES = re.compile(r"[^\w.-]+")
_HEAD_FILL = PatternFill("solid", fgColor="FBECEA")
_FORMATS = {
    "count": "#,##0",
    "id": "0",
    "number": "#,##0.##",
    "percent": "0.00%",
    "signed": "+#,##0;-#,##0;0",
    "pace": "0.00",
    "date": "yyyy-mm-dd",
}

# (kind, value); kinds: text, head, title, and those of ``_FORMATS``.
Cells = Sequence[tuple[str, Any]]


class Sheet:
    """One sheet that is written from top to bottom. ``widths`` in characters."""

    def __init__(self, book: Workbook, title: str, widths: Sequence[int]) -> None:
        self.sheet: WriteOnlyWorksheet = book.create_sheet(re.sub(r"[\[\]:*?/\\]", " ", title)[:31])
        for index, width in enumerate(widths, start=1):
            self.sheet.column_dimensions[get_column_letter(index)].width = width
        # A style is worked out once: a workbook has a hundred thousand cells and five formats.
        self._styles: dict[str, StyleArray] = {}

    def write(self, rows: Iterable[Cells]) -> None:
        """Append ``rows``."""
        for row in rows:
            self.sheet.append([self._cell(kind, value) for kind, value in row])

    def _cell(self, kind: str, value: Any) -> WriteOnlyCell | None:
        if value is None:
            return None
        if kind in _FORMATS:
            cell = WriteOnlyCell(self.sheet, value)
            if kind == "number" and value == int(value):
                # With the format of broken numbers a whole one ends in a bare point.
                kind = "count"
            if kind not in self._styles:
                cell.number_format = _FORMATS[kind]
                self._styles[kind] = cell._style
            cell._style = self._styles[kind]
            return cell
        cell = WriteOnlyCell(self.sheet, _CONTROL.sub(" ", str(value)))
        # Text stays text, whatever it begins with: a name such as "=1+1" must not be calculated,
        # not even after somebody edits the cell.
        cell.data_type = "s"
        if kind in self._styles:
            cell._style = self._styles[kind]
            return cell
        cell.quotePrefix = True
        if kind == "head":
            cell.font = Font(bold=True)
            cell.fill = _HEAD_FILL
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        elif kind == "title":
            cell.font = Font(bold=True, size=16)
        self._styles[kind] = cell._style
        return cell


def head(*titles: str) -> Cells:
    """A row of headings."""
    return [("head", title) for title in titles]


def safe_file_name(*parts: str, suffix: str) -> str:
    """A name from ``parts`` without anything a file system or a header could stumble over."""
    kept = [_UNSAFE_IN_NAMES.sub("-", part).strip("-.")[:60] for part in parts]
    return f"{'-'.join(part for part in kept if part)}.{suffix}"
