"""Workbooks and CSV files as people send them, read into rows and written from rows."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from core.errors import RuleViolation
from core.normalising import normalise_text
from unions.tabular.extent import TooLargeError, check_extent

ROW_LIMIT = 10_000
FILE_LIMIT = 5 * 1024 * 1024  # bytes
_UNPACKED_LIMIT = 100 * 1024 * 1024  # bytes; a small archive may hold a huge sheet
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
    cannot be read, is larger than ``file_limit`` (bytes) or has more than ``row_limit`` rows.
    """
    if len(content) > file_limit:
        raise _refusal(
            _("The file is larger than %(size)s MB.") % {"size": file_limit // 1024 // 1024}
        )
    suffix = name.lower().rpartition(".")[2]
    if suffix == "xlsx":
        rows = _read_workbook(content)
    elif suffix == "csv":
        rows = _read_csv(content)
    else:
        raise _refusal(_("Only .xlsx and .csv files can be read."))
    filled = [
        (line, row)
        for line, row in enumerate(rows, start=1)
        if any(not _is_blank(cell) for cell in row)
    ]
    if not filled:
        raise _refusal(_("The file is empty."))
    headers = [normalise_text(_as_text(cell)) for cell in filled[0][1]]
    while headers and not headers[-1]:
        headers.pop()
    body = filled[1:]
    if not body:
        raise _refusal(_("The file has headings but no rows."))
    if len(body) > row_limit:
        raise _refusal(
            _("The file has %(rows)s rows; at most %(limit)s can be imported at once.")
            % {"rows": f"{len(body):,}", "limit": f"{row_limit:,}"}
        )
    width = len(headers)
    return Table(
        headers,
        [[*row[:width], *[""] * (width - len(row))] for _line, row in body],
        [line for line, _row in body],
    )


def _read_workbook(content: bytes) -> list[Row]:
    import python_calamine

    unreadable = _refusal(_("This is not a readable Excel workbook (.xlsx)."))
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _UNPACKED_LIMIT:
                raise TooLargeError
            check_extent(archive)
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        return workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except TooLargeError:
        raise _refusal(_("The workbook is too large.")) from None
    # The reader is native code with many kinds of error; all mean the same to an official.
    except Exception as error:
        raise unreadable from error


def _read_csv(content: bytes) -> list[Row]:
    # Chinese Excel saves CSV in the national encoding, other programs in UTF-8.
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        try:
            rows = list(csv.reader(io.StringIO(text, newline="")))
        except csv.Error:
            break
        return [[_without_guard(cell) for cell in row] for row in rows]
    raise _refusal(_("This is not a readable CSV file."))


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
