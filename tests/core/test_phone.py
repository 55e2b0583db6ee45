"""Mobile numbers."""

import pytest
from hypothesis import given, strategies as st

from core.errors import RuleViolation
from core.phone import demo_phone, is_demo_phone, normalise_phone


@pytest.mark.parametrize(
    ("raw", "e164"),
    [
        ("13812345678", "+8613812345678"),
        ("138 1234-5678", "+8613812345678"),
        ("１３８１２３４５６７８", "+8613812345678"),
        ("+86 138 1234 5678", "+8613812345678"),
        ("0086 138 1234 5678", "+8613812345678"),
        ("86 13812345678", "+8613812345678"),
        ("（+86）13812345678", "+8613812345678"),
        ("19912345678", "+8619912345678"),
        ("+852 6123 4567", "+85261234567"),
    ],
)
def test_mobile_numbers_become_e164(raw, e164):
    assert normalise_phone(raw) == e164


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "phone_missing"),
        (" - ", "phone_missing"),
        ("1381234567", "phone_invalid"),
        ("138123456789", "phone_invalid"),
        ("0635-8211111", "phone_invalid"),
        ("110", "phone_invalid"),
        ("12012345678", "phone_invalid"),
        ("1381234567a", "phone_invalid"),
        ("+852 2123 4567", "phone_invalid"),  # a landline
        ("+999123456789", "phone_invalid"),
        ("1-800-FLOWERS", "phone_invalid"),
    ],
)
def test_what_is_no_mobile_number_is_refused(raw, code):
    with pytest.raises(RuleViolation) as caught:
        normalise_phone(raw)
    assert (caught.value.field, caught.value.code) == ("phone", code)


def test_demo_numbers_are_accepted_only_by_setting(settings):
    assert demo_phone(5) == "+8612900000005"
    assert is_demo_phone(demo_phone(99_999_999))
    assert not is_demo_phone("+8613812345678")
    settings.ALLOW_DEMO_IDENTITIES = True
    assert normalise_phone("12900000005") == "+8612900000005"
    settings.ALLOW_DEMO_IDENTITIES = False
    with pytest.raises(RuleViolation):
        normalise_phone("12900000005")
    with pytest.raises(ValueError, match="sequence"):
        demo_phone(100_000_000)


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_every_number_of_the_mobile_ranges_is_accepted_and_stays(number):
    e164 = normalise_phone(number)
    assert e164 == "+86" + number
    assert normalise_phone(e164) == e164
