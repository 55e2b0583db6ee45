"""Encryption of personal fields at rest, and the keyed hash that finds them again.

A token is `version (1 byte) | length of key id (1 byte) | key id | nonce (12 bytes) |
ciphertext with tag`, made by AES-256-GCM. The key id inside the token lets old rows stay
readable while new rows use a new key: `FIELD_ENCRYPTION_KEYS` lists "id:base64key" pairs, the
first one encrypts, all of them decrypt.

Every call names a `context` such as "members.id_number". It is authenticated with the token, so
a token copied from one column into another is not readable there.
"""

from __future__ import annotations

import base64
import binascii
import functools
import hmac
import os
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

VERSION = 1
NONCE_BYTES = 12
TAG_BYTES = 16
KEY_BYTES = 32

_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,32}")


class DecryptionError(Exception):
    """A token that no known key opens in this context. Carries nothing of the content."""


@dataclass(frozen=True)
class KeyRing:
    """The parsed keys. `header` starts every token that the active key makes."""

    active_id: str
    header: bytes
    active: AESGCM
    by_id: dict[bytes, AESGCM]


def encrypt(plaintext: str, *, context: str) -> bytes:
    """Encrypt with the active key. Two calls never give the same bytes."""
    ring = _ring()
    # Random 96-bit nonces: safe for about 2**32 values under one key (NIST SP 800-38D, 8.3).
    nonce = os.urandom(NONCE_BYTES)
    sealed = ring.active.encrypt(nonce, plaintext.encode(), ring.header + context.encode())
    return ring.header + nonce + sealed


def decrypt(token: bytes | memoryview, *, context: str) -> str:
    """The plaintext. Raises DecryptionError for a damaged, foreign or misplaced token."""
    token = bytes(token)
    if len(token) < 2 or token[0] != VERSION:
        raise DecryptionError("The value is not an encrypted token of a known version.")
    header_end = 2 + token[1]
    header = token[:header_end]
    nonce = token[header_end : header_end + NONCE_BYTES]
    sealed = token[header_end + NONCE_BYTES :]
    if len(sealed) < TAG_BYTES:
        raise DecryptionError("The encrypted token is cut short.")
    key = _ring().by_id.get(header[2:])
    if key is None:
        raise DecryptionError("The token was made with a key that is not configured.")
    try:
        return key.decrypt(nonce, sealed, header + context.encode()).decode()
    except InvalidTag:
        raise DecryptionError("The token is damaged, or belongs to another field or key.") from None


def blind_index(value: str, *, context: str) -> bytes:
    """A 32-byte keyed hash (HMAC-SHA256) by which an encrypted value can be found and kept unique.

    Normalise `value` first. The same value under another context gives an unrelated hash.
    """
    message = context.encode() + b"\x00" + value.encode()
    return hmac.digest(_index_key(settings.BLIND_INDEX_KEY), message, "sha256")


def active_key_id() -> str:
    """The id of the key that encrypts new values."""
    return _ring().active_id


def key_id_of(token: bytes | memoryview) -> str:
    """The id of the key a token was made with, without opening it (for key rotation)."""
    token = bytes(token)
    if len(token) < 2 or token[0] != VERSION or len(token) < 2 + token[1]:
        raise DecryptionError("The value is not an encrypted token of a known version.")
    return token[2 : 2 + token[1]].decode("ascii", "replace")


def _ring() -> KeyRing:
    return _parse_keys(settings.FIELD_ENCRYPTION_KEYS)


@functools.lru_cache(maxsize=8)
def _parse_keys(setting: str) -> KeyRing:
    by_id: dict[bytes, AESGCM] = {}
    active_id = ""
    for position, entry in enumerate(filter(None, map(str.strip, setting.split(","))), start=1):
        key_id, separator, encoded = entry.partition(":")
        if not separator or not _KEY_ID.fullmatch(key_id):
            # The entry itself stays out of the message: it may be a bare key.
            raise ImproperlyConfigured(
                f"FIELD_ENCRYPTION_KEYS: entry {position} is not of the form id:base64key."
            )
        if key_id.encode() in by_id:
            raise ImproperlyConfigured(f"FIELD_ENCRYPTION_KEYS: the id {key_id} appears twice.")
        by_id[key_id.encode()] = AESGCM(
            _decode_key(encoded, name=f"FIELD_ENCRYPTION_KEYS, key {key_id}")
        )
        active_id = active_id or key_id
    if not active_id:
        raise ImproperlyConfigured("FIELD_ENCRYPTION_KEYS is empty: give at least one key.")
    encoded_id = active_id.encode()
    header = bytes([VERSION, len(encoded_id)]) + encoded_id
    return KeyRing(active_id=active_id, header=header, active=by_id[encoded_id], by_id=by_id)


@functools.lru_cache(maxsize=8)
def _index_key(setting: str) -> bytes:
    return _decode_key(setting, name="BLIND_INDEX_KEY")


def _decode_key(encoded: str, *, name: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise ImproperlyConfigured(f"{name} is not valid base64.") from None
    if len(key) != KEY_BYTES:
        raise ImproperlyConfigured(f"{name} must hold {KEY_BYTES} bytes, not {len(key)}.")
    return key
