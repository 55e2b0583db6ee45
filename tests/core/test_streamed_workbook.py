"""Rows streamed into a workbook that spreadsheets open."""

from io import BytesIO

from hypothesis import given, settings, strategies as st
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from core.streamed_workbook import CHUNK, stream_workbook


def read(content: bytes) -> tuple[str, list[tuple[object, ...]]]:
    """Title and rows, as openpyxl reads them."""
    sheet = load_workbook(BytesIO(content)).active
    return sheet.title, list(sheet.values)


def test_rows_come_back_as_text():
    rows = [["371502199001011234", "=1+1", "<a & 'b'>"], ["  空格  ", "换\n行", ""]]
    content = b"".join(stream_workbook("名单", rows))
    title, found = read(content)
    assert title == "名单"
    assert found == [
        ("371502199001011234", "=1+1", "<a & 'b'>"),
        ("  空格  ", "换\n行", ""),
    ]
    cell = load_workbook(BytesIO(content)).active["B1"]
    assert cell.data_type != "f"
    sheet = CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0)
    assert sheet.to_python()[0] == ["371502199001011234", "=1+1", "<a & 'b'>"]


def test_characters_xml_cannot_hold_are_left_out():
    assert read(b"".join(stream_workbook("a[b]:c", [["a\x00b\x1fc"]]))) == ("a b  c", [("abc",)])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=20), min_size=1, max_size=4))
def test_any_text_makes_a_workbook_that_opens(values):
    read(b"".join(stream_workbook("x", [values])))


def test_rows_are_read_while_the_bytes_are_sent():
    taken = []

    def rows():
        for number in range(60_000):
            taken.append(number)
            yield [f"{number * 7919:018d}", f"{number * 104729:011d}"]

    stream = stream_workbook("x", rows())
    first = next(stream)
    assert CHUNK <= len(first) < 3 * CHUNK
    assert 0 < len(taken) < 60_000
