"""Tables made by somebody hostile or by a broken program, and cells that no reader expects."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from django.utils.translation import gettext

_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
SHEET = "xl/worksheets/sheet1.xml"
SHARED = "xl/sharedStrings.xml"
LINKS = "xl/_rels/workbook.xml.rels"
BOOK = "xl/workbook.xml"


class Words(NamedTuple):
    """A sentence of the portal, to be said in the reader's language."""

    text: str
    values: Mapping[str, object] = {}

    def said(self) -> str:
        """In the active language."""
        return gettext(self.text) % self.values if self.values else gettext(self.text)


UNREADABLE = Words("This is not a readable Excel workbook (.xlsx).")
TOO_LARGE = Words("The workbook is too large.")
NO_CSV = Words("This is not a readable CSV file.")
OLD = Words("This is an old workbook (.xls) or one with a password. Save it as .xlsx without.")
NO_ROWS = Words("The file has headings but no rows.")
EMPTY = Words("The file is empty.")
WRONG_KIND = Words("Only .xlsx and .csv files can be read.")


class Raw(str):
    """A cell given as XML; ``{r}`` in it is where it stands."""

    __slots__ = ()


def letters(column: int) -> str:
    """The name of a column, from 1."""
    name = ""
    while column:
        column, place = divmod(column - 1, 26)
        name = chr(65 + place) + name
    return name


def cell_xml(value: Any, reference: str) -> str:
    """One cell: a text as an inline string, ``Raw`` as it is, None not at all."""
    if isinstance(value, Raw):
        return value.replace("{r}", reference)
    if value in (None, ""):
        return ""
    return f'<c r="{reference}" t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'


def rows_xml(rows: Sequence[Sequence[Any]]) -> str:
    """The rows of a sheet."""
    return "".join(
        f'<row r="{number}">'
        + "".join(cell_xml(value, f"{letters(at)}{number}") for at, value in enumerate(row, 1))
        + "</row>"
        for number, row in enumerate(rows, 1)
    )


def sheet_xml(rows: str) -> str:
    """A sheet around its rows; what it says of its size is a lie."""
    lie = '<dimension ref="A1:XFD1048576"/>'
    merged = '<mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    return f"<worksheet {_MAIN}>{lie}<sheetData>{rows}</sheetData>{merged}</worksheet>"


def parts(rows: str) -> dict[str, str]:
    """A whole workbook with one sheet; style 1 is a date. One shared text: 共用."""
    content_types = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    return {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/'
        'content-types"><Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/{BOOK}" ContentType="{content_types}.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships {_PACKAGE}><Relationship Id="rId1"'
        f' Type="{_TYPES}/officeDocument" Target="{BOOK}"/></Relationships>',
        BOOK: f'<workbook {_MAIN} xmlns:r="{_TYPES}"><sheets>'
        '<sheet name="一" sheetId="1" r:id="rId1"/></sheets></workbook>',
        LINKS: f"<Relationships {_PACKAGE}>"
        f'<Relationship Id="rId1" Type="{_TYPES}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_TYPES}/sharedStrings" Target="sharedStrings.xml"/>'
        f'<Relationship Id="rId3" Type="{_TYPES}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet {_MAIN}><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/>'
        "</cellXfs></styleSheet>",
        SHARED: f"<sst {_MAIN}><si><t>共用</t></si></sst>",
        SHEET: sheet_xml(rows),
    }


def packed(*entries: tuple[str, str | bytes]) -> bytes:
    """An archive of these entries, twice the same name if it is given twice."""
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")  # "Duplicate name"
        for name, content in entries:
            archive.writestr(name, content)
    return stream.getvalue()


def book(
    rows: Sequence[Sequence[Any]], changed: Mapping[str, str | bytes | None] | None = None
) -> bytes:
    """The rows as a workbook, with ``changed`` parts; None leaves a part out."""
    whole: dict[str, Any] = {**parts(rows_xml(rows)), **(changed or {})}
    return packed(*((name, part) for name, part in whole.items() if part is not None))


