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
# What keyboards and old systems write for the middle dot of the identity card.
_NAME_DOTS = dict.fromkeys(map(ord, "•‧∙⋅・･●．﹒⸱ꞏ᛫▪"), "·")
# A variant of the same character: the register does not tell them apart.
_VARIATION_SELECTORS = dict.fromkeys((*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
# GBK kept 80 rare characters, such as 䶮, in private-use code points; Unicode has them all today
# (GB 18030-2022). Where Python's table is still the older one, the last 14 are given here.
_OLD_PRIVATE = {
    0xE815 + index: bytes([0xFE, 0x50 + index + (index >= 0x2F)]).decode("gb18030")
    for index in range(80)
} | {
    0xE816: "\U00020087", 0xE817: "\U00020089", 0xE818: "\U000200cc", 0xE81E: "\u9fb4",
    0xE826: "\u9fb5", 0xE82B: "\u9fb6", 0xE82C: "\u9fb7", 0xE831: "\U000215d7",
    0xE832: "\u9fb8", 0xE83B: "\U0002298f", 0xE843: "\u9fb9", 0xE854: "\u9fba",
    0xE855: "\U000241fe", 0xE864: "\u9fbb",
}  # fmt: skip
# 王 明: people space their names out; only between ideographs, never between Latin words.
_IDEOGRAPH = "[\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0002fffd\U00030000-\U0003fffd]"
_BETWEEN_IDEOGRAPHS = re.compile(f"(?<={_IDEOGRAPH}) +(?={_IDEOGRAPH})")
_ONE_IDEOGRAPH = re.compile(_IDEOGRAPH)
# A plain full stop is a dot only there: J.R. Smith keeps his.
_STOP_BETWEEN_IDEOGRAPHS = re.compile(f"(?<={_IDEOGRAPH}) ?[.。] ?(?={_IDEOGRAPH})")
_AROUND_DOT = re.compile(r" *·+ *(?:· *)*")
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
# What nearly everybody types comes out as it went in, and need not go through all that follows.
_PLAIN_NAME = re.compile("[\u4e00-\u9fa5]+")
_PLAIN_TEXT = re.compile("[!-~\u4e00-\u9fa5]+(?: [!-~\u4e00-\u9fa5]+)*")
_PLAIN_IDENTIFIER = re.compile("[0-9A-Z+]*")
_LOWER_TO_UPPER = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}


def normalise_text(raw: str) -> str:
    """One clean line: full-width letters, digits and spaces made half-width, invisible and
    control characters removed (NUL too, which PostgreSQL refuses), white space collapsed.

    Idempotent. Chinese punctuation, the middle dot, extension-plane and compatibility
    ideographs and private-use characters stay as they are.
    """
    if _PLAIN_TEXT.fullmatch(raw):
        return raw
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
    identity card writes it (GB/T 13000). Rare characters out of old code points get their own."""
    if is_plain_name(raw):
        return raw
    text = normalise_text(raw.translate(_OLD_PRIVATE).translate(_VARIATION_SELECTORS))
    dotted = _STOP_BETWEEN_IDEOGRAPHS.sub("·", text.translate(_NAME_DOTS))
    return _BETWEEN_IDEOGRAPHS.sub("", _AROUND_DOT.sub("·", dotted).strip("· "))


def is_plain_name(raw: str) -> bool:
    """Whether a text is of common Chinese characters alone, as most names are."""
    return _PLAIN_NAME.fullmatch(raw) is not None


def is_ideograph(character: str) -> bool:
    """Whether a character is a Chinese one, also of extensions newer than Python's tables."""
    return _ONE_IDEOGRAPH.fullmatch(character) is not None


def normalise_identifier(raw: str) -> str:
    """A number or code: half-width, upper case, without spaces, dashes and invisible characters.

    `３７１５０２ 19900101-123x` → `37150219900101123X`. Idempotent. Other characters stay, for the
    check that follows to refuse them.
    """
    if _PLAIN_IDENTIFIER.fullmatch(raw):
        return raw
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
