"""What is hostile inside a table is refused, or a value or a sentence; never a fault of ours."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest
import python_calamine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.utils.translation import override
from hypothesis import given, settings, strategies as st

from core.errors import RuleViolation
from core.uploads import check_paper
from members.models import Member
from reference.models import GroupSet
from stations.models import Facility
from tests.members.hostile import QUICK
from tests.portal.world import make_world
from tests.unions.hostile_files import (
    CELLS,
    SHARED,
    SHEET,
    Raw,
    book,
    failed,
    hostile_files,
    sheet_xml,
)
from tests.unions.test_exchange import workbook
from unions.enums import UnionStatus
from unions.models import UnionKind
from unions.tabular import columns, extent
from unions.tabular.extent import Limits, TooLargeError, UnreadableError, look_through
from unions.tabular.files import read_table

ROWS = [["name", "address"], ["甲", "乙"]]
FILES = hostile_files(ROWS)
READ = {"unknown heading"}  # as a table of other columns: refused where the columns are known


def test_a_hostile_file_is_refused_in_the_readers_language() -> None:
    assert read_table("a.xlsx", book(ROWS)) == (ROWS[0], ROWS[1:], [2])
    with override("zh-hans"):
        for hostile, (name, content, words) in FILES.items():
            if hostile in READ:
                continue
            with pytest.raises(RuleViolation) as refusal:
                read_table(name, content)
            assert (str(refusal.value), refusal.value.field) == (words.said(), "import_file")
            assert words.said() != words.text % words.values


class _Reader:
    """In the place of the native reader."""

    asked = 0

    @classmethod
    def from_filelike(cls, archive: io.BytesIO) -> Any:
        cls.asked += 1
        raise python_calamine.CalamineError


def test_what_would_take_the_memory_is_not_given_to_the_reader(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(python_calamine, "CalamineWorkbook", _Reader)
    given_to_it = set()
    for hostile, (name, content, _words) in FILES.items():
        before = _Reader.asked
        with pytest.raises(RuleViolation):
            read_table(name, content)
        if _Reader.asked > before:
            given_to_it.add(hostile)
    # Small as they are, it is left to the reader to see what is wrong with these.
    assert given_to_it == {
        "unknown kind", "neither true nor false", "no sheet", "empty list of sheets", "no links",
        "sheet outside", "headings alone", "no cells", "unknown heading", "16,384 columns",
    }  # fmt: skip


# -- what was counted is what is laid out ---------------------------------------------------------

_NUMBERS = st.sampled_from(
    ("", "1", "2", "7", "41", "0", "-1", "007", "4294967297", "4294967337", "18446744073709551618",
     "1e1", "+3", " 3", "٣", "x")
)  # fmt: skip
_ATTRIBUTES = ("", ' t="s"', ' t="str"', ' t="inlineStr"', ' t="e"', ' t="b"', ' t="n"', ' s="9"')
_INSIDE = (
    "<v>1</v>", "<v>0</v>", "<v/>", "<is><t>甲乙</t></is>", "<f>1</f>", "<f>1</f><v>2</v>", "",
    "<v>1</v><v>0</v>", "<is><r><t>a</t></r><r><t>b</t></r></is>", "<v><!-- --> 1</v>",
    "<v><![CDATA[1]]></v>", "<x/>", "<is><rPh><t>a</t></rPh></is>",
)  # fmt: skip


@st.composite
def sheets(draw: st.DrawFn) -> str:
    """Rows as no program writes them."""
    rows = []
    for _ in range(draw(st.integers(0, 4))):
        cells = []
        for _ in range(draw(st.integers(0, 4))):
            letters = draw(st.sampled_from(("", "", "A", "B", "G", "AA", "a", "$C", "XFD")))
            reference = f' r="{letters}{draw(_NUMBERS)}"' if letters else ""
            kind = draw(st.sampled_from(_ATTRIBUTES))
            cells.append(f"<c{reference}{kind}>{draw(st.sampled_from(_INSIDE))}</c>")
        number = draw(_NUMBERS)
        rows.append(
            f"<row{f' r={chr(34)}{number}{chr(34)}' if number else ''}>{''.join(cells)}</row>"
        )
    return sheet_xml("".join(rows))


@given(sheet=sheets(), most=st.integers(1, 60))
@settings(max_examples=60, **QUICK)  # type: ignore[arg-type]
def _compare_with_reader(outcomes: set[str], sheet: str, most: int) -> None:
    content = book([], {SHEET: sheet, SHARED: "<sst><si><t>共用</t></si><si><t>二</t></si></sst>"})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(extent, "MOST_CELLS", most)
        try:
            seen = look_through(content, Limits(elements=10_000, text=most))
        except (TooLargeError, UnreadableError) as error:
            outcomes.add(type(error).__name__)
            return
    try:
        read = python_calamine.CalamineWorkbook.from_filelike(seen.archive).get_sheet_by_index(0)
    except python_calamine.CalamineError:
        outcomes.add("refused by the reader")
        return
    rows = list(read.iter_rows())
    assert sum(len(row) for row in rows) <= most
    assert sum(len(cell) for row in rows for cell in row if isinstance(cell, str)) <= most
    outcomes.add("read")


def test_no_sheet_lays_out_more_than_was_counted() -> None:
    outcomes: set[str] = set()
    _compare_with_reader(outcomes)
    assert outcomes >= {"read", "TooLargeError", "UnreadableError"}


def test_the_reader_gets_what_was_looked_at_and_nothing_else() -> None:
    extra = {"docProps/app.xml": "<!DOCTYPE x>", "../../etc/passwd": "x", "xl/media/a.png": "x"}
    seen = look_through(book(ROWS, extra), Limits(elements=10_000, text=100))
    with zipfile.ZipFile(seen.archive) as archive:
        assert set(archive.namelist()) == {
            "[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels",
            "xl/styles.xml", SHARED, SHEET,
        }  # fmt: skip
    assert read_table("a.xlsx", book(ROWS, extra)) == (ROWS[0], ROWS[1:], [2])


def test_errors_count_where_they_are_read() -> None:
    """Those of another sheet are nobody's business; a text that a formula makes empty is none."""
    empty = Raw('<c r="{r}" t="str"><f>IF(1,"")</f><v></v></c>')
    other = sheet_xml('<row><c t="e"><v>#REF!</v></c></row>')
    content = book([*ROWS, ["丙", empty]], {"xl/worksheets/sheet2.xml": other})
    assert read_table("a.xlsx", content).rows == [["甲", "乙"], ["丙", ""]]
    content = workbook(["a"], ["=1+1"])  # of a program that does not reckon
    with override("en"), pytest.raises(RuleViolation) as refusal:
        read_table("a.xlsx", content)
    with override("en"):
        assert str(refusal.value) == failed("A2 (=)").said()


