"""Cleaning of typed text."""

import unicodedata

import pytest
from hypothesis import given, strategies as st

from core.normalising import normalise_identifier, normalise_name, normalise_text
from core.person_name import parse_name

ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=[]), max_size=40)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("  王　小明\t", "王 小明"),
        ("ＡＢＣ１２３", "ABC123"),
        ("王\u200b小\ufeff明\u202e\x00\x07", "王小明"),
        ("聊城市（东昌府）工会，第１届", "聊城市（东昌府）工会，第1届"),
        ("买买提·艾山", "买买提·艾山"),
        ("𠮷野家㐂", "𠮷野家㐂"),  # extension planes
        ("\uf9dc\ufa0e", "\uf9dc\ufa0e"),  # compatibility ideographs stay as registered
        ("⼯会", "工会"),  # a Kangxi radical out of a PDF
        ("e\u0301", "é"),
        ("a\u3164b", "ab"),
        ("25㎡", "25㎡"),
        ("\ue863", "\ue863"),  # private use: rare characters of old systems
        ("\u2028\x85", ""),
        ("", ""),
    ],
)
def test_normalise_text(raw, clean):
    assert normalise_text(raw) == clean


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("买买提•艾山", "买买提·艾山"),
        ("买买提 ・ 艾山", "买买提·艾山"),
        ("买买提··艾山·", "买买提·艾山"),
        ("阿依古丽．热合曼", "阿依古丽·热合曼"),
        ("王小明", "王小明"),
        ("王 小　明", "王小明"),
        ("王\u200b明", "王明"),
        ("John 王 明", "John 王明"),
        ("John  Smith", "John Smith"),
    ],
)
def test_normalise_name_knows_one_dot(raw, clean):
    assert normalise_name(raw) == clean


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("３７１５０２ 19900101-123x", "37150219900101123X"),
        ("３７１５０２１９９００１０１１２３ｘ", "37150219900101123X"),
        ("\u202a+86 138—1234－5678\u202c", "+8613812345678"),
        ("h１２３４５６７８", "H12345678"),
        ("中文", "中文"),
    ],
)
def test_normalise_identifier(raw, clean):
    assert normalise_identifier(raw) == clean


@given(ANY_TEXT)
def test_cleaning_twice_changes_nothing_more(raw):
    for clean in (normalise_text, normalise_name, normalise_identifier):
        once = clean(raw)
        assert clean(once) == once


@given(ANY_TEXT)
def test_nothing_unstorable_or_invisible_is_left(raw):
    clean = normalise_text(raw)
    assert not {unicodedata.category(c) for c in clean} & {"Cc", "Cf", "Cs"}
    assert "  " not in clean
    assert clean == clean.strip()


@given(st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF)))
def test_plain_chinese_is_left_alone(text):
    assert normalise_text(text) == text


def test_what_is_left_as_typed_would_come_out_of_the_long_way_unchanged():
    plain = "".join(map(chr, range(0x4E00, 0x9FA6)))
    ascii_text = "".join(map(chr, range(ord("!"), ord("~") + 1)))
    identifier = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ+"
    # An invisible character in front makes each go the long way.
    assert normalise_name("\u200b" + plain) == plain == normalise_name(plain)
    assert normalise_text(f"\u200b{plain} {ascii_text}") == f"{plain} {ascii_text}"
    assert normalise_identifier("\u200b" + identifier) == identifier
    assert parse_name("\u200b" + plain[:60]) == plain[:60]
    assert all(character.isalpha() for character in plain)
