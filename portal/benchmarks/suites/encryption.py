"""Behind docs/adr/0002-encryption-at-rest.md: microseconds a value, and bytes a value."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from core.encryption import blind_index, decrypt, encrypt
from core.identity import demo_identity_number
from members.models import Application, Member
from members.models.application import ID_NUMBER_CONTEXT
from portal.benchmarks.dataset import Sizes
from portal.benchmarks.rows import Row, best_seconds

SUITE = "encryption"
VALUES = 10_000
TIMES = 5
PAGE = 100
_SM4_KEY = os.urandom(16)


def run(sizes: Sizes) -> Iterator[Row]:
    """``encrypt_us``, ``decrypt_us``, ``blind_index_us``, ``sm4_gcm_encrypt_us``, ``token_bytes``,
    ``find_person_ms``, ``page_of_masked_ms``."""
    numbers = [
        demo_identity_number("371500", dt.date(1990, 1, 1) + dt.timedelta(days=n // 500), n % 500)
        for n in range(VALUES)
    ]
    tokens = [encrypt(number, context=ID_NUMBER_CONTEXT) for number in numbers]
    for name, work in (
        ("encrypt_us", lambda: [encrypt(v, context=ID_NUMBER_CONTEXT) for v in numbers]),
        ("decrypt_us", lambda: [decrypt(v, context=ID_NUMBER_CONTEXT) for v in tokens]),
        ("blind_index_us", lambda: [blind_index(v, context=ID_NUMBER_CONTEXT) for v in numbers]),
        ("sm4_gcm_encrypt_us", lambda: [_sm4(v.encode()) for v in numbers]),
    ):
        yield Row(SUITE, name, _microseconds(work), "µs", None, VALUES)
    yield Row(SUITE, "token_bytes", len(tokens[0]), "bytes", float(len(numbers[0])), 1)

    member = Member.objects.order_by("pk")[sizes.members // 2]
    key = bytes(member.id_number_hash)
    find = best_seconds(lambda: Member.objects.get(id_number_hash=key), times=50)
    yield Row(SUITE, "find_person_ms", find * 1000, "ms", None, sizes.members)
    page = list(Application.objects.waiting()[:PAGE])
    masked = best_seconds(
        lambda: [(one.masked_id_number, one.masked_phone) for one in page], times=20
    )
    yield Row(SUITE, "page_of_masked_ms", masked * 1000, "ms", None, len(page))


def _sm4(value: bytes) -> bytes:
    """The same with China's SM4 (GB/T 32907), to know what a change of cipher would cost."""
    nonce = os.urandom(12)
    sealing = Cipher(algorithms.SM4(_SM4_KEY), modes.GCM(nonce)).encryptor()
    sealing.authenticate_additional_data(ID_NUMBER_CONTEXT.encode())
    return nonce + sealing.update(value) + sealing.finalize() + sealing.tag


def _microseconds(work: Callable[[], object]) -> float:
    return best_seconds(work, times=TIMES) / VALUES * 1_000_000
