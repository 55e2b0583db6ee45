"""Numbers of identity documents."""

import datetime

import pytest
from hypothesis import given, strategies as st
from stdnum.cn import ric

from core.errors import RuleViolation
from core.identity import (
    IdentityDocument,
    IdentityType,
    Sex,
    age_on,
    demo_identity_number,
    is_demo_identity,
    parse_identity,
)

TODAY = datetime.date(2026, 11, 22)
RESIDENT = IdentityType.RESIDENT_ID


def with_check_digit(body: str) -> str:
    """The 18 characters for 17 digits, by GB 11643's own weights."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True))
    return body + "10X98765432"[total % 11]


def refusal(id_type: str, raw: str, today: datetime.date = TODAY) -> tuple[str | None, str]:
    with pytest.raises(RuleViolation) as caught:
        parse_identity(id_type, raw, today=today)
    return caught.value.field, caught.value.code


def test_a_resident_number_tells_birth_date_and_sex():
    # The example of GB 11643-1999.
    assert parse_identity(RESIDENT, "11010519491231002X", today=TODAY) == IdentityDocument(
        "resident_id", "11010519491231002X", datetime.date(1949, 12, 31), Sex.FEMALE
    )
    assert parse_identity(RESIDENT, "440524188001010014", today=datetime.date(1999, 1, 1)).sex == (
        Sex.MALE
    )


@pytest.mark.parametrize(
    "raw",
    ["11010519491231002x", "１１０１０５１９４９１２３１００２Ｘ", " 110105 19491231-002X\u200b"],
)
def test_ways_of_typing_are_forgiven(raw):
    assert parse_identity(RESIDENT, raw, today=TODAY).number == "11010519491231002X"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "identity_missing"),
        ("1101051949123100", "identity_length"),
        ("110105491231002", "identity_old"),  # the 15 digits of before 1999
        ("１１０１０５ ４９１２３１００２", "identity_old"),
        ("11010549123100X", "identity_length"),
        ("1101051949123100AX", "identity_format"),
        ("X1010519491231002X", "identity_format"),
        ("١٠١٠٥١٩٤٩١٢٣١٠٠٢١١١", "identity_length"),
        ("110105194912310021", "identity_check_digit"),
        ("110150194912310029", "identity_check_digit"),  # two digits swapped
        (with_check_digit("37150219900230123"), "identity_birth_date"),
        (with_check_digit("37150219901301123"), "identity_birth_date"),
        (with_check_digit("37150220261123123"), "identity_birth_date"),  # tomorrow
        (with_check_digit("37150220101123123"), "identity_too_young"),
        (with_check_digit("37150219051122123"), "identity_too_old"),
        (with_check_digit("17150219900101123"), "identity_region"),
        (with_check_digit("81000019900101123"), "identity_other_type"),
        (with_check_digit("83000019900101123"), "identity_other_type"),
        (with_check_digit("91184019900101123"), "identity_other_type"),  # a foreigner's card
        (with_check_digit("66010119900101123"), "identity_region"),
        ("110105194912310020\N{SUPERSCRIPT TWO}", "identity_length"),
        ("11010519491231002Ⅹ", "identity_format"),  # the Roman ten
    ],
)
def test_each_fault_of_a_resident_number_has_its_own_code(raw, code):
    assert refusal(RESIDENT, raw) == ("id_number", code)


def test_the_sixteenth_birthday_is_old_enough():
    number = with_check_digit("37150220101122123")
    assert parse_identity(RESIDENT, number, today=TODAY).birth_date == datetime.date(2010, 11, 22)
    assert refusal(RESIDENT, number, TODAY - datetime.timedelta(days=1)) == (
        "id_number",
        "identity_too_young",
    )


@pytest.mark.parametrize(
    "body",
    [
        "37150219600101123",  # a county named so since 1997, in the number of an older person
        "37999919600101123",  # a county in no table, in a province that exists
    ],
)
def test_the_county_need_not_have_existed_in_the_year_of_birth(body):
    number = with_check_digit(body)
    assert parse_identity(RESIDENT, number, today=TODAY).number == number


def test_refusals_never_repeat_the_number():
    number = "110105194912310021"
    with pytest.raises(RuleViolation) as caught:
        parse_identity(RESIDENT, number, today=TODAY)
    assert number not in str(caught.value)


@pytest.mark.parametrize("prefix", ["810000", "820000", "830000"])
def test_residence_permits_follow_the_same_rule(prefix):
    number = with_check_digit(prefix + "19900101" + "122")
    assert parse_identity(
        IdentityType.HMT_RESIDENCE_PERMIT, number, today=TODAY
    ) == IdentityDocument("hmt_residence_permit", number, datetime.date(1990, 1, 1), Sex.FEMALE)


def test_a_resident_number_is_no_residence_permit():
    assert refusal(IdentityType.HMT_RESIDENCE_PERMIT, "11010519491231002X") == (
        "id_number",
        "identity_region",
    )


@pytest.mark.parametrize(
    ("id_type", "raw", "number"),
    [
        (IdentityType.HK_MACAO_PERMIT, "h1234 5678", "H12345678"),
        (IdentityType.HK_MACAO_PERMIT, "M1234567801", "M12345678"),  # 01: the issue
        (IdentityType.HK_MACAO_PERMIT, "ｈ１２３４５６７８", "H12345678"),
        (IdentityType.TAIWAN_PERMIT, "12345678", "12345678"),
        (IdentityType.TAIWAN_PERMIT, "1234567890b", "1234567890B"),
        (IdentityType.TAIWAN_PERMIT, "1234567890（B）", "1234567890B"),
        (IdentityType.TAIWAN_PERMIT, "１２３４５６７８", "12345678"),
        (IdentityType.PASSPORT, "Ｇ 1234-5678", "G12345678"),
        (IdentityType.PASSPORT, "12345", "12345"),
        (IdentityType.PASSPORT, "e12345678", "E12345678"),
        (IdentityType.FOREIGN_PERMANENT_RESIDENCE, "usa110012345678", "USA110012345678"),
    ],
)
def test_documents_without_birth_date(id_type, raw, number):
    assert parse_identity(id_type, raw, today=TODAY) == IdentityDocument(
        id_type, number, None, Sex.UNKNOWN
    )


@pytest.mark.parametrize(
    ("id_type", "raw"),
    [
        (IdentityType.HK_MACAO_PERMIT, "K12345678"),
        (IdentityType.HK_MACAO_PERMIT, "H1234567"),
        (IdentityType.HK_MACAO_PERMIT, "H123456789"),
        (IdentityType.HK_MACAO_PERMIT, "H123456789012"),
        (IdentityType.HK_MACAO_PERMIT, "H1234567٣"),
        (IdentityType.TAIWAN_PERMIT, "123456789"),
        (IdentityType.TAIWAN_PERMIT, "A12345678"),
        (IdentityType.TAIWAN_PERMIT, "()"),
        (IdentityType.PASSPORT, "E123"),
        (IdentityType.PASSPORT, "E12345678901234567"),
        (IdentityType.FOREIGN_PERMANENT_RESIDENCE, "US1110012345678"),
        (IdentityType.FOREIGN_PERMANENT_RESIDENCE, "USA11001234567"),
        (IdentityType.TAIWAN_PERMIT, "1234567"),
        (IdentityType.PASSPORT, "ABCDEF"),
        (IdentityType.PASSPORT, "护照12345"),
        (IdentityType.FOREIGN_PERMANENT_RESIDENCE, "11010519491231002X"),
    ],
)
def test_documents_of_another_form_are_refused(id_type, raw):
    assert refusal(id_type, raw) == ("id_number", "identity_format")


def test_foreigners_cards_since_2023_hold_the_birth_date():
    number = with_check_digit("91184019900101123")
    document = parse_identity(IdentityType.FOREIGN_PERMANENT_RESIDENCE, number, today=TODAY)
    assert document.birth_date == datetime.date(1990, 1, 1)
    assert document.sex == Sex.MALE


@pytest.mark.parametrize(
    ("id_type", "body", "code"),
    [
        (IdentityType.HMT_RESIDENCE_PERMIT, "84000019900101123", "identity_region"),
        (IdentityType.HMT_RESIDENCE_PERMIT, "81000119900101123", "identity_region"),
        (IdentityType.HMT_RESIDENCE_PERMIT, "83000020150101123", "identity_too_young"),
        (IdentityType.HMT_RESIDENCE_PERMIT, "82000019900231123", "identity_birth_date"),
        (IdentityType.FOREIGN_PERMANENT_RESIDENCE, "96684019900101123", "identity_region"),
        (IdentityType.FOREIGN_PERMANENT_RESIDENCE, "93784020150101123", "identity_too_young"),
        (IdentityType.FOREIGN_PERMANENT_RESIDENCE, "93784019901301123", "identity_birth_date"),
    ],
)
def test_permits_with_a_birth_date_are_checked_like_resident_numbers(id_type, body, code):
    number = with_check_digit(body)
    assert refusal(id_type, number) == ("id_number", code)
    wrong = number[:-1] + ("1" if number[-1] != "1" else "2")
    # The region is looked at first; birth date and age only of a number that is typed rightly.
    expected = code if code == "identity_region" else "identity_check_digit"
    assert refusal(id_type, wrong) == ("id_number", expected)


def test_an_unknown_type_is_refused_beside_its_own_field():
    assert refusal("library_card", "123") == ("id_type", "identity_type")


def test_demo_numbers_are_sound_but_accepted_only_by_setting(settings):
    number = demo_identity_number("371500", datetime.date(1990, 1, 1), 17)
    assert number == with_check_digit("99371519900101017")
    assert not ric.is_valid(number)
    assert is_demo_identity(number)
    settings.ALLOW_DEMO_IDENTITIES = True
    assert parse_identity(RESIDENT, number, today=TODAY) == IdentityDocument(
        "resident_id", number, datetime.date(1990, 1, 1), Sex.MALE
    )
    assert refusal(RESIDENT, number[:-1] + ("1" if number[-1] != "1" else "2")) == (
        "id_number",
        "identity_check_digit",
    )
    settings.ALLOW_DEMO_IDENTITIES = False
    assert refusal(RESIDENT, number) == ("id_number", "identity_region")
    # Nor does it pass as a foreigner's card.
    assert refusal(IdentityType.FOREIGN_PERMANENT_RESIDENCE, number) == (
        "id_number",
        "identity_region",
    )


@pytest.mark.parametrize(
    ("region", "sequence"), [("37150", 1), ("371500", -1), ("371500", 1000), ("37150a", 1)]
)
def test_demo_numbers_need_sound_parts(region, sequence):
    with pytest.raises(ValueError, match="must"):
        demo_identity_number(region, datetime.date(1990, 1, 1), sequence)


BODIES = st.builds(
    lambda region, birth, sequence: f"{region}{birth:%Y%m%d}{sequence:03d}",
    st.sampled_from(["110105", "371502", "620171", "440524"]),
    st.dates(datetime.date(1950, 1, 1), datetime.date(2008, 12, 31)),
    st.integers(0, 999),
)


@given(BODIES)
def test_true_numbers_are_accepted(body):
    document = parse_identity(RESIDENT, with_check_digit(body), today=TODAY)
    assert f"{document.birth_date:%Y%m%d}" == body[6:14]
    assert document.sex == (Sex.MALE if int(body[16]) % 2 else Sex.FEMALE)


@given(BODIES, st.data())
def test_every_single_mistyped_digit_is_noticed(body, data):
    number = with_check_digit(body)
    position = data.draw(st.integers(0, 16))
    wrong = data.draw(st.sampled_from([d for d in "0123456789" if d != number[position]]))
    assert refusal(RESIDENT, number[:position] + wrong + number[position + 1 :]) == (
        "id_number",
        "identity_check_digit",
    )


def test_age_counts_completed_years():
    leap = datetime.date(2008, 2, 29)
    assert age_on(leap, datetime.date(2025, 2, 28)) == 16
    assert age_on(leap, datetime.date(2025, 3, 1)) == 17
