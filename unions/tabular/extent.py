"""How far the filled cells of a workbook reach, found out before it is read as a whole.

The reader lays out every cell from A1 to the last one: two cells, in the first and the last corner
of a sheet, would be seventeen thousand million, and the process would be gone with everybody's
requests. Here the parts are only run through; a cell that is merely coloured does not count.
"""

from __future__ import annotations

import re
import zipfile
from typing import Final
from xml.parsers import expat

MOST_CELLS: Final = 5_000_000  # laid out, the empty ones too: some 200 MB for the reader
_WORKBOOK = "xl/workbook.xml"
_REFERENCE = re.compile(r"([A-Za-z]{1,4})([0-9]{1,9})")
_CHUNK = 64 * 1024


class TooLargeError(Exception):
    """The cells of a sheet reach too far."""


class UnreadableError(Exception):
    """Not a workbook of this kind, or one that no spreadsheet program writes."""


def check_extent(archive: zipfile.ZipFile) -> None:
    """Raise TooLargeError where a sheet would take more than ``MOST_CELLS``, UnreadableError for
    what is not a workbook (.xlsx), zipfile's and zlib's errors for a broken archive."""
    names = {name.lower() for name in archive.namelist()}
    # Of another kind under this name, which the reader would take too.
    if _WORKBOOK not in names or names & {"xl/workbook.bin", "content.xml"}:
        raise UnreadableError
    for entry in archive.infolist():
        name = entry.filename.lower()
        if name.endswith((".xml", ".rels")):
            _run_through(archive, entry)


def _run_through(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    sheet = _Sheet()
    parser = expat.ParserCreate()
    parser.StartElementHandler = sheet.begin
    parser.EndElementHandler = sheet.end
    try:
        with archive.open(entry) as part:
            while chunk := part.read(_CHUNK):
                parser.Parse(chunk, False)
            parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise UnreadableError from error


class _Sheet:
    """Counts rows and columns as the reader does; of other parts it sees nothing to count."""

    def __init__(self) -> None:
        self.row = self.column = 0
        self.last_row = self.last_column = 0
        self.in_cell = False

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "row":
            given = attributes.get("r", "")
            self.row = int(given) if given.isdecimal() and len(given) < 10 else self.row + 1
            self.column = 0
        elif name == "c":
            self.in_cell = True
            self._place(attributes.get("r", ""))
        elif self.in_cell and name in ("v", "is", "t"):
            self.last_row = max(self.last_row, self.row)
            self.last_column = max(self.last_column, self.column)
            if self.last_row * self.last_column > MOST_CELLS:
                raise TooLargeError
        elif (
            name == "Relationship"
            and attributes.get("Type", "").endswith("/worksheet")
            and not attributes.get("Target", "").lower().endswith(".xml")
        ):
            raise UnreadableError  # a sheet of another ending would not be run through

    def end(self, tag: str) -> None:
        if tag.rpartition(":")[2] == "c":
            self.in_cell = False

    def _place(self, reference: str) -> None:
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            if reference:
                raise UnreadableError
            self.column += 1
            return
        column = 0
        for letter in match.group(1).upper():
            column = column * 26 + ord(letter) - 64
        self.column, self.row = column, int(match.group(2))
