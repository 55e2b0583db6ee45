"""How often the public pages may be called. Without Redis there are no limits, and no errors.

Built from the settings on each call: cheap, and a changed setting needs no new process in tests.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from core.client_address import client_block
from core.throttling import RateLimit, allow_all
from members import altcha


def may_join(request: HttpRequest, *, phone: str = "", code: str = "") -> bool:
    """Count one sent form, in one round trip.

    By the caller's address: with a proof of work many, without it few. A complete form (``phone``
    in E.164) also by its phone from this address and by its join code: a code that is passed
    around by mistake cannot flood its union. Never by the phone alone: the refusal would come a
    form earlier where the holder of the phone has just applied, and tell it to whoever tries.
    """
    name, most = (
        ("join.address", settings.JOIN_LIMIT_PER_IP)
        if has_proof(request)
        else ("join.address.unproven", settings.JOIN_LIMIT_PER_IP_WITHOUT_PROOF)
    )
    # Nobody has an address behind a socket without a trusted proxy: see ``_allow_address``.
    address = client_block(request)
    calls = [(_limit(name, most), address)] if address else []
    if phone:
        if address:
            calls.append(_by_phone("join.phone", settings.JOIN_LIMIT_PER_PHONE, phone, address))
        calls.append((_limit("join.code", settings.JOIN_LIMIT_PER_CODE), code))
    return not calls or allow_all(*calls)


def may_join_with(phone: str, code: str, *, device: str) -> bool:
    """Count one complete form by its phone (E.164) from this device, and by its code."""
    return allow_all(
        _by_phone("join.phone", settings.JOIN_LIMIT_PER_PHONE, phone, device),
        (_limit("join.code", settings.JOIN_LIMIT_PER_CODE), code),
    )


def has_proof(request: HttpRequest) -> bool:
    """Whether the form that was sent brings a proof of work nobody used before; uses it up."""
    proof = altcha.read_proof(request.POST.get(altcha.FIELD, ""))
    if proof is None:
        return False
    # Counted for as long as the challenge lives: the second call is refused.
    used = RateLimit("altcha", 1, settings.ALTCHA_CHALLENGE_EXPIRE // 1000 + 60)
    return used.allow(proof.challenge)


def may_send_code_from(request: HttpRequest) -> bool:
    """Count one wish for a code on a page that anybody may call, by the caller's address.

    On top of it ``services.codes.send_code`` counts rows.
    """
    if has_proof(request):
        return _allow_address("code.address", settings.CODE_CALLS_PER_IP, request)
    return _allow_address(
        "code.address.unproven", settings.CODE_CALLS_PER_IP_WITHOUT_PROOF, request
    )


def may_ask_from(request: HttpRequest) -> bool:
    """Count one question about an application by the caller's address."""
    return _allow_address("status.address", settings.STATUS_LIMIT_PER_IP, request)


def may_ask_with(request: HttpRequest, phone: str) -> bool:
    """Count one question about an application by the phone (E.164) it gives, from this address:
    how often others asked with it would tell that there is something to ask about."""
    address = client_block(request)
    return not address or allow_all(
        _by_phone("status.phone", settings.STATUS_LIMIT_PER_PHONE, phone, address)
    )


def asker_of(request: HttpRequest) -> str:
    """Who asks for a code, for ``services.codes.send_code``: this browser at this address.

    By the token that Django gave the browser: people behind one address learn nothing about each
    other. Whoever throws it away is told of no limit, and gets no more codes sent for it.
    """
    browser = request.COOKIES.get(settings.CSRF_COOKIE_NAME, "")
    return f"{client_block(request)} {browser}".strip()


def may_log_in_from(request: HttpRequest) -> bool:
    """Count one phone or code sent to the own page by the caller's address."""
    return _allow_address("own_page.address", settings.OWN_PAGE_LIMIT_PER_IP, request)


def may_check_card_from(request: HttpRequest) -> bool:
    """Count one look at a card's check page by the caller's address."""
    return _allow_address("card.address", settings.CARD_LIMIT_PER_IP, request)


def minutes_until_reset() -> int:
    """After so many minutes at most everybody may call again."""
    return max(1, -(-settings.PUBLIC_LIMIT_SECONDS // 60))


def _limit(name: str, calls: int) -> RateLimit:
    return RateLimit(name, calls, settings.PUBLIC_LIMIT_SECONDS)


def _by_phone(name: str, calls: int, phone: str, place: str) -> tuple[RateLimit, str]:
    """A limit of a phone that may be told, for it counts only what came from ``place``."""
    return _limit(name, calls), f"{phone} {place}"


def _allow_address(name: str, calls: int, request: HttpRequest) -> bool:
    address = client_block(request)
    # Behind a socket without a trusted proxy nobody has an address: one counter for all of them
    # would lock everybody out.
    return not address or _limit(name, calls).allow(address)