# -- cells ----------------------------------------------------------------------------------------


def _number(text: str, attributes: str = "") -> Raw:
    return Raw(f'<c r="{{r}}"{attributes}><v>{text}</v></c>')


def _text(text: str) -> Raw:
    return Raw(f'<c r="{{r}}" t="str"><v>{text}</v></c>')


# Each of them may stand in any column of any table: what is in it is judged, nothing breaks.
CELLS: dict[str, Raw] = {
    "NUL": _text("甲_x0000_乙"),
    "NUL alone": _text("_x0000_"),
    "half of a pair": _text("_xD800_甲"),
    "right to left": _text("\u202e甲乙\u202c\u2066丙"),
    "emoji": _text("👩‍👩‍👧‍👦🏳️‍🌈"),
    "noncharacters": _text("\U0010ffff\ufdd0"),
    "markup": _text("&lt;script&gt;alert(1)&lt;/script&gt;{{ 7*7 }}"),
    "formula with a result": Raw('<c r="{r}" t="str"><f>HYPERLINK("x")</f><v>=1+1</v></c>'),
    "true": _number("1", ' t="b"'),
    "1e400": _number("1e400"),
    "1e308": _number("1e308"),
    "not a number": _number("NaN"),
    "-1e400": _number("-1e400"),
    "minute writing": _text("1e999999999"),
    "small writing": _text("1e-999999999"),
    "half": _number("0.5"),
    "date out of range": _number("1e10", ' s="1"'),
    "date before all": _number("-7e5", ' s="1"'),
    "date not a number": _number("NaN", ' s="1"'),
    "last date": _number("2958465", ' s="1"'),
    "time": _number("0.25", ' s="1"'),
    "written date": _number("99999-99-99", ' t="d"'),
    "no such style": _number("7", ' s="4000000000"'),
    "very long": _text("长" * 40_000),
    "rich": Raw('<c r="{r}" t="inlineStr"><is><r><t>甲</t></r><r><t>乙</t></r></is></c>'),
    "shared": _number("0", ' t="s"'),
    "only a style": Raw('<c r="{r}" s="1"/>'),
    "only white": _text(" \u3000\u200b\t\n"),
}

# -- files ----------------------------------------------------------------------------------------

Rows = Sequence[Sequence[Any]]
File = tuple[str, bytes, Words]


def failed(cells: str) -> Words:
    """The words for cells that hold an error."""
    return Words(
        "Cells hold an error, or a formula without a result: %(cells)s."
        " Put the values there and choose the file again.",
        {"cells": cells},
    )


def _too_wide(columns: str) -> Words:
    return Words(
        "The file has %(columns)s columns; at most %(limit)s are read.",
        {"columns": columns, "limit": 100},
    )


def hostile_files(rows: Rows) -> dict[str, File]:
    """What is hostile in it → name of the file, content, the words it is refused with. ``rows``:
    the headings and one right row of the table, which each of the files begins with."""
    return {
        **_with_cells(rows), **_with_xml(rows), **_with_parts(rows), **_archives(rows), **_csv(rows)
    }  # fmt: skip