def test_lines_that_hold_nothing_take_no_memory() -> None:
    content = b"name\n" + b"\n" * 20_000 + b"x\n" * 5_000
    tracemalloc.start()
    try:
        with pytest.raises(RuleViolation):
            read_table("a.csv", content, row_limit=100)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


# -- cells ----------------------------------------------------------------------------------------

_NOTHING = {"NUL alone", "only a style", "only white"}
_NO_DAY = {"date not a number", "last date"}  # the reader makes days of them
TAKEN: dict[str, set[str]] = {
    "WholeNumber": _NOTHING | {"date out of range", "no such style"},
    "DecimalNumber": _NOTHING | {"half", "date out of range", "no such style"},
    "DateColumn": _NOTHING | _NO_DAY,
    "YesNo": _NOTHING | {"true"},
    "Choice": _NOTHING,
    "NamedCode": _NOTHING,
    "NamedCodes": _NOTHING,
    "GroupSetColumn": _NOTHING,
    "RegionColumn": _NOTHING,
    "UnionColumn": _NOTHING,
    "Column": set(CELLS),
    "CodeColumn": set(CELLS),
}


def _cleaned(kind: columns.Column, cell: Any) -> tuple[Any, str]:
    try:
        return kind.clean(cell), ""
    except ValueError as error:
        return None, str(error)


@pytest.mark.django_db
def test_every_cell_is_a_value_or_a_sentence_in_every_column() -> None:
    kinds: list[columns.Column] = [
        columns.Column(), columns.CodeColumn(), columns.WholeNumber(), columns.DecimalNumber(),
        columns.DateColumn(), columns.YesNo(), columns.Choice(UnionStatus),
        columns.NamedCode(UnionKind), columns.NamedCodes(Facility), columns.GroupSetColumn(),
        columns.RegionColumn(), columns.UnionColumn("unions.view"),
    ]  # fmt: skip
    content = book([["a", "b"], *([cell, "x"] for cell in CELLS.values())])
    cells = dict(zip(CELLS, read_table("a.xlsx", content).rows, strict=True))
    assert GroupSet.objects.exists()
    taken: dict[str, set[str]] = {}
    with override("zh-hans"):
        for kind in kinds:
            names = taken[type(kind).__name__] = set()
            for name, (cell, _other) in cells.items():
                value, refused = _cleaned(kind, cell)
                if refused:
                    # Our own words in the reader's language, with no more than a line of the cell.
                    assert refused.endswith("。"), (name, refused)
                    assert len(refused) < 300
                else:
                    assert "\x00" not in str(value)
                    names.add(name)
    assert taken == TAKEN


# -- doors that are not pages ---------------------------------------------------------------------


@pytest.mark.django_db
def test_hostile_files_are_refused_by_the_command_and_enter_nobody(tmp_path: Path) -> None:
    make_world()
    for hostile in [*READ, *list(FILES)[::4]]:
        name, content, words = FILES[hostile]
        path = tmp_path / name
        path.write_bytes(content)
        with override("en"), pytest.raises(CommandError) as refusal:
            call_command("import_members", str(path), "--union", "371502")
        with override("en"):
            expected = words.said() if hostile not in READ else "Unknown column: "
        assert str(refusal.value).startswith(expected), hostile
    assert Member.objects.count() == 0


def test_papers_are_told_by_their_parts_and_not_unpacked() -> None:
    kept = set()
    for hostile, (name, content, _words) in FILES.items():
        try:
            kind = check_paper(SimpleUploadedFile(name, content))
        except RuleViolation:
            continue
        assert kind == "xlsx"
        kept.add(hostile)
    workbooks = {hostile for hostile, (name, *_rest) in FILES.items() if "xls" in name}
    assert workbooks - kept == {
        "no list of sheets", "too many parts", "cut off", "end of an archive alone",
        "old, or with a password", "web page",
    }  # fmt: skip
    assert kept - workbooks == {"CSV: workbook"}  # its content counts, not its name
