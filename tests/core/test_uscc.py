"""The unified social credit code: checked, never refused."""

import pytest
from django.utils import translation
from hypothesis import given, strategies as st

from core.uscc import ALPHABET, check_uscc, make_uscc

CODES = st.builds(
    make_uscc, st.from_regex(rf"[{ALPHABET}]{{2}}[0-9]{{6}}[{ALPHABET}]{{9}}", fullmatch=True)
)


def weighted_sum(code):
    return sum(ALPHABET.index(c) * 3**i for i, c in enumerate(code))


def test_a_real_code_passes():
    check = check_uscc("９１110000 600037341l")
    assert (check.normalised, check.ok, check.message) == ("91110000600037341L", True, "")


def test_an_empty_code_is_fine():
    assert check_uscc("  ").ok


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("12345", "18 characters"),
        ("91110000600037341I", "do not occur"),
        ("9111000A600037341L", "do not occur"),
        ("911100006000373411", "check character"),
    ],
)
def test_odd_codes_are_warned_of(raw, message):
    with translation.override("en"):
        check = check_uscc(raw)
    assert not check.ok
    assert message in check.message
    assert check.normalised == raw


@given(CODES)
def test_made_codes_sum_to_nothing_and_pass(code):
    assert len(code) == 18
    # The check character has weight 1, not 3**17.
    assert (weighted_sum(code[:17]) + ALPHABET.index(code[17])) % 31 == 0
    assert check_uscc(code).ok


@given(CODES, st.data())
def test_every_single_wrong_character_is_noticed(code, data):
    position = data.draw(st.integers(8, 17))
    wrong = data.draw(st.sampled_from([c for c in ALPHABET if c != code[position]]))
    assert not check_uscc(code[:position] + wrong + code[position + 1 :]).ok


def test_make_uscc_refuses_impossible_beginnings():
    with pytest.raises(ValueError, match="17 characters"):
        make_uscc("8137150")
