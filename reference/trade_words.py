"""Words that tell a trade's federation by its name: the record of a union names no trade.

Officials type them into one line. Stored they stand as "货运、物流": none of them empty, none
twice, in the characters that names of unions are stored in.
"""

from __future__ import annotations

import re

from django.db.models import Q
from django.utils.translation import gettext

from core.errors import RuleViolation
from core.normalising import normalise_name

TRADE_WORDS_LENGTH = 120  # characters of the whole line
_BETWEEN = "、"
_SEPARATORS = re.compile(r"[\s、，,；;]+")
# What the name of every federation of a trade may hold tells none from the others.
_IN_EVERY_NAME = "行业工会联合会"

# The form in which a line of words is stored, for the database.
STORED_FORM = Q(trade_words__regex=f"^([^ {_BETWEEN}]+({_BETWEEN}[^ {_BETWEEN}]+)*)?$")


def split_trade_words(stored: str) -> tuple[str, ...]:
    """The words of a stored line, in their order; none of an empty one."""
    return tuple(stored.split(_BETWEEN)) if stored else ()


def tidy_trade_words(raw: str) -> str:
    """The line as it is stored, from words between spaces, 、, commas or semicolons.

    Empty for an empty line. Raises RuleViolation where there are separators alone, where a word
    stands in every federation's name, and where the line is too long.
    """
    # Apart first: normalising takes the spaces between ideographs out.
    pieces = (normalise_name(piece) for piece in _SEPARATORS.split(raw))
    words = list(dict.fromkeys(piece for piece in pieces if piece))
    if raw.strip() and not words:
        raise _refused(gettext("Write at least one word, or leave the line empty."))
    for word in words:
        if word in _IN_EVERY_NAME:
            raise _refused(
                gettext("“%(word)s” stands in the name of every federation.") % {"word": word}
            )
    line = _BETWEEN.join(words)
    if len(line) > TRADE_WORDS_LENGTH:
        raise _refused(
            gettext("At most %(most)d characters altogether.") % {"most": TRADE_WORDS_LENGTH}
        )
    return line


def _refused(message: str) -> RuleViolation:
    return RuleViolation(message, field="trade_words", code="trade_words")