def _with_cells(rows: Rows) -> dict[str, File]:
    def third(xml: str) -> bytes:
        return book(rows, {SHEET: sheet_xml(f'{rows_xml(rows)}<row r="3">{xml}</row>')})

    long = f"<sst {_MAIN}><si><t>{'长' * 400_000}</t></si></sst>"
    often = sheet_xml(rows_xml(rows) + "<row><c t='s'><v>0</v></c></row>" * 100)
    contents = {
        "error": (third('<c r="B3" t="e"><v>#REF!</v></c>'), failed("B3 (#REF!)")),
        "unknown error": (third('<c r="B3" t="e"><v>#NEW!</v></c>'), failed("B3 (#NEW!)")),
        "errors": (
            third('<c t="e"><v>#N/A</v></c>' * 7),
            failed("A3 (#N/A)、B3 (#N/A)、C3 (#N/A)、D3 (#N/A)、E3 (#N/A)"),
        ),
        "formula without a result": (third("<c r='A3'><f>1+1</f></c>"), failed("A3 (=)")),
        "shared text out of range": (third('<c t="s"><v>1</v></c>'), UNREADABLE),
        "shared text before the first": (third('<c t="s"><v>-1</v></c>'), UNREADABLE),
        "one long text often": (book(rows, {SHARED: long, SHEET: often}), TOO_LARGE),
        "row beyond counting": (
            third("</row><row r='4296015872'>" + "<c><v>1</v></c>" * 600), UNREADABLE),
        "row in other digits": (third("</row><row r='٩'><c><v>1</v></c>"), UNREADABLE),
        "last corner": (third('<c r="XFD1048576"><v>1</v></c>'), TOO_LARGE),
        "beyond the last column": (third('<c r="XFE1"><v>1</v></c>'), TOO_LARGE),
        "beyond the last row": (third('<c r="A1048577"><v>1</v></c>'), TOO_LARGE),
        "row 0": (third('<c r="A0"><v>1</v></c>'), UNREADABLE),
        "no name of a cell": (third('<c r="甲3"><v>1</v></c>'), UNREADABLE),
        "cells in cells": (third('<c r="A3"><c r="B3"><v>1</v></c></c>'), UNREADABLE),
        "values in values": (third('<c r="A3"><v><v>1</v></v></c>'), UNREADABLE),
        "NUL": (third('<c t="str"><v>&#0;</v></c>'), UNREADABLE),
        "unknown kind": (third('<c t="zz"><v>1</v></c>'), UNREADABLE),
        "neither true nor false": (third('<c t="b"><v>maybe</v></c>'), UNREADABLE),
    }  # fmt: skip
    return {name: ("a.xlsx", *content) for name, content in contents.items()}


def _with_xml(rows: Rows) -> dict[str, File]:
    sheet = sheet_xml(rows_xml(rows))
    entity = sheet.replace("</sheetData>", '<row><c t="str"><v>&j;</v></c></row></sheetData>')
    laughs = "".join(
        f'<!ENTITY {chr(98 + step)} "{f"&{chr(97 + step)};" * 10}">' for step in range(9)
    )
    sheets: dict[str, str | bytes] = {
        "billion laughs": f'<!DOCTYPE x [<!ENTITY a "ha">{laughs}]>{entity}',
        "external entity": f'<!DOCTYPE x [<!ENTITY j SYSTEM "file:///etc/passwd">]>{entity}',
        "external document type": f'<!DOCTYPE x SYSTEM "http://192.0.2.1/x.dtd">{sheet}',
        "entity of nothing": entity,
        "deep": sheet_xml("<a>" * 50_000 + "</a>" * 50_000),
        "endless tag": sheet_xml(f'<row x="{"x" * 2_000_000}"/>'),
        "not closed": sheet[:-12],
        "a second root": sheet + sheet,
        "bytes that are no text": sheet.encode().replace(b"<t>", b"<t>\xff\xfe", 1),
        "nothing at all": "",
    }
    return {name: ("a.xlsx", book(rows, {SHEET: xml}), UNREADABLE) for name, xml in sheets.items()}


def _with_parts(rows: Rows) -> dict[str, File]:
    whole = parts(rows_xml(rows))
    links, shared = whole[LINKS], whole[SHARED]
    pointing = sheet_xml(rows_xml(rows) + '<row><c t="s"><v>0</v></c></row>')
    changes: dict[str, dict[str, str | bytes | None]] = {
        "no shared texts": {SHARED: None, SHEET: pointing},
        "shared texts twice": {"xl/more.xml": shared},
        "no sheet": {SHEET: None},
        "no list of sheets": {BOOK: None},
        "empty list of sheets": {BOOK: f"<workbook {_MAIN}><sheets/></workbook>"},
        "no links": {LINKS: None},
        "sheet outside": {LINKS: links.replace("worksheets/sheet1", "../../../etc/x")},
        "sheet of another ending": {LINKS: links.replace("sheet1.xml", "sheet1.bin")},
        "another kind inside": {"content.xml": "<office/>"},
    }
    return {name: ("a.xlsx", book(rows, change), UNREADABLE) for name, change in changes.items()}


