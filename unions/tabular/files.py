"""Workbooks and CSV files as people send them, read into rows and written from rows."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from core.errors import RuleViolation
from core.normalising import normalise_text
from unions.tabular.extent import Limits, TooLargeError, look_through

ROW_LIMIT = 10_000
COLUMN_LIMIT = 100
FILE_LIMIT = 5 * 1024 * 1024  # bytes
_ELEMENTS_PER_ROW = 400  # two for a filled cell, one for a coloured one, in all sheets
_TEXT_PER_BYTE = 6  # characters; a workbook is packed
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV_TYPE = "text/csv; charset=utf-8"

Row = list[Any]


class Table(NamedTuple):
    """What a file holds. ``lines`` says on which line of the file each row stands, from 1."""

    headers: list[str]
    rows: list[Row]
    lines: list[int]


def read_table(
    name: str, content: bytes, *, row_limit: int = ROW_LIMIT, file_limit: int = FILE_LIMIT
) -> Table:
    """The first sheet of an ``.xlsx`` or a ``.csv`` file.

    Blank rows are left out. Raises RuleViolation (field ``import_file``) for every file that
    cannot be read, is larger than ``file_limit`` (bytes), has more than ``row_limit`` rows or
    ``COLUMN_LIMIT`` columns, and for cells that hold an error. What it takes of the server is
    bounded by these limits, whatever the file says of itself.
    """
    if len(content) > file_limit:
        raise _refusal(
            _("The file is larger than %(size)s MB.") % {"size": file_limit // 1024 // 1024}
        )
    suffix = name.lower().rpartition(".")[2]
    if suffix == "xlsx":
        limits = Limits(elements=_ELEMENTS_PER_ROW * row_limit, text=_TEXT_PER_BYTE * file_limit)
        rows = _read_workbook(content, limits)
    elif suffix == "csv":
        rows = _read_csv(content)
    else:
        raise _refusal(_("Only .xlsx and .csv files can be read."))
    headers: list[str] | None = None
    body: list[Row] = []
    lines: list[int] = []
    count = 0
    for line, row in enumerate(rows, start=1):
        if all(_is_blank(cell) for cell in row):
            continue
        if headers is None:
            headers = _headers(row)
            if len(headers) > COLUMN_LIMIT:
                # Each row is made as wide as the headings.
                raise _refusal(
                    _("The file has %(columns)s columns; at most %(limit)s are read.")
                    % {"columns": f"{len(headers):,}", "limit": COLUMN_LIMIT}
                )
            continue
        count += 1
        # What lies beyond the limit is only counted.
        if count <= row_limit:
            width = len(headers)
            body.append([*row[:width], *[""] * (width - len(row))])
            lines.append(line)
    if headers is None:
        raise _refusal(_("The file is empty."))
    if not body:
        raise _refusal(_("The file has headings but no rows."))
    if count > row_limit:
        raise _refusal(
            _("The file has %(rows)s rows; at most %(limit)s can be imported at once.")
            % {"rows": f"{count:,}", "limit": f"{row_limit:,}"}
        )
    return Table(headers, body, lines)


def _headers(row: Row) -> list[str]:
    headers = [normalise_text(_as_text(cell)) for cell in row]
    while headers and not headers[-1]:
        headers.pop()
    return headers


def _read_workbook(content: bytes, limits: Limits) -> Iterator[Row]:
    import python_calamine

    if content.startswith(_OLD_WORKBOOK):
        raise _refusal(
            _("This is an old workbook (.xls) or one with a password. Save it as .xlsx without.")
        )
    try:
        seen = look_through(content, limits)
        if seen.failed:
            raise _refusal(
                _(
                    "Cells hold an error, or a formula without a result: %(cells)s."
                    " Put the values there and choose the file again."
                )
                % {"cells": "、".join(seen.failed)}
            )
        workbook = python_calamine.CalamineWorkbook.from_filelike(seen.archive)
        yield from workbook.get_sheet_by_index(0).iter_rows()
    except RuleViolation:
        raise
    except TooLargeError:
        raise _refusal(_("The workbook is too large.")) from None
    # The reader is native code with many kinds of error; all mean the same to an official.
    except Exception as error:
        raise _refusal(_("This is not a readable Excel workbook (.xlsx).")) from error


def _read_csv(content: bytes) -> Iterator[Row]:
    # Chinese Excel saves CSV in the national encoding, other programs in UTF-8.
    unreadable = _refusal(_("This is not a readable CSV file."))
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise unreadable
    if "\x00" in text:
        raise unreadable
    try:
        for row in csv.reader(io.StringIO(text, newline="")):
            yield [_without_guard(cell) for cell in row]
    except csv.Error as error:
        raise unreadable from error


def write_workbook(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """An ``.xlsx`` file. Texts stay texts, whatever they begin with: no cell is a formula."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet()
    sheet.freeze_panes = "A2"
    for index, header in enumerate(headers, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = max(12, 2 * len(header) + 4)

    def cell(value: Any, *, bold: bool = False) -> Any:
        made = WriteOnlyCell(sheet, value=value)
        if isinstance(value, str):
            made.data_type = "s"
        if bold:
            made.font = Font(bold=True)
        return made

    sheet.append([cell(header, bold=True) for header in headers])
    for row in rows:
        sheet.append([cell(value) for value in row])
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def write_csv(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A ``.csv`` file in UTF-8 with the mark that Excel needs.

    Texts that a spreadsheet would take for formulas get an apostrophe in front, which
    ``read_table`` takes off again.
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(headers)
    for row in rows:
        writer.writerow(_guarded(value) for value in row)
    return stream.getvalue().encode("utf-8-sig")


def _guarded(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value


def _without_guard(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA_STARTS) else cell


def _is_blank(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _as_text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat()
    return "" if cell is None else str(cell)


def _refusal(message: str) -> RuleViolation:
    return RuleViolation(message, field="import_file", code="file")
