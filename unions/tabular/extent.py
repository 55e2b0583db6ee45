"""A workbook looked through before it is read: how far its cells reach and how much they hold.

The reader lays out every cell from A1 to the last one, each with its text: two cells, in the first
and the last corner of a sheet, would be seventeen thousand million, and one long text that a
thousand cells point at would be a thousand texts. The process would be gone with everybody's
requests. Here the parts are only run through; a cell that is merely coloured does not count.

What was looked at is packed anew, and that alone goes to the reader: of an archive that two
programs would unpack differently it sees what was seen here.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from typing import Final, NamedTuple
from xml.parsers import expat

MOST_CELLS: Final = 5_000_000  # laid out, the empty ones too: some 200 MB for the reader
LAST_ROW: Final = 1_048_576  # of any spreadsheet program; the column is XFD
LAST_COLUMN: Final = 16_384
FAILED_SHOWN: Final = 5
_UNPACKED_LIMIT = 100 * 1024 * 1024  # bytes; a small archive may hold a huge sheet
_MOST_PARTS = 2_000
_DEEPEST = 100  # elements inside each other; a sheet has some eight
_LONGEST_TOKEN = 1024 * 1024  # bytes of a tag: each piece read goes through all of it again
_WORKBOOK = "xl/workbook.xml"
_LINKS = "xl/_rels/workbook.xml.rels"
# What people and programs keep beside the sheets; the reader never asks for it.
_NOT_READ = ("customxml/", "docprops/")
# Of a number that does not fit its own the reader takes what is left of it.
_REFERENCE = re.compile(r"([A-Z]{1,4})([1-9][0-9]{0,8})")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}")
_KEPT_TEXT = 40  # characters: enough for a number, or the name of an error
_CHUNK = 64 * 1024


class TooLargeError(Exception):
    """The cells of a sheet reach too far, or there is too much in them."""


class UnreadableError(Exception):
    """Not a workbook of this kind, or one that no spreadsheet program writes."""


class Limits(NamedTuple):
    """What one workbook may ask of the server: ``elements`` of XML run through in all its parts
    (half a microsecond each), ``text`` characters laid out of one sheet (up to four bytes each)."""

    elements: int
    text: int


class LookedThrough(NamedTuple):
    """``archive``: the parts that were looked at. ``failed``: cells of the first sheet, at most
    ``FAILED_SHOWN`` such as "B3 (#REF!)", which hold an error, or a formula without a result."""

    archive: io.BytesIO
    failed: list[str]


def look_through(content: bytes, limits: Limits) -> LookedThrough:
    """Raise TooLargeError where a sheet would take more than ``MOST_CELLS`` or ``limits``,
    UnreadableError for what is not a workbook (.xlsx), zipfile's and zlib's errors for a broken
    archive."""
    packed = io.BytesIO()
    look = _Look(limits)
    with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(packed, "w") as anew:
        for entry in _parts(archive):
            with archive.open(entry) as source, anew.open(entry.filename, "w") as target:
                look.begin_part(entry.filename)
                while chunk := source.read(_CHUNK):
                    look.feed(chunk)
                    target.write(chunk)
                look.end_part()
    packed.seek(0)
    return LookedThrough(packed, look.failed())


def _parts(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """What the reader may need, shared texts first: cells of the sheets point at them."""
    entries = archive.infolist()
    if sum(entry.file_size for entry in entries) > _UNPACKED_LIMIT or len(entries) > _MOST_PARTS:
        raise TooLargeError
    names = [entry.filename.lower() for entry in entries]
    # Of another kind under this name, which the reader would take too; or two answers to one name.
    if (
        _WORKBOOK not in names
        or {"xl/workbook.bin", "content.xml"} & set(names)
        or len(set(names)) < len(names)
    ):
        raise UnreadableError
    parts = [
        (name, entry)
        for name, entry in zip(names, entries, strict=True)
        if name.endswith((".xml", ".rels")) and not name.startswith(_NOT_READ)
    ]
    parts.sort(key=lambda part: not part[0].endswith("sharedstrings.xml"))
    return [entry for _name, entry in parts]


class _Look:
    """Counts rows and columns as the reader does; of other parts it sees nothing to count."""

    def __init__(self, limits: Limits) -> None:
        self._elements = limits.elements
        self._most_text = limits.text
        self._shared: list[int] = []  # characters of each text that cells point at
        self._shared_in = ""
        self._first_sheet = ""  # id of its link
        self._links: dict[str, str] = {}
        self._failed: dict[str, list[str]] = {}

    def begin_part(self, name: str) -> None:
        """What is fed from now on is of this part."""
        self._part = name.lower()
        self._depth = self._text = self._fed = 0
        self._row = self._column = self._last_row = self._last_column = 0
        self._cell: str | None = None  # the kind of the cell that is open
        self._has_formula = self._is_shared_text = self._is_value = False
        self._length = 0  # characters in the open cell or shared text
        self._seen = ""  # the beginning of the last <v> or <t>
        parser = self._parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._refuse

    def feed(self, chunk: bytes) -> None:
        """The next bytes."""
        try:
            self._parser.Parse(chunk, False)
        except expat.ExpatError as error:
            raise UnreadableError from error
        self._fed += len(chunk)
        if self._fed - self._parser.CurrentByteIndex > _LONGEST_TOKEN:
            raise UnreadableError

    def end_part(self) -> None:
        """There are no more bytes."""
        try:
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise UnreadableError from error

    def failed(self) -> list[str]:
        """Of the first sheet, once all parts were fed."""
        target = self._links.get(self._first_sheet, "")
        return self._failed.get(posixpath.normpath(posixpath.join("/xl", target)).lower(), [])

    def _refuse(self, *_declaration: object) -> None:
        raise UnreadableError  # no workbook declares a document type; entities come with them

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        self._elements -= 1
        self._depth += 1
        if self._elements < 0:
            raise TooLargeError
        if self._depth > _DEEPEST:
            raise UnreadableError
        name = tag.rpartition(":")[2]
        if name == "row":
            given = attributes.get("r")
            self._row = self._row + 1 if given is None else _number(given)
            self._column = 0
        elif name == "c":
            self._begin_cell(attributes)
        elif name in ("v", "is", "t"):
            self._begin_value(name)
        elif name == "f":
            self._has_formula = True
        elif name == "si":
            self._begin_shared_text()
        elif name == "sheet" and self._part == _WORKBOOK and not self._first_sheet:
            ids = [value for key, value in attributes.items() if key.endswith(":id")]
            self._first_sheet = "".join(ids)
        elif name == "Relationship":
            self._follow(attributes)

    def _end(self, tag: str) -> None:
        self._depth -= 1
        name = tag.rpartition(":")[2]
        if name in ("v", "t"):
            self._is_value = False
            self._parser.CharacterDataHandler = None
        elif name == "c":
            self._end_cell()
        elif name == "si":
            self._shared.append(self._length)
            self._is_shared_text = False

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        if self._cell is not None:
            raise UnreadableError  # cells inside each other
        self._cell = attributes.get("t", "n")
        self._has_formula = False
        self._length = 0
        self._seen = ""
        self._place(attributes.get("r"))

    def _begin_value(self, name: str) -> None:
        if self._cell is not None:
            self._lay_out()
        elif not self._is_shared_text:
            return
        if self._is_value:
            raise UnreadableError  # values inside each other
        if name != "is":
            self._is_value = True
            self._seen = ""
            self._parser.CharacterDataHandler = self._read

    def _read(self, text: str) -> None:
        self._length += len(text)
        if len(self._seen) < _KEPT_TEXT:
            self._seen += text[:_KEPT_TEXT]

    def _place(self, reference: str | None) -> None:
        if reference is None:
            self._column += 1
            return
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            raise UnreadableError
        column = 0
        for letter in match.group(1):
            column = column * 26 + ord(letter) - 64
        self._column, self._row = column, int(match.group(2))

    def _lay_out(self) -> None:
        """The open cell is filled: the reader makes room up to here."""
        self._last_row = max(self._last_row, self._row)
        self._last_column = max(self._last_column, self._column)
        if (
            self._last_row * self._last_column > MOST_CELLS
            or self._last_row > LAST_ROW
            or self._last_column > LAST_COLUMN
        ):
            raise TooLargeError

    def _end_cell(self) -> None:
        kind, self._cell = self._cell, None
        length = self._length
        if kind == "s" and self._seen:
            # The reader takes what is no number for the first text.
            index = _number(self._seen)
            if index >= len(self._shared):
                raise UnreadableError
            length = self._shared[index]
        self._text += length
        if self._text > self._most_text:
            raise TooLargeError
        if kind == "e" or (self._has_formula and not self._seen and kind != "str"):
            failed = self._failed.setdefault(f"/{self._part}", [])
            if len(failed) < FAILED_SHOWN:
                failed.append(f"{_letters(self._column)}{self._row} ({self._seen[:20] or '='})")

    def _begin_shared_text(self) -> None:
        if self._is_shared_text or self._shared_in not in ("", self._part):
            raise UnreadableError  # a second table: which of them cells mean is anybody's guess
        self._shared_in = self._part
        self._is_shared_text = True
        self._length = 0

    def _follow(self, attributes: dict[str, str]) -> None:
        target = attributes.get("Target", "")
        if attributes.get("Type", "").endswith("/worksheet") and not target.lower().endswith(
            ".xml"
        ):
            raise UnreadableError  # a sheet of another ending would not be run through
        if self._part == _LINKS:
            self._links[attributes.get("Id", "")] = target


def _number(text: str) -> int:
    """As spreadsheet programs write it. UnreadableError: of others the reader makes its own."""
    if not _NUMBER.fullmatch(text):
        raise UnreadableError
    return int(text)


def _letters(column: int) -> str:
    letters = ""
    while column > 0:
        column, place = divmod(column - 1, 26)
        letters = chr(65 + place) + letters
    return letters
