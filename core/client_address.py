"""Where a request comes from, when proxies stand between."""

from __future__ import annotations

import functools
import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_ip(request: HttpRequest) -> str:
    """The client's address, or "" where none is known (such as behind a Unix socket).

    Each of our TRUSTED_PROXY_COUNT proxies appends the address it sees to X-Forwarded-For, so
    the entry that many places from the right is the client; whatever stands further left was
    sent by the client and may be invented.
    """
    direct = _parse(request.META.get("REMOTE_ADDR", ""))
    trusted: int = settings.TRUSTED_PROXY_COUNT
    if trusted < 1:
        return direct
    entries = [e for e in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if e.strip()]
    if not entries:
        return direct
    return _parse(entries[-min(trusted, len(entries))]) or direct


def client_block(request: HttpRequest) -> str:
    """What to count one client by: the IPv4 address, or the /64 network of an IPv6 address,
    of which every household holds 2**64."""
    address = client_ip(request)
    if ":" not in address:
        return address
    return str(ipaddress.ip_network((address, 64), strict=False))


@functools.lru_cache(maxsize=1024)
def _parse(entry: str) -> str:
    """The address in canonical form without port, zone and brackets; "" if there is none."""
    text = entry.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
