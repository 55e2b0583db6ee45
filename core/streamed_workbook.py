"""A workbook (xlsx) written row by row into an answer, without a file and without a heap of memory.

The libraries at hand keep the rows in a temporary file or in memory until the end; a table of
personal data belongs into neither. Cells are text, so that no spreadsheet takes one for a formula
or cuts an ID number short. ISO/IEC 29500, the parts Excel and WPS need and no more.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from xml.sax.saxutils import escape

_PARTS = {
    "[Content_Types].xml": (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/xl/workbook.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
        '<Override PartName="/xl/worksheets/sheet1.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="r1" Target="xl/workbook.xml" Type='
        '"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/>'
        "</Relationships>"
    ),
    "xl/_rels/workbook.xml.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="r1" Target="worksheets/sheet1.xml" Type='
        '"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"/>'
        "</Relationships>"
    ),
}
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
# Characters that XML 1.0 cannot hold.
_FORBIDDEN = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ufffe\\uffff]")
CHUNK = 64 * 1024


class _Drain(io.RawIOBase):
    """A file that forgets what has been taken from it; zipfile writes into it without seeking."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: Any) -> int:
        """Keep until taken."""
        self._kept += data
        return len(data)

    def take(self, at_least: int = 0) -> bytes:
        """What has come in, once it is ``at_least`` so much; else nothing."""
        if len(self._kept) < max(at_least, 1):
            return b""
        data = bytes(self._kept)
        self._kept.clear()
        return data


def stream_workbook(title: str, rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """The bytes of a workbook with one sheet called ``title`` (31 characters at most are kept)."""
    drain = _Drain()
    with zipfile.ZipFile(drain, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in _PARTS.items():
            package.writestr(name, _HEAD + text)
        package.writestr("xl/workbook.xml", _HEAD + _workbook(title))
        with package.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
            for row in rows:
                sheet.write(_row(row).encode())
                if data := drain.take(CHUNK):
                    yield data
            sheet.write(b"</sheetData></worksheet>")
    yield drain.take()


def _workbook(title: str) -> str:
    name = re.sub(r"[\[\]:*?/\\]", " ", _FORBIDDEN.sub("", title))[:31].strip() or "1"
    quoted = escape(name, {'"': "&quot;"})
    return (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>'
        f'<sheet name="{quoted}" sheetId="1" r:id="r1"/></sheets></workbook>'
    )


def _row(values: Sequence[str]) -> str:
    texts = (escape(_FORBIDDEN.sub("", value)) for value in values)
    cells = "".join(
        f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>' for text in texts
    )
    return f"<row>{cells}</row>"
