"""Personal values as they may stand on a screen: enough to recognise, too little to use."""

from __future__ import annotations

import re

_SEPARATORS = re.compile(r"([·\s]+)")
_LATIN_START = re.compile(r"[A-Za-z\u00c0-\u024f]")


def mask_identity_number(number: str) -> str:
    """`371502199001011234` → `371***********1234`; shorter than 11 characters: the last two."""
    if len(number) >= 11:
        return number[:3] + "*" * (len(number) - 7) + number[-4:]
    shown = 2 if len(number) > 4 else 0
    return "*" * (len(number) - shown) + number[len(number) - shown :]


def mask_phone(phone: str) -> str:
    """`13812345678` or `+8613812345678` → `138****5678`; others keep their end only."""
    number = phone.removeprefix("+86") if phone.startswith("+86") else phone
    if len(number) == 11 and number.isdigit():
        return f"{number[:3]}****{number[-4:]}"
    if len(number) >= 8:
        # Abroad the length of the country code differs: show four characters from the front.
        return number[:4] + "*" * (len(number) - 7) + number[-3:]
    return "*" * len(number)


def mask_name(name: str) -> str:
    """`王小明` → `王*明`, `王明` → `王*`; names in parts keep the beginning of each:
    `买买提·艾山` → `买**·艾*`, `John Smith` → `J*** S****`."""
    name = name.strip()
    if len(name) <= 1:
        return "*" * len(name)
    parts = _SEPARATORS.split(name)
    if len(parts) == 1 and not _LATIN_START.match(name):
        if len(name) == 2:
            return name[0] + "*"
        return name[0] + "*" * (len(name) - 2) + name[-1]
    return "".join(
        part if index % 2 or not part else (part[0] + "*" * (len(part) - 1) if part[1:] else "*")
        for index, part in enumerate(parts)
    )
