"""The unified social credit code (统一社会信用代码, GB 32100-2015) of a legal entity.

A code that fails is worth a warning, never a refusal: old codes with wrong check characters are
in real use, and many unions have none because they are not legal persons.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from core.normalising import normalise_identifier

# Without I, O, S, V, Z.
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
UNION_PREFIXES = ("81", "89")  # grassroots unions, other union bodies

_FORM = re.compile(rf"[{ALPHABET}]{{2}}[0-9]{{6}}[{ALPHABET}]{{10}}")
_PREFIX = re.compile(rf"[{ALPHABET}]{{2}}[0-9]{{6}}[{ALPHABET}]{{9}}")
_VALUE = {character: value for value, character in enumerate(ALPHABET)}


@dataclass(frozen=True)
class UsccCheck:
    """`message` says what is odd about the code, and is empty when `ok`."""

    normalised: str
    ok: bool
    message: str


def check_uscc(raw: str) -> UsccCheck:
    """Check form and check character. An empty code is fine."""
    code = normalise_identifier(raw)
    if not code:
        return UsccCheck("", True, "")
    if len(code) != 18:
        message = _("A unified social credit code has 18 characters.")
    elif not _FORM.fullmatch(code):
        message = _("The unified social credit code holds characters that do not occur there.")
    elif _weighted_sum(code[:17]) + _VALUE[code[17]] in (0, 31):
        return UsccCheck(code, True, "")
    else:
        message = _("The check character of the unified social credit code does not fit.")
    return UsccCheck(code, False, str(message))


def make_uscc(prefix17: str) -> str:
    """The full code for the first 17 characters. Raises ValueError for impossible ones."""
    if not _PREFIX.fullmatch(prefix17):
        raise ValueError("prefix17 must be the first 17 characters of a code")
    return prefix17 + ALPHABET[-_weighted_sum(prefix17) % 31]


def _weighted_sum(prefix17: str) -> int:
    """Σ value × 3^(position−1) mod 31, positions from 1 (GB 32100, 5)."""
    return sum(_VALUE[c] * pow(3, index, 31) for index, c in enumerate(prefix17)) % 31
