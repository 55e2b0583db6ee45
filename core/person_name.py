"""Names of people: what an identity card may show, and what only looks like it.

Chinese names, names in parts with the middle dot (``阿卜杜·热合曼``), Latin names of foreigners.
Rare characters live in the extension planes (``𠮷``); software of old put them into private-use
code points, where every system shows something else.
"""

from __future__ import annotations

import unicodedata

from django.utils.translation import gettext_lazy as _

from core.errors import RuleViolation
from core.normalising import is_ideograph, is_plain_name, normalise_name

MAX_LENGTH = 60
_BETWEEN_LETTERS = frozenset("· -'’.,")
# Written for a character that could not be typed.
_STAND_INS = frozenset("?？*＊□■○●×〓_＿\ufffd")


def parse_name(raw: str) -> str:
    """The name in its one spelling (``normalise_name``).

    Raises RuleViolation (field ``name``): ``required``, ``max_length``, ``name_private`` for a
    private-use character, ``name_missing`` for a stand-in such as ``？``, ``name`` for digits,
    symbols and what else is no name.
    """
    if is_plain_name(raw) and len(raw) <= MAX_LENGTH:
        return raw
    name = normalise_name(raw)
    if not raw.strip():
        raise _refusal(_("Please enter your name."), "required")
    if any(unicodedata.category(character) == "Co" for character in name):
        raise _refusal(
            _(
                "One character of the name cannot be read here: it comes from an old font. "
                "Type it with another input method, or write its pinyin in capital letters."
            ),
            "name_private",
        )
    if any(character in _STAND_INS for character in name):
        raise _refusal(
            _(
                "Write every character of the name. For one that you cannot type, write its pinyin "
                "in capital letters."
            ),
            "name_missing",
        )
    if not all(_may_stand(character) for character in name) or not any(map(_is_letter, name)):
        raise _refusal(_("Please enter your name as it stands in your document."), "name")
    if len(name) > MAX_LENGTH:
        raise _refusal(_("This is too long."), "max_length")
    return name


def _is_letter(character: str) -> bool:
    return character.isalpha() or is_ideograph(character)


def _may_stand(character: str) -> bool:
    return (
        _is_letter(character)
        or character in _BETWEEN_LETTERS
        or unicodedata.category(character) in ("Mn", "Mc")
    )


def _refusal(message: object, code: str) -> RuleViolation:
    return RuleViolation(message, field="name", code=code)  # type: ignore[arg-type]
