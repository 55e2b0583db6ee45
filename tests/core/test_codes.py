"""Codes for people."""

from hypothesis import given, strategies as st

from core.codes import (
    ALPHABET,
    check_character,
    format_receipt,
    is_receipt_number,
    random_code,
    receipt_number,
)

RECEIPTS = st.text(alphabet=ALPHABET, min_size=11, max_size=11).map(
    lambda body: body + check_character(body)
)


def test_alphabet_has_no_look_alikes_and_a_prime_length():
    assert len(set(ALPHABET)) == 31
    assert not set(ALPHABET) & set("01OIL")


def test_random_codes_differ_and_keep_to_the_alphabet():
    codes = {random_code(8) for _ in range(1000)}
    assert len(codes) == 1000
    assert {len(code) for code in codes} == {8}
    assert set("".join(codes)) <= set(ALPHABET)


def test_receipt_numbers_are_recognised_as_typed():
    number = receipt_number()
    assert len(number) == 12
    assert is_receipt_number(number)
    assert is_receipt_number(f" {format_receipt(number).lower()} ")
    assert not is_receipt_number(number[:-1])
    assert format_receipt("ABCDEFGHJKMN") == "ABCD-EFGH-JKMN"


@given(RECEIPTS, st.data())
def test_every_wrong_character_is_noticed(number, data):
    position = data.draw(st.integers(0, 11))
    wrong = data.draw(st.sampled_from([c for c in ALPHABET if c != number[position]]))
    assert not is_receipt_number(number[:position] + wrong + number[position + 1 :])


@given(RECEIPTS, st.integers(0, 11), st.integers(0, 11))
def test_every_swap_of_two_characters_is_noticed(number, one, other):
    swapped = list(number)
    swapped[one], swapped[other] = swapped[other], swapped[one]
    assert is_receipt_number("".join(swapped)) is (number[one] == number[other])
