"""Encryption of personal fields at rest, and the keyed hash that finds them again.

A token is `algorithm (1 byte) | length of key id (1 byte) | key id | nonce (12 bytes) |
ciphertext with tag`. Algorithm 1 is AES-256-GCM, 2 is SM4-GCM (GB/T 32907; RFC 8998 sets the
parameters). `FIELD_CIPHER` says which makes new tokens; both always open. The key id inside the
token lets old rows stay readable while new rows use a new key: `FIELD_ENCRYPTION_KEYS` lists
"id:base64key" pairs, the first one encrypts, all of them decrypt. `manage.py rotate_keys` brings
old rows to the first key and the set algorithm.

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
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SM3
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

AES_256_GCM = "aes-256-gcm"
SM4_GCM = "sm4-gcm"
CIPHERS = (AES_256_GCM, SM4_GCM)
ALGORITHMS = {AES_256_GCM: 1, SM4_GCM: 2}
NONCE_BYTES = 12
TAG_BYTES = 16
KEY_BYTES = 32
SM4_KEY_BYTES = 16

_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,32}")


class DecryptionError(Exception):
    """A token that no known key opens in this context. Carries nothing of the content."""


class Aead(Protocol):
    """Authenticated encryption as `cryptography` has it; a wrong tag raises InvalidTag."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """Ciphertext and tag."""

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """The plaintext."""


class SM4GCM:
    """SM4 in Galois/counter mode with a 128-bit key (RFC 8998), by OpenSSL."""

    def __init__(self, key: bytes) -> None:
        self._algorithm = algorithms.SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """Ciphertext and 16 bytes of tag."""
        sealing = Cipher(self._algorithm, modes.GCM(nonce)).encryptor()
        sealing.authenticate_additional_data(associated_data)
        return sealing.update(data) + sealing.finalize() + sealing.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """The plaintext; raises InvalidTag."""
        sealed, tag = data[:-TAG_BYTES], data[-TAG_BYTES:]
        opening = Cipher(self._algorithm, modes.GCM(nonce, tag)).decryptor()
        opening.authenticate_additional_data(associated_data)
        return opening.update(sealed) + opening.finalize()


@dataclass(frozen=True)
class KeyRing:
    """The parsed keys. `header` starts every token that the active key makes."""

    active_id: str
    header: bytes
    active: Aead
    by_header: dict[bytes, Aead]


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
    if len(token) < 2 or token[0] not in ALGORITHMS.values():
        raise DecryptionError("The value is not an encrypted token of a known version.")
    header_end = 2 + token[1]
    header = token[:header_end]
    nonce = token[header_end : header_end + NONCE_BYTES]
    sealed = token[header_end + NONCE_BYTES :]
    if len(sealed) < TAG_BYTES:
        raise DecryptionError("The encrypted token is cut short.")
    key = _ring().by_header.get(header)
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
    first, *further = _index_keys(settings.BLIND_INDEX_KEY)
    # Copied, not made anew: setting up the keyed hash takes longer than hashing.
    keyed = _keyed(first).copy()
    keyed.update(message)
    found = keyed.digest()
    for key in further:
        found = hmac.digest(key, found, "sha256")
    return found


def next_blind_index(stored: bytes | memoryview, *, next_key: str) -> bytes:
    """The stored hash under one more key: what `blind_index` gives once `next_key` (base64) stands
    at the end of BLIND_INDEX_KEY.

    It needs no plaintext: a person whose number has been erased stays findable, and whoever holds
    an old key alone can no longer try numbers out.
    """
    (key,) = _index_keys(next_key)
    return hmac.digest(key, bytes(stored), "sha256")


def active_key_id() -> str:
    """The id of the key that encrypts new values."""
    return _ring().active_id


def active_header() -> bytes:
    """How every token begins that is made now: algorithm and key id. All others are due for
    rotation."""
    return _ring().header


def key_id_of(token: bytes | memoryview) -> str:
    """The id of the key a token was made with, without opening it (for key rotation)."""
    token = bytes(token)
    if len(token) < 2 or token[0] not in ALGORITHMS.values() or len(token) < 2 + token[1]:
        raise DecryptionError("The value is not an encrypted token of a known version.")
    return token[2 : 2 + token[1]].decode("ascii", "replace")


def _ring() -> KeyRing:
    return _parse_keys(settings.FIELD_ENCRYPTION_KEYS, settings.FIELD_CIPHER)


@functools.lru_cache(maxsize=8)
def _parse_keys(setting: str, cipher: str) -> KeyRing:
    if cipher not in ALGORITHMS:
        raise ImproperlyConfigured(f"FIELD_CIPHER must be one of {', '.join(CIPHERS)}.")
    by_header: dict[bytes, Aead] = {}
    active_id = ""
    for position, entry in enumerate(filter(None, map(str.strip, setting.split(","))), start=1):
        key_id, separator, encoded = entry.partition(":")
        if not separator or not _KEY_ID.fullmatch(key_id):
            # The entry itself stays out of the message: it may be a bare key.
            raise ImproperlyConfigured(
                f"FIELD_ENCRYPTION_KEYS: entry {position} is not of the form id:base64key."
            )
        if _header(cipher, key_id) in by_header:
            raise ImproperlyConfigured(f"FIELD_ENCRYPTION_KEYS: the id {key_id} appears twice.")
        key = _decode_key(encoded, name=f"FIELD_ENCRYPTION_KEYS, key {key_id}")
        by_header[_header(AES_256_GCM, key_id)] = AESGCM(key)
        by_header[_header(SM4_GCM, key_id)] = SM4GCM(_sm4_key(key))
        active_id = active_id or key_id
    if not active_id:
        raise ImproperlyConfigured("FIELD_ENCRYPTION_KEYS is empty: give at least one key.")
    header = _header(cipher, active_id)
    return KeyRing(active_id, header, by_header[header], by_header)


def _header(cipher: str, key_id: str) -> bytes:
    encoded = key_id.encode()
    return bytes([ALGORITHMS[cipher], len(encoded)]) + encoded


def _sm4_key(key: bytes) -> bytes:
    """SM4 takes 128 bits; no key serves two algorithms."""
    return HKDF(algorithm=SM3(), length=SM4_KEY_BYTES, salt=None, info=b"sm4-gcm").derive(key)


@functools.lru_cache(maxsize=8)
def _keyed(key: bytes) -> hmac.HMAC:
    return hmac.new(key, digestmod="sha256")


@functools.lru_cache(maxsize=8)
def _index_keys(setting: str) -> tuple[bytes, ...]:
    """The keys in the order they are applied; more than one after a rotation."""
    entries = setting.split(",")
    return tuple(_decode_key(entry.strip(), name="BLIND_INDEX_KEY") for entry in entries)


def _decode_key(encoded: str, *, name: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise ImproperlyConfigured(f"{name} is not valid base64.") from None
    if len(key) != KEY_BYTES:
        raise ImproperlyConfigured(f"{name} must hold {KEY_BYTES} bytes, not {len(key)}.")
    return key
