"""Names of people."""

import pytest
from hypothesis import given, strategies as st

from core.errors import RuleViolation
from core.masking import mask_name
from core.person_name import parse_name


@pytest.mark.parametrize(
    ("raw", "name", "masked"),
    [
        ("王小明", "王小明", "王*明"),
        ("王 小　明", "王小明", "王*明"),
        ("阿卜杜·热合曼", "阿卜杜·热合曼", "阿**·热**"),
        ("阿卜杜•热合曼", "阿卜杜·热合曼", "阿**·热**"),
        ("阿卜杜 ・ 热合曼", "阿卜杜·热合曼", "阿**·热**"),
        ("阿卜杜‧热合曼", "阿卜杜·热合曼", "阿**·热**"),
        ("阿卜杜.热合曼", "阿卜杜·热合曼", "阿**·热**"),
        ("阿卜杜。热合曼", "阿卜杜·热合曼", "阿**·热**"),
        ("阿卜杜．热合曼", "阿卜杜·热合曼", "阿**·热**"),
        ("阿卜杜\u0387热合曼", "阿卜杜·热合曼", "阿**·热**"),
        ("阿卜杜﹒热合曼·", "阿卜杜·热合曼", "阿**·热**"),
        ("\U00020bb7野", "\U00020bb7野", "\U00020bb7*"),  # extension B
        ("李\U0002a700", "李\U0002a700", "李*"),  # C
        ("李\U0002b740明", "李\U0002b740明", "李*明"),  # D
        ("李\U0002b820", "李\U0002b820", "李*"),  # E
        ("李\U0002ceb0", "李\U0002ceb0", "李*"),  # F
        ("李\U00030000", "李\U00030000", "李*"),  # G
        ("\U00031350\U000323af", "\U00031350\U000323af", "\U00031350*"),  # H: after Python 3.11
        ("刘\ue863", "刘䶮", "刘*"),  # 䶮 as GBK software wrote it
        ("刘\ue816", "刘\U00020087", "刘*"),
        ("葛\U000e0100明", "葛明", "葛*"),  # a variation selector
        ("〇小明", "〇小明", "〇*明"),
        ("佐々木", "佐々木", "佐*木"),
        ("John O'Neil-Smith Jr.", "John O'Neil-Smith Jr.", "J*** O*********** J**"),
        ("J.R. Müller", "J.R. Müller", "J*** M*****"),
        ("e\u0301mile", "émile", "é****"),
        ("李yan", "李yan", "李**n"),
        ("王" * 60, "王" * 60, "王" + "*" * 58 + "王"),
    ],
)
def test_names_keep_their_characters(raw, name, masked):
    assert parse_name(raw) == name
    assert parse_name(name) == name
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "required"),
        (" \u3000", "required"),
        ("\u200b", "name"),
        ("·", "name"),
        ("刘\ue000", "name_private"),
        ("刘\U000f0000", "name_private"),
        ("刘?", "name_missing"),
        ("刘？明", "name_missing"),
        ("刘□", "name_missing"),
        ("刘*", "name_missing"),
        ("刘\ufffd", "name_missing"),
        ("王小明2", "name"),
        ("１３８", "name"),
        ("王😀", "name"),
        ("王<b>", "name"),
        ("王（小明）", "name"),
        ("--", "name"),
        ("⿰木木", "name"),
        ("王\U0003ffff", "name"),
        ("王" * 61, "max_length"),
    ],
)
def test_what_is_no_name_is_refused_beside_its_field(raw, code):
    with pytest.raises(RuleViolation) as caught:
        parse_name(raw)
    assert (caught.value.field, caught.value.code) == ("name", code)
    assert "王小明" not in str(caught.value)


@given(st.text(max_size=70))
def test_any_text_is_a_name_or_refused(raw):
    try:
        name = parse_name(raw)
    except RuleViolation:
        return
    assert parse_name(name) == name
    assert 1 <= len(name) <= 60
