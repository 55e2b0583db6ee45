"""How often the public pages may be called. Without Redis there are no limits, and no errors.

Built from the settings on each call: cheap, and a changed setting needs no new process in tests.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from core.client_address import client_block
from core.throttling import RateLimit


def may_join_from(request: HttpRequest) -> bool:
    """Count one sent form by the caller's address."""
    return _allow_address("join.address", settings.JOIN_LIMIT_PER_IP, request)


def may_join_with(phone: str) -> bool:
    """Count one complete form by its phone (E.164)."""
    return _limit("join.phone", settings.JOIN_LIMIT_PER_PHONE).allow(phone)


def may_ask_from(request: HttpRequest) -> bool:
    """Count one question about an application by the caller's address."""
    return _allow_address("status.address", settings.STATUS_LIMIT_PER_IP, request)


def may_ask_with(phone: str) -> bool:
    """Count one question about an application by the phone (E.164) it gives."""
    return _limit("status.phone", settings.STATUS_LIMIT_PER_PHONE).allow(phone)


def minutes_until_reset() -> int:
    """After so many minutes at most everybody may call again."""
    return max(1, -(-settings.PUBLIC_LIMIT_SECONDS // 60))


def _limit(name: str, calls: int) -> RateLimit:
    return RateLimit(name, calls, settings.PUBLIC_LIMIT_SECONDS)


def _allow_address(name: str, calls: int, request: HttpRequest) -> bool:
    address = client_block(request)
    # Behind a socket without a trusted proxy nobody has an address: one counter for all of them
    # would lock everybody out.
    return not address or _limit(name, calls).allow(address)
