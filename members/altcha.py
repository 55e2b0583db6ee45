"""Proof of work (ALTCHA): the browser solves a small sum before it sends a form. No third party.

The challenges are django-altcha's. Their solver is our own page script, ``proof-of-work.js``: the
widget that comes with the package needs inline styles and workers out of blobs, which our content
security policy refuses, and shows a box to tick where nothing needs to be ticked.

A proof is no condition. Whoever sends one may send more forms from one address; browsers without
JavaScript get by with fewer (``members.limits``).
"""

from __future__ import annotations

import base64
import dataclasses
import json
import re
from typing import Any

import altcha
from django.conf import settings
from django_altcha import get_altcha_challenge

FIELD = "altcha"
MAX_LENGTH = 2000

_CHALLENGE = re.compile(r"[0-9a-f]{64}")


@dataclasses.dataclass(frozen=True)
class Proof:
    """A solved challenge of ours that has not run out; whether it was used before is not known."""

    challenge: str


def new_challenge() -> dict[str, Any]:
    """A challenge as the page script (or the ALTCHA widget) takes it; valid for some minutes."""
    challenge = get_altcha_challenge(max_number=settings.ALTCHA_MAX_NUMBER)
    return {
        "algorithm": challenge.algorithm,
        "challenge": challenge.challenge,
        "maxnumber": settings.ALTCHA_MAX_NUMBER,
        "salt": challenge.salt,
        "signature": challenge.signature,
    }


def read_proof(payload: str) -> Proof | None:
    """The proof in a form's field; None for anything else, however malformed."""
    if not payload or len(payload) > MAX_LENGTH:
        return None
    try:
        solution = json.loads(base64.b64decode(payload, validate=True))
        challenge, number = solution["challenge"], solution["number"]
        if type(number) is not int or not _CHALLENGE.fullmatch(challenge):
            return None
        if not all(isinstance(solution[name], str) for name in ("salt", "signature", "algorithm")):
            return None
        is_right, _error = altcha.verify_solution(
            solution, hmac_key=settings.ALTCHA_HMAC_KEY, check_expires=True
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return Proof(challenge) if is_right else None
