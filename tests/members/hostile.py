"""Hostile input, and what must hold whatever is sent: an answer people can read, and whole rows."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_from_bytes

from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, strategies as st

URLENCODED = "application/x-www-form-urlencoded"
BOUNDARY = "xXhostileXx"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
# A receipt, a page with a message, "no such", "too large", "too many", "not this way".
ANSWERS = frozenset({200, 302, 400, 403, 404, 405, 410, 413, 429})
LARGE = b"x" * 10_000_000
# A "too many" would hide what becomes of the input.
NO_LIMITS = dict.fromkeys(
    (
        "JOIN_LIMIT_PER_IP", "JOIN_LIMIT_PER_IP_WITHOUT_PROOF", "JOIN_LIMIT_PER_PHONE",
        "JOIN_LIMIT_PER_CODE", "STATUS_LIMIT_PER_IP", "STATUS_LIMIT_PER_PHONE",
        "OWN_PAGE_LIMIT_PER_IP", "CARD_LIMIT_PER_IP", "LOGIN_LIMIT_PER_IP", "LOGIN_LIMIT_PER_USER",
        "CODE_CALLS_PER_IP", "CODE_CALLS_PER_IP_WITHOUT_PROOF",
    ),
    10**9,
)  # fmt: skip
QUICK = {
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
    "derandomize": True,
}

NASTY = (
    b"", b" ", b"\x00", b"\x00\x00\x00", "\u202e\u202dabc".encode(), "\u200b\ufeff\u2066".encode(),
    "👩‍👩‍👧‍👦🏳️‍🌈".encode(), "𠮷𪚥·艾山".encode(), b"\xed\xa0\x80", b"\xff\xfe\xc0\xaf", b"%00",
    b"%", b"%ed%a0%80", b"%u4e00", b"\r\n\r\nSet-Cookie: a=b", b"' OR 1=1 --", b"\\", b"\\x00",
    b"$1", b"{{ 7*7 }}{% debug %}",
    b"<script>alert(1)</script>", b"../../../../etc/passwd", b"%s%d%(x)s",
    b"9" * 400, b"9" * 5000, b"-1", b"1e309", b"NaN", b"None", b"null", b"[]", b"{}", b"true",
    "\u0958".encode() * 60, "a\u0301".encode() * 30, "ﷺ".encode() * 120, "Ⅻ①²".encode(),
    "١٢٣٤٥٦٧٨٩٠١".encode(), "王".encode() * 61, "\U0010ffff".encode(), b"\x1b[31m", b"\x7f",
    b"2023-02-30", b"0000-00-00", b"99371519900101001X", b"+86" * 20, b"+1 650 253 0000",
)  # fmt: skip

texts = st.text(st.characters(exclude_categories=()), max_size=60).map(
    lambda text: text.encode("utf-8", "surrogatepass")
)
values = st.one_of(st.sampled_from(NASTY), texts, st.binary(max_size=40))


def urlencoded(pairs: list[tuple[bytes, bytes]]) -> bytes:
    """As a form of a page is sent, whatever the bytes."""
    return b"&".join(
        quote_from_bytes(key).encode() + b"=" + quote_from_bytes(value).encode()
        for key, value in pairs
    )


def multipart(pairs: list[tuple[bytes, bytes]]) -> bytes:
    """The other way to send a form; line ends in names go through as they are."""
    parts = [
        f"--{BOUNDARY}\r\n".encode()
        + b'Content-Disposition: form-data; name="' + key + b'"\r\n\r\n' + value + b"\r\n"
        for key, value in pairs
    ]  # fmt: skip
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def rows() -> tuple[int, int, int, int]:
    """Applications; consents and entries of theirs; applications that lack some."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM members_application),"
            " (SELECT count(*) FROM members_consent),"
            " (SELECT count(*) FROM audit_auditentry WHERE action = 'application.submitted'),"
            " (SELECT count(*) FROM members_application a WHERE receipt_number = ''"
            "  OR name = '' OR octet_length(id_number_hash) <> 32)"
        )
        row: tuple[int, int, int, int] = cursor.fetchone()
    return row


def strike(
    client: Client,
    method: str,
    address: str,
    body: bytes = b"",
    content_type: str = URLENCODED,
    **headers: Any,
) -> Any:
    """Send it, and check the answer."""
    client.raise_request_exception = False
    answer = client.generic(method, address, body, content_type, **headers)
    assert answer.status_code in ANSWERS, (method, address, body[:300], answer.status_code)
    return answer
