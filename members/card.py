"""The membership card: its number, and the sealed token behind its QR code.

The token names the *person*, not one membership: a printed card stays good when the membership
moves to another union, and the page it leads to always tells how things stand today. It is sealed
with AES-SIV (RFC 5297) under a key derived from ``SECRET_KEY``: whoever has no key can neither make
one nor read the record's number out of it. Retired secrets (``SECRET_KEY_FALLBACKS``) still open.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import functools
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from stdnum.iso7064 import mod_97_10

from members.models import Member

# A picture of somebody's screen is of no use to others the day after; a phone without a connection
# can still show the code it opened in the morning.
SCREEN_LIFE = dt.timedelta(hours=24)
# Paper cannot renew itself. Half a year, and it can be printed again at any time.
PRINT_LIFE = dt.timedelta(days=183)

_CONTEXT = b"members.card"
_CONTENT = struct.Struct(">QI")  # key of the person, minute of expiry since 1970
_LONGEST = 64  # characters; a token has 38


def card_number(member: Member) -> str:
    """Twelve digits in groups of four: the person's number and two check digits (ISO 7064)."""
    body = f"{member.pk:010d}"
    digits = body + mod_97_10.calc_check_digits(body)
    return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))


def make_token(member: Member, *, life: dt.timedelta) -> str:
    """A token for ``member`` that opens until ``life`` from now."""
    minute = int((timezone.now() + life).timestamp()) // 60
    sealed = _sealer(settings.SECRET_KEY).encrypt(_CONTENT.pack(member.pk, minute), [_CONTEXT])
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def read_token(token: str) -> int | None:
    """The key of the person; None for what is forged, damaged or has run out."""
    if len(token) > _LONGEST or not token.isascii():
        return None
    try:
        sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        try:
            content = _sealer(secret).decrypt(sealed, [_CONTEXT])
        except (InvalidTag, ValueError):
            continue
        if len(content) != _CONTENT.size:
            return None
        key, minute = _CONTENT.unpack(content)
        return key if minute * 60 >= timezone.now().timestamp() else None
    return None


def check_address(token: str) -> str:
    """The absolute address of the public check page."""
    return settings.PUBLIC_BASE_URL + reverse("card", args=[token])


@functools.lru_cache(maxsize=4)
def _sealer(secret: str) -> AESSIV:
    return AESSIV(salted_hmac(_CONTEXT.decode(), "", secret=secret, algorithm="sha512").digest())
