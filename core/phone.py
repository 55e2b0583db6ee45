"""Mobile numbers, kept in E.164 (`+8613812345678`).

Demo numbers lie in +86 129 0000 0000 to +86 129 9999 9999. China's numbering plan gives mobile
networks the ranges 13 to 19 only, so that no subscriber can hold one; they are accepted only
where ALLOW_DEMO_IDENTITIES is set.
"""

from __future__ import annotations

import re

import phonenumbers
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from core.errors import RuleViolation
from core.normalising import normalise_identifier

DEFAULT_REGION = "CN"
CHINA_CODE = 86
DEMO_PREFIX = "+86129"

_CHINA_ELEVEN = re.compile(r"(?:\+?86|0086)?(?P<number>1[0-9]{10})")
# Any number of the mobile ranges: carriers open new blocks before libraries know of them.
_CHINA_MOBILE = re.compile(r"\+861[3-9][0-9]{9}")
_DEMO = re.compile(r"\+86129[0-9]{8}")
_ALLOWED_CHARACTERS = re.compile(r"\+?[0-9]{4,20}")
_BRACKETS_AND_DOTS = re.compile("[().（）·]")
_MOBILE_TYPES = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def normalise_phone(raw: str) -> str:
    """The mobile number in E.164; numbers without a country code are Chinese.

    Full-width digits, spaces, hyphens, brackets and dots are forgiven. Raises RuleViolation
    (field "phone") for what cannot be a mobile number.
    """
    typed = _BRACKETS_AND_DOTS.sub("", normalise_identifier(raw))
    if not typed:
        raise RuleViolation(_("Enter a mobile number."), field="phone", code="phone_missing")
    if not _ALLOWED_CHARACTERS.fullmatch(typed):
        raise _not_a_mobile()
    # Before the library, which takes 129 and 179 for carrier prefixes of old and cuts them off.
    chinese = _CHINA_ELEVEN.fullmatch(typed)
    e164 = f"+86{chinese['number']}" if chinese else _foreign_mobile(typed)
    if _CHINA_MOBILE.fullmatch(e164) or not e164.startswith("+86"):
        return e164
    if is_demo_phone(e164) and settings.ALLOW_DEMO_IDENTITIES:
        return e164
    raise _not_a_mobile()


def is_demo_phone(e164: str) -> bool:
    """True for a normalised number of the demo range."""
    return _DEMO.fullmatch(e164) is not None


def demo_phone(sequence: int) -> str:
    """The demo number with this sequence (0 to 99,999,999), in E.164."""
    if not 0 <= sequence <= 99_999_999:
        raise ValueError("sequence must lie between 0 and 99,999,999")
    return f"{DEMO_PREFIX}{sequence:08d}"


def _foreign_mobile(typed: str) -> str:
    try:
        number = phonenumbers.parse(typed, DEFAULT_REGION)
    except phonenumbers.NumberParseException:
        raise _not_a_mobile() from None
    if (
        number.country_code == CHINA_CODE
        or not phonenumbers.is_valid_number(number)
        or phonenumbers.number_type(number) not in _MOBILE_TYPES
    ):
        raise _not_a_mobile()
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _not_a_mobile() -> RuleViolation:
    return RuleViolation(
        _("Enter a mobile number, such as 11 digits beginning with 1."),
        field="phone",
        code="phone_invalid",
    )
