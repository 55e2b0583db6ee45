"""Encrypted fields: round trip, misuse, keys in rotation."""

import base64
import hashlib
import hmac

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given, strategies as st

from core import encryption
from core.encryption import (
    DecryptionError,
    active_key_id,
    blind_index,
    decrypt,
    encrypt,
    key_id_of,
    next_blind_index,
)

OLD = "old:" + base64.b64encode(b"o" * 32).decode()
NEW = "new:" + base64.b64encode(b"n" * 32).decode()
CONTEXT = "members.id_number"


@given(st.text(max_size=60))
def test_what_was_encrypted_comes_back(plaintext):
    token = encrypt(plaintext, context=CONTEXT)
    assert decrypt(token, context=CONTEXT) == plaintext
    assert decrypt(memoryview(token), context=CONTEXT) == plaintext


def test_token_has_the_documented_layout(settings):
    settings.FIELD_ENCRYPTION_KEYS = NEW
    token = encrypt("371502199001011234", context=CONTEXT)
    assert token[:5] == b"\x01\x03new"
    assert len(token) == 5 + 12 + 18 + 16
    assert encrypt("371502199001011234", context=CONTEXT) != token


def test_token_of_another_context_is_not_readable():
    token = encrypt("secret", context=CONTEXT)
    with pytest.raises(DecryptionError, match="another field"):
        decrypt(token, context="members.phone")


@given(st.data())
def test_every_changed_byte_is_noticed(data):
    token = bytearray(encrypt("secret", context=CONTEXT))
    position = data.draw(st.integers(0, len(token) - 1))
    token[position] ^= data.draw(st.integers(1, 255))
    with pytest.raises(DecryptionError):
        decrypt(bytes(token), context=CONTEXT)


@given(st.binary(max_size=80))
def test_rubbish_is_refused(rubbish):
    with pytest.raises(DecryptionError):
        decrypt(rubbish, context=CONTEXT)


def test_rotation_reads_old_tokens_and_writes_new_ones(settings):
    settings.FIELD_ENCRYPTION_KEYS = OLD
    before = encrypt("secret", context=CONTEXT)
    settings.FIELD_ENCRYPTION_KEYS = f"{NEW},{OLD}"
    assert active_key_id() == "new"
    assert decrypt(before, context=CONTEXT) == "secret"
    assert key_id_of(before) == "old"
    assert key_id_of(encrypt("secret", context=CONTEXT)) == "new"
    settings.FIELD_ENCRYPTION_KEYS = NEW
    with pytest.raises(DecryptionError, match="not configured"):
        decrypt(before, context=CONTEXT)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("", "is empty"),
        ("bm9pZA==", "entry 1 is not of the form"),
        ("a:!!!", "key a is not valid base64"),
        ("a:" + base64.b64encode(b"short").decode(), "must hold 32 bytes, not 5"),
        (f"{NEW},{NEW}", "the id new appears twice"),
    ],
)
def test_bad_keys_fail_loudly_without_showing_them(settings, keys, message):
    settings.FIELD_ENCRYPTION_KEYS = keys
    with pytest.raises(ImproperlyConfigured, match=message) as caught:
        encrypt("secret", context=CONTEXT)
    assert "bm9pZA" not in str(caught.value)


def test_blind_index_is_a_keyed_hash_separated_by_context(settings):
    key = b"k" * 32
    settings.BLIND_INDEX_KEY = base64.b64encode(key).decode()
    expected = hmac.new(key, b"members.phone\x00+8613812345678", hashlib.sha256).digest()
    assert blind_index("+8613812345678", context="members.phone") == expected
    assert blind_index("+8613812345678", context="members.id_number") != expected
    settings.BLIND_INDEX_KEY = base64.b64encode(b"x" * 32).decode()
    assert blind_index("+8613812345678", context="members.phone") != expected


def test_a_further_key_of_the_blind_index_is_put_over_the_stored_hash(settings):
    first, further = (base64.b64encode(letter * 32).decode() for letter in (b"k", b"l"))
    settings.BLIND_INDEX_KEY = first
    stored = blind_index("+8613812345678", context="members.phone")
    rotated = next_blind_index(memoryview(stored), next_key=further)
    assert rotated == hmac.new(b"l" * 32, stored, hashlib.sha256).digest()
    settings.BLIND_INDEX_KEY = f"{first}, {further}"
    assert blind_index("+8613812345678", context="members.phone") == rotated


def test_keys_are_parsed_once(settings):
    settings.FIELD_ENCRYPTION_KEYS = NEW
    encryption._parse_keys.cache_clear()
    for _ in range(3):
        encrypt("secret", context=CONTEXT)
    assert encryption._parse_keys.cache_info().misses == 1