def _archives(rows: Rows) -> dict[str, File]:
    whole = parts(rows_xml(rows))
    right = packed(*whole.items())
    unlike = [[f"列{number}" for number in range(16_384)], rows[1]]
    unknown = [["没有这一栏", *rows[0][1:]], rows[1]]
    many = ((f"xl/{number}.xml", "") for number in range(2000))
    zeros = packed(*whole.items(), ("xl/a.xml", bytes(2_000_000)))
    contents = {
        "sheet twice": (packed(*whole.items(), (SHEET, sheet_xml(""))), UNREADABLE),
        "sheet twice in other letters": (
            packed(*whole.items(), (SHEET.upper(), sheet_xml(""))), UNREADABLE),
        "bomb": (_declaring(zeros, 105 * 1024 * 1024), TOO_LARGE),
        "bomb that says it is small": (_declaring(zeros, 100), UNREADABLE),
        "too many parts": (packed(*whole.items(), *many), TOO_LARGE),
        "locked": (_locked(right), UNREADABLE),
        "cut off": (right[:-200], UNREADABLE),
        "end of an archive alone": (
            struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 9, 9, 9, 9, 0), UNREADABLE),
        "old, or with a password": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), OLD),
        "web page": (b"<html><table><tr><td>name</td></tr></table></html>", UNREADABLE),
        "headings alone": (book(rows[:1]), NO_ROWS),
        "no cells": (book([]), EMPTY),
        "unknown heading": (
            book(unknown), Words("Unknown column: %(found)s. Known columns: %(known)s.")),
        "16,384 columns": (book(unlike), _too_wide("16,384")),
    }  # fmt: skip
    return {
        **{name: ("a.xlsx", *content) for name, content in contents.items()},
        "old workbook": ("a.xls", right, WRONG_KIND),
        "two endings": ("a.xlsx.exe", right, WRONG_KIND),
    }


def _csv(rows: Rows) -> dict[str, File]:
    text = "\n".join(",".join(map(str, row)) for row in rows)
    contents = {
        "UTF-16": (text.encode("utf-16"), NO_CSV),
        "UTF-16 without its mark": (text.encode("utf-16-le"), NO_CSV),
        "NUL in it": (text.replace(",", ",\x00", 1).encode(), NO_CSV),
        "neither encoding": (text.encode() + b"\n\xff\xff,\x80", NO_CSV),
        "endless cell": (text.encode() + b'\n"' + b"x" * 140_000, NO_CSV),
        "blank lines": (text.encode().split(b"\n")[0] + b"\n" * 20_000, NO_ROWS),
        "workbook": (packed(*parts(rows_xml(rows)).items()), NO_CSV),
        "wide": (b"x," * 9_999 + b"x" + b"\n1" * 999, _too_wide("10,000")),
    }
    return {f"CSV: {name}": ("a.csv", *content) for name, content in contents.items()}


def _locked(archive: bytes) -> bytes:
    """The same, each entry said to need a password."""
    content = bytearray(archive)
    for mark, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = content.find(mark)
        while at >= 0:
            content[at + place] |= 1
            at = content.find(mark, at + 1)
    return bytes(content)


def _declaring(archive: bytes, size: int) -> bytes:
    """The same, its last entry said to unpack to ``size`` bytes."""
    content = bytearray(archive)
    for mark, place in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        struct.pack_into("<I", content, content.rfind(mark) + place, size)
    return bytes(content)
