"""Two ciphers: known answers, and both readable side by side."""

import base64

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given, strategies as st

from core import encryption
from core.encryption import (
    AES_256_GCM,
    SM4_GCM,
    SM4GCM,
    DecryptionError,
    active_header,
    decrypt,
    encrypt,
    key_id_of,
)

KEYS = "k1:" + base64.b64encode(b"o" * 32).decode()
CONTEXT = "members.id_number"

# RFC 8998, appendix A.1.
RFC8998_KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
RFC8998_NONCE = bytes.fromhex("00001234567800000000ABCD")
RFC8998_AAD = bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
RFC8998_PLAIN = bytes.fromhex(
    "AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBCCCCCCCCCCCCCCCCDDDDDDDDDDDDDDDD"
    "EEEEEEEEEEEEEEEEFFFFFFFFFFFFFFFFEEEEEEEEEEEEEEEEAAAAAAAAAAAAAAAA"
)
RFC8998_SEALED = bytes.fromhex(
    "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735"
    "D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D"
    "83DE3541E4C2B58177E065A9BF7B62EC"
)


def test_sm4_gcm_gives_the_known_answer_of_rfc_8998():
    cipher = SM4GCM(RFC8998_KEY)
    assert cipher.encrypt(RFC8998_NONCE, RFC8998_PLAIN, RFC8998_AAD) == RFC8998_SEALED
    assert cipher.decrypt(RFC8998_NONCE, RFC8998_SEALED, RFC8998_AAD) == RFC8998_PLAIN


@pytest.mark.parametrize("position", [0, 40, len(RFC8998_SEALED) - 1])
def test_sm4_gcm_notices_a_changed_byte(position):
    sealed = bytearray(RFC8998_SEALED)
    sealed[position] ^= 1
    with pytest.raises(InvalidTag):
        SM4GCM(RFC8998_KEY).decrypt(RFC8998_NONCE, bytes(sealed), RFC8998_AAD)


def test_aes_256_gcm_gives_the_known_answer_of_its_specification():
    # McGrew and Viega, "The Galois/Counter Mode of Operation", test case 14.
    sealed = AESGCM(bytes(32)).encrypt(bytes(12), bytes(16), b"")
    assert sealed.hex() == "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"


@given(plaintext=st.text(max_size=60))
def test_what_sm4_encrypted_comes_back_whatever_is_set(plaintext):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.FIELD_ENCRYPTION_KEYS", KEYS)
        patch.setattr("django.conf.settings.FIELD_CIPHER", SM4_GCM)
        token = encrypt(plaintext, context=CONTEXT)
        assert (token[:4], active_header(), key_id_of(token)) == (
            b"\x02\x02k1",
            b"\x02\x02k1",
            "k1",
        )
        assert decrypt(token, context=CONTEXT) == plaintext
        patch.setattr("django.conf.settings.FIELD_CIPHER", AES_256_GCM)
        assert active_header() == b"\x01\x02k1"
        assert decrypt(token, context=CONTEXT) == plaintext


def test_a_token_does_not_open_as_one_of_the_other_cipher(settings):
    settings.FIELD_ENCRYPTION_KEYS, settings.FIELD_CIPHER = KEYS, SM4_GCM
    token = encrypt("secret", context=CONTEXT)
    with pytest.raises(DecryptionError, match="damaged"):
        decrypt(b"\x01" + token[1:], context=CONTEXT)
    with pytest.raises(DecryptionError, match="another field"):
        decrypt(token, context="members.phone")


def test_the_two_ciphers_do_not_share_a_key():
    assert encryption._sm4_key(b"o" * 32) != b"o" * 16
    assert len(encryption._sm4_key(b"o" * 32)) == 16


def test_an_unknown_cipher_is_a_fault_of_the_configuration(settings):
    settings.FIELD_CIPHER = "rot13"
    with pytest.raises(ImproperlyConfigured, match="aes-256-gcm, sm4-gcm"):
        encrypt("secret", context=CONTEXT)
