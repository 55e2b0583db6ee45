"""Identity documents: which ones there are, and whether a number can be one.

A resident identity number (GB 11643) holds six digits of region, the birth date, a sequence
number (odd for men) and a check character. Residence permits for people from Hong Kong, Macao
and Taiwan follow the same rule with the regions 810000, 820000 and 830000, and so do foreigners'
permanent residence cards since 2023, whose numbers begin with 9.

Demo numbers (`demo_identity_number`) have a region beginning with 99. GB/T 2260 has no such
province, and on a foreigner's card "99" would name a province 9x that does not exist either: no
real person can hold one. They are accepted only where ALLOW_DEMO_IDENTITIES is set.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from stdnum.cn import ric

from core.clock import local_today
from core.errors import RuleViolation
from core.normalising import normalise_identifier

WORKING_AGE = 16  # 劳动法 art. 15
OLDEST_AGE = 120
DEMO_PREFIX = "99"
FIELD = "id_number"

# GB/T 2260, first two digits. Regions are checked no finer than this: counties get merged and
# renamed, and the numbers of the people born there stay valid.
PROVINCES = frozenset(
    f"{first}{second}"
    for first, seconds in {
        "1": "12345",
        "2": "123",
        "3": "1234567",
        "4": "123456",
        "5": "01234",
        "6": "12345",
        "7": "1",
    }.items()
    for second in seconds
)
HMT_PREFIXES = frozenset({"810000", "820000", "830000"})

_CITIZEN_NUMBER = re.compile(r"[0-9]{17}[0-9X]")


class IdentityType(models.TextChoices):
    """The documents accepted when somebody joins."""

    RESIDENT_ID = "resident_id", _("Resident identity card")
    HK_MACAO_PERMIT = (
        "hk_macao_permit",
        _("Mainland travel permit for Hong Kong and Macao residents"),
    )
    TAIWAN_PERMIT = "taiwan_permit", _("Mainland travel permit for Taiwan residents")
    HMT_RESIDENCE_PERMIT = (
        "hmt_residence_permit",
        _("Residence permit for Hong Kong, Macao and Taiwan residents"),
    )
    FOREIGN_PERMANENT_RESIDENCE = (
        "foreign_permanent_residence",
        _("Foreigner's permanent residence card"),
    )
    PASSPORT = "passport", _("Passport")


class Sex(models.TextChoices):
    """GB/T 2261.1."""

    UNKNOWN = "0", _("Unknown")
    MALE = "1", _("Male")
    FEMALE = "2", _("Female")
    UNSTATED = "9", _("Not stated")


@dataclass(frozen=True)
class IdentityDocument:
    """A checked number. `birth_date` and `sex` are known only where the number holds them;
    otherwise None and Sex.UNKNOWN."""

    id_type: str
    number: str
    birth_date: datetime.date | None
    sex: str


# Issued forms of the numbers that hold no birth date.
_PATTERNS: dict[str, tuple[re.Pattern[str], object]] = {
    # H (Hong Kong) or M (Macao) and eight digits, the holder's for life. Cards of before 2013 add
    # two digits that count the issues: they are left out, for they change with every card.
    IdentityType.HK_MACAO_PERMIT: (
        re.compile(r"([HM][0-9]{8})(?:[0-9]{2})?"),
        _("The permit number is H or M and 8 digits."),
    ),
    # Eight digits; older booklets ten digits and a letter, which is printed in brackets.
    IdentityType.TAIWAN_PERMIT: (
        re.compile(r"([0-9]{8}|[0-9]{10}[A-Z]?)"),
        _("The permit number has 8 digits."),
    ),
    IdentityType.PASSPORT: (
        re.compile(r"((?=.*[0-9])[A-Z0-9]{5,17})"),
        _("A passport number has 5 to 17 letters and digits."),
    ),
}
_OLD_FOREIGN_CARD = re.compile(r"[A-Z]{3}[0-9]{12}")


def parse_identity(
    id_type: str, raw: str, *, today: datetime.date | None = None
) -> IdentityDocument:
    """Check a number as typed, and read birth date and sex from it where it holds them.

    Full-width characters, spaces, hyphens and a lower-case x are forgiven. Raises RuleViolation
    (field "id_number") with a code of its own for each kind of fault. `today` is for tests.
    """
    number = normalise_identifier(raw)
    today = today or local_today()
    if not number:
        raise _refusal(_("Enter the document number."), "identity_missing")
    if id_type == IdentityType.RESIDENT_ID:
        return _parse_resident_id(number, today)
    if id_type == IdentityType.HMT_RESIDENCE_PERMIT:
        _check_form(number)
        if number[:6] not in HMT_PREFIXES:
            raise _refusal(
                _("A residence permit number begins with 810000, 820000 or 830000."),
                "identity_region",
            )
        return _read_citizen_number(id_type, number, today)
    if id_type == IdentityType.FOREIGN_PERMANENT_RESIDENCE:
        return _parse_foreign_card(number, today)
    if id_type in _PATTERNS:
        pattern, message = _PATTERNS[id_type]
        if id_type == IdentityType.TAIWAN_PERMIT:
            number = re.sub(r"[()]", "", number)
        match = pattern.fullmatch(number)
        if match is None:
            raise _refusal(message, "identity_format")
        return IdentityDocument(id_type, match.group(1), None, Sex.UNKNOWN)
    raise RuleViolation(_("Choose a type of document."), field="id_type", code="identity_type")


def is_demo_identity(number: str) -> bool:
    """True for a normalised number of the demo range."""
    return number.startswith(DEMO_PREFIX) and _CITIZEN_NUMBER.fullmatch(number) is not None


def demo_identity_number(region6: str, birth_date: datetime.date, sequence: int) -> str:
    """A resident number no real person can hold: 99 and the first four digits of `region6`, then
    birth date, `sequence` (0 to 999, odd for men) and a true check character."""
    if not re.fullmatch(r"[0-9]{6}", region6):
        raise ValueError("region6 must have six digits")
    if not 0 <= sequence <= 999:
        raise ValueError("sequence must lie between 0 and 999")
    body = f"{DEMO_PREFIX}{region6[:4]}{birth_date:%Y%m%d}{sequence:03d}"
    return body + ric.calc_check_digit(body + "0")


def _parse_resident_id(number: str, today: datetime.date) -> IdentityDocument:
    _check_form(number)
    prefix = number[:2]
    if prefix == DEMO_PREFIX and settings.ALLOW_DEMO_IDENTITIES:
        return _read_citizen_number(IdentityType.RESIDENT_ID, number, today)
    if number[:6] in HMT_PREFIXES:
        raise _refusal(
            _("This is the number of a residence permit. Choose that type of document."),
            "identity_other_type",
        )
    if number[0] == "9" and number[1:3] in PROVINCES:
        raise _refusal(
            _("This is the number of a foreigner's card. Choose that type of document."),
            "identity_other_type",
        )
    document = _read_citizen_number(IdentityType.RESIDENT_ID, number, today)
    if prefix not in PROVINCES:
        raise _refusal(_("The identity number begins with an unknown region."), "identity_region")
    return document


def _parse_foreign_card(number: str, today: datetime.date) -> IdentityDocument:
    if _OLD_FOREIGN_CARD.fullmatch(number):
        return IdentityDocument(IdentityType.FOREIGN_PERMANENT_RESIDENCE, number, None, Sex.UNKNOWN)
    if not _CITIZEN_NUMBER.fullmatch(number) or number[0] != "9":
        raise _refusal(
            _("The card number is 18 digits beginning with 9, or 3 letters and 12 digits."),
            "identity_format",
        )
    if number[1:3] not in PROVINCES:
        raise _refusal(_("The identity number begins with an unknown region."), "identity_region")
    return _read_citizen_number(IdentityType.FOREIGN_PERMANENT_RESIDENCE, number, today)


def _check_form(number: str) -> None:
    if re.fullmatch(r"[0-9]{15}", number):
        raise _refusal(
            _("This is an old number of 15 digits. Enter the 18 characters of your present card."),
            "identity_old",
        )
    if len(number) != 18:
        raise _refusal(_("The identity number must have 18 characters."), "identity_length")
    if not _CITIZEN_NUMBER.fullmatch(number):
        raise _refusal(
            _("The identity number has 17 digits, and a digit or X at the end."),
            "identity_format",
        )


def _read_citizen_number(id_type: str, number: str, today: datetime.date) -> IdentityDocument:
    """Check digit, birth date and age of an 18-character number of the right form."""
    if number[17] != ric.calc_check_digit(number):
        raise _refusal(
            _("The identity number is mistyped: its check digit does not fit."),
            "identity_check_digit",
        )
    try:
        birth_date = datetime.date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        birth_date = None
    if birth_date is None or birth_date > today:
        raise _refusal(
            _("The birth date in the identity number does not exist."), "identity_birth_date"
        )
    age = age_on(birth_date, today)
    if age < WORKING_AGE:
        raise _refusal(_("Members must be at least 16 years old."), "identity_too_young")
    if age > OLDEST_AGE:
        raise _refusal(
            _("The birth date in the identity number is more than 120 years ago."),
            "identity_too_old",
        )
    sex = Sex.MALE if int(number[16]) % 2 else Sex.FEMALE
    return IdentityDocument(str(id_type), number, birth_date, sex.value)


def age_on(birth_date: datetime.date, day: datetime.date) -> int:
    """Completed years of life on `day`."""
    not_yet = (day.month, day.day) < (birth_date.month, birth_date.day)
    return day.year - birth_date.year - not_yet


def _refusal(message: object, code: str) -> RuleViolation:
    return RuleViolation(message, field=FIELD, code=code)  # type: ignore[arg-type]
