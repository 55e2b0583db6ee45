"""What is left of a personal value on a screen."""

import pytest
from hypothesis import given, strategies as st

from core.masking import mask_identity_number, mask_name, mask_phone


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("371502199001011234", "371***********1234"),
        ("37150219900101123X", "371***********123X"),
        ("H1234567890", "H12****7890"),
        ("E12345678", "*******78"),
        ("12345", "***45"),
        ("1234", "****"),
        ("", ""),
    ],
)
def test_mask_identity_number(number, masked):
    assert mask_identity_number(number) == masked


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("13812345678", "138****5678"),
        ("+8613812345678", "138****5678"),
        ("+8612900000005", "129****0005"),
        ("+85291234567", "+852*****567"),
        ("12345", "*****"),
        ("", ""),
    ],
)
def test_mask_phone(phone, masked):
    assert mask_phone(phone) == masked


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("王小明", "王*明"),
        ("王明", "王*"),
        ("王", "*"),
        ("欧阳小明", "欧**明"),
        ("买买提·艾山", "买**·艾*"),
        ("John Smith", "J*** S****"),
        ("Al", "A*"),
        ("", ""),
    ],
)
def test_mask_name(name, masked):
    assert mask_name(name) == masked


@given(st.text(min_size=1, max_size=30))
def test_masked_values_keep_their_length_and_hide_something(value):
    assert len(mask_identity_number(value)) == len(value)
    assert "*" in mask_identity_number(value)
    assert mask_phone(value).count("*") >= 1
