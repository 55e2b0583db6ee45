"""The session of the own page: a cookie and a table row of its own, apart from officials' log-in.

The cookie goes to ``/me/`` only, is made new at every log-in (a key handed in from outside is never
taken over), and its rows are salted by the class name: an official's session cannot be passed off
as one of these, nor the other way round. ``request.user`` plays no part.
"""

from __future__ import annotations

import base64
import binascii
import functools
import time
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts.sessions import SessionStore
from core.encryption import DecryptionError, decrypt, encrypt
from members.own_data import Person, find_person

COOKIE = "own_page"
PATH = "/me/"
IDLE_SECONDS = 30 * 60
LONGEST_SECONDS = 8 * 3600
TOUCH_SECONDS = 60  # a session is written at most once a minute

PHONE_COOKIE = "own_page_phone"
PHONE_SECONDS = 15 * 60
PHONE_SALT = "members.own_page_phone"
PHONE_COOKIE_CONTEXT = "members.own_page_phone"

Arguments = ParamSpec("Arguments")
View = Callable[Concatenate[HttpRequest, Person, Arguments], HttpResponse]
Wrapped = Callable[Concatenate[HttpRequest, Arguments], HttpResponse]


class OwnPageSession(SessionStore):
    """Rows of the own page. The class's name is part of the salt its data are signed with."""


def own_page(view: View[Arguments]) -> Wrapped[Arguments]:
    """Hand the logged-in person to ``view``; lead everybody else to the log-in. Never cached."""

    @functools.wraps(view)
    def wrapped(
        request: HttpRequest, /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> HttpResponse:
        session = open_session(request)
        person = person_of(session) if session is not None else None
        if session is None or person is None:
            if session is not None:
                session.delete()
            return without_session(redirect("own_page:log_in"))
        response = view(request, person, *args, **kwargs)
        _touch(session)
        return response

    return never_cache(sensitive_post_parameters()(wrapped))


def open_session(request: HttpRequest) -> OwnPageSession | None:
    """The session that the cookie names, if it lives."""
    key = request.COOKIES.get(COOKIE, "")
    if not key.isalnum() or len(key) > 40:
        return None
    session = OwnPageSession(key)
    # Reading an unknown or expired key gives an empty session, which is nobody's.
    begun = session.get("begun_at")
    if begun is None or time.time() - begun > LONGEST_SECONDS:
        return None
    return session


def locked_session(request: HttpRequest) -> OwnPageSession | None:
    """The session, its row locked until the end of the transaction."""
    key = request.COOKIES.get(COOKIE, "")
    Session.objects.select_for_update().filter(session_key=key).first()
    return open_session(request)


def person_of(session: OwnPageSession) -> Person | None:
    """Whose session it is; None before the person is certain, and once they no longer fit."""
    if "id_number_hash" not in session:
        return None
    return find_person(
        bytes.fromhex(session["phone_hash"]),
        member_id=session["member_id"],
        id_number_hash=bytes.fromhex(session["id_number_hash"]),
    )


def begin_session(response: HttpResponse, person: Person) -> HttpResponse:
    """Log ``person`` in: a new row, a new key."""
    session = OwnPageSession()
    session["id_number_hash"] = person.id_number_hash.hex()
    session["member_id"] = person.member.pk if person.member is not None else None
    return _begin(response, session, person.phone_hash)


def begin_choice(response: HttpResponse, phone_hash: bytes) -> HttpResponse:
    """The phone is proven, but several people share it: who it is, is asked next."""
    session = OwnPageSession()
    session["wrong_tries"] = 0
    return _begin(response, session, phone_hash)


def end_session(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Forget the session on both sides."""
    session = open_session(request)
    if session is not None:
        session.delete()
    return without_session(response)


def without_session(response: HttpResponse) -> HttpResponse:
    """Take the cookie away."""
    response.delete_cookie(COOKIE, path=PATH, samesite="Lax")
    return response


def keep_phone(response: HttpResponse, phone: str) -> HttpResponse:
    """Carry the phone that was typed to the page for the code: encrypted, signed, short."""
    sealed = base64.urlsafe_b64encode(encrypt(phone, context=PHONE_COOKIE_CONTEXT)).decode()
    response.set_signed_cookie(
        PHONE_COOKIE,
        sealed,
        salt=PHONE_SALT,
        max_age=PHONE_SECONDS,
        path=PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def kept_phone(request: HttpRequest) -> str:
    """The phone typed before; "" if there is none."""
    sealed = request.get_signed_cookie(
        PHONE_COOKIE, default="", salt=PHONE_SALT, max_age=PHONE_SECONDS
    )
    try:
        return decrypt(base64.urlsafe_b64decode(sealed or ""), context=PHONE_COOKIE_CONTEXT)
    except (DecryptionError, binascii.Error, ValueError):
        return ""


def without_phone(response: HttpResponse) -> HttpResponse:
    """Take the typed phone away."""
    response.delete_cookie(PHONE_COOKIE, path=PATH, samesite="Lax")
    return response


def _begin(response: HttpResponse, session: OwnPageSession, phone_hash: bytes) -> HttpResponse:
    session["phone_hash"] = phone_hash.hex()
    session["begun_at"] = session["touched_at"] = int(time.time())
    session.set_expiry(IDLE_SECONDS)
    session.create()
    response.set_cookie(
        COOKIE,
        session.session_key or "",
        path=PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def _touch(session: OwnPageSession) -> None:
    """Half an hour from now again; the row is gone if the person has logged out meanwhile."""
    now = int(time.time())
    if now - session.get("touched_at", 0) >= TOUCH_SECONDS and session.exists(
        session.session_key or ""
    ):
        session["touched_at"] = now
        session.save()
