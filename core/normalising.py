"""Cleaning of what people type, paste or scan, before it is checked or stored.

Python's NFKC is not used on whole texts: it also turns Chinese punctuation into ASCII, `㎡` into
`m2`, and replaces compatibility ideographs that stand in people's registered names. Only what
never carries meaning is changed here.
"""

from __future__ import annotations

import re
import unicodedata

_FULL_WIDTH_OFFSET = 0xFEE0
_FULL_WIDTH_ASCII = {code: code - _FULL_WIDTH_OFFSET for code in range(0xFF01, 0xFF5F)}
_FULL_WIDTH_ALPHANUMERIC = {
    code: target for code, target in _FULL_WIDTH_ASCII.items() if chr(target).isalnum()
}
# Copied from PDFs, 工 often arrives as the Kangxi radical ⼯: same glyph, other character.
_RADICALS = {
    code: unicodedata.normalize("NFKC", chr(code))
    for code in (*range(0x2F00, 0x2FD6), 0x2E9F, 0x2EF3)
}
# Letters by Unicode's book, but drawn as nothing.
_INVISIBLE_LETTERS = "\u115f\u1160\u3164\uffa0"
_KEPT_APART = re.compile("([\uf900-\ufaff\U0002f800-\U0002fa1f]+)")
_NAME_DOTS = dict.fromkeys(map(ord, "•‧∙⋅・･●．"), "·")
# 王 明: people space their names out; only between ideographs, never between Latin words.
_IDEOGRAPH = "[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
_BETWEEN_IDEOGRAPHS = re.compile(f"(?<={_IDEOGRAPH}) +(?={_IDEOGRAPH})")
_AROUND_DOT = re.compile(r" *·+ *(?:· *)*")
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_LOWER_TO_UPPER = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}


def normalise_text(raw: str) -> str:
    """One clean line: full-width letters, digits and spaces made half-width, invisible and
    control characters removed (NUL too, which PostgreSQL refuses), white space collapsed.

    Idempotent. Chinese punctuation, the middle dot, extension-plane and compatibility
    ideographs and private-use characters stay as they are.
    """
    visible = _drop_invisible(raw).translate(_FULL_WIDTH_ALPHANUMERIC).translate(_RADICALS)
    # Composition (NFC) makes é one character, but would also replace compatibility ideographs.
    pieces = _KEPT_APART.split(visible)
    composed = "".join(
        piece if index % 2 else unicodedata.normalize("NFC", piece)
        for index, piece in enumerate(pieces)
    )
    return " ".join(composed.split())


def normalise_name(raw: str) -> str:
    """A name of a person or union: as `normalise_text`, without spaces between ideographs, and
    every kind of dot between its parts becomes the middle dot U+00B7 without spaces, as the
    identity card writes it (GB/T 13000)."""
    dotted = _AROUND_DOT.sub("·", normalise_text(raw).translate(_NAME_DOTS)).strip("· ")
    return _BETWEEN_IDEOGRAPHS.sub("", dotted)


def normalise_identifier(raw: str) -> str:
    """A number or code: half-width, upper case, without spaces, dashes and invisible characters.

    `３７１５０２ 19900101-123x` → `37150219900101123X`. Idempotent. Other characters stay, for the
    check that follows to refuse them.
    """
    half_width = _drop_invisible(raw).translate(_FULL_WIDTH_ASCII)
    return "".join(
        character
        for character in half_width
        if not character.isspace() and character not in _DASHES
    ).translate(_LOWER_TO_UPPER)


def _drop_invisible(raw: str) -> str:
    """Without control, formatting (zero-width, bidi) and surrogate characters; white space kept
    as plain spaces."""
    kept = []
    for character in raw:
        if character.isspace():
            kept.append(" ")
        elif (
            unicodedata.category(character) not in ("Cc", "Cf", "Cs")
            and character not in _INVISIBLE_LETTERS
        ):
            kept.append(character)
    return "".join(kept)
