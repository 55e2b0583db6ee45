"""Random codes that people read aloud, type and print."""

from __future__ import annotations

import secrets
from itertools import count
from operator import mul

from core.normalising import normalise_identifier

# Without 0 and O, 1, I and L. 31 characters: a prime, which the check character relies on.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
RECEIPT_LENGTH = 12

_VALUES = {character: value for value, character in enumerate(ALPHABET)}


def random_code(length: int, *, alphabet: str = ALPHABET) -> str:
    """A code nobody can guess; about five bits a character. Uniqueness is the table's to hold."""
    drawn = secrets.randbelow(len(alphabet) ** length)  # asks the system for chance once
    characters = []
    for _ in range(length):
        drawn, index = divmod(drawn, len(alphabet))
        characters.append(alphabet[index])
    return "".join(characters)


def receipt_number() -> str:
    """12 characters, the last of them a check character: 54 random bits."""
    body = random_code(RECEIPT_LENGTH - 1)
    return body + check_character(body)


def is_receipt_number(raw: str) -> bool:
    """Whether what somebody typed can be a receipt number (spaces, hyphens, case forgiven).

    Every single wrong character and every swap of two characters is noticed.
    """
    number = normalise_identifier(raw)
    return (
        len(number) == RECEIPT_LENGTH
        and all(character in ALPHABET for character in number)
        and check_character(number[:-1]) == number[-1]
    )


def format_receipt(number: str) -> str:
    """`ABCDEFGHJKMN` → `ABCD-EFGH-JKMN`, as it is shown and printed."""
    return "-".join(number[start : start + 4] for start in range(0, len(number), 4))


def check_character(body: str) -> str:
    """Σ position × value modulo 31, from position 2 so that the check character has weight 1."""
    total = sum(map(mul, count(2), map(_VALUES.__getitem__, body)))
    return ALPHABET[-total % len(ALPHABET)]
