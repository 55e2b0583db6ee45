"""Logging in by a code sent to the phone, and out.

Whoever types a phone gets the same answer, from the same work, whether or not it belongs to
anybody: the code is sent in any case. What the phone leads to is told only to who has the code.
"""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from core import messaging
from core.client_address import client_block
from core.encryption import blind_index
from core.masking import mask_phone
from members import limits
from members.models import OneTimeCode
from members.models.application import PHONE_CONTEXT
from members.own_data import people_behind, who_ends_in
from members.services.codes import CodeSent, Sending, check_code, code_to_show, send_code
from members.views.own_page import session as sessions
from members.views.own_page.forms import WRONG_CODE, CodeForm, LastCharactersForm, PhoneForm

LOG_IN = OneTimeCode.Purpose.LOG_IN
MOST_WRONG_TRIES = 5


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def log_in(request: HttpRequest) -> HttpResponse:
    """Ask for the phone and send it a code."""
    if request.method != "POST":
        return _phone_page(request, PhoneForm())
    form = PhoneForm(request.POST)
    if not (limits.may_log_in_from(request) and limits.may_send_code_from(request)):
        return _limited(request, form)
    if not form.is_valid():
        return _phone_page(request, form)
    phone = form.cleaned_data["phone"]
    sent = send_code(phone, LOG_IN, address=client_block(request), asker=limits.asker_of(request))
    if sent.outcome is Sending.TOO_MANY:
        return _limited(request, form, sent)
    return sessions.keep_phone(redirect("own_page:code"), phone)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """Ask for the code."""
    phone = sessions.kept_phone(request)
    if not phone:
        return redirect("own_page:log_in")
    form = CodeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        if not limits.may_log_in_from(request):
            form.add_error(None, _("Too many attempts just now"))
            return _code_page(request, form, phone, status=429)
        if form.is_valid():
            if check_code(phone, LOG_IN, form.cleaned_data["code"]):
                return _enter(phone)
            form.add_error("code", WRONG_CODE)
    return _code_page(request, form, phone)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def who(request: HttpRequest) -> HttpResponse:
    """Several people share the phone: ask for the end of the document number, five times."""
    session = sessions.open_session(request)
    if session is None or "wrong_tries" not in session:
        return redirect("own_page:log_in")
    form = LastCharactersForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return _try(request, form)
    return render(request, "members/me/who.html", {"form": form})


@transaction.atomic
def _try(request: HttpRequest, form: LastCharactersForm) -> HttpResponse:
    # Many tries sent at once are counted one after the other.
    session = sessions.locked_session(request)
    if session is not None and "wrong_tries" in session:
        people = people_behind(bytes.fromhex(session["phone_hash"]))
        person = who_ends_in(people, form.cleaned_data["last_characters"])
        if person is not None:
            session.delete()
            return sessions.begin_session(redirect("own_page:home"), person)
        session["wrong_tries"] += 1
        if session["wrong_tries"] >= MOST_WRONG_TRIES:
            session.delete()
            return sessions.without_session(
                render(request, "members/me/nobody.html", {"is_locked": True}, status=403)
            )
        session.save()
        form.add_error(
            "last_characters", _("No record with this phone has such a document number.")
        )
        return render(request, "members/me/who.html", {"form": form})
    return redirect("own_page:log_in")


@never_cache
@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    """Forget the session."""
    return sessions.end_session(request, redirect("own_page:log_in"))


def _enter(phone: str) -> HttpResponse:
    phone_hash = blind_index(phone, context=PHONE_CONTEXT)
    people = people_behind(phone_hash)
    if not people:
        return sessions.without_phone(redirect("own_page:nobody"))
    if len(people) == 1 and people[0].is_certain:
        response = sessions.begin_session(redirect("own_page:home"), people[0])
    else:
        response = sessions.begin_choice(redirect("own_page:who"), phone_hash)
    return sessions.without_phone(response)


@never_cache
@require_http_methods(["GET", "HEAD"])
def nobody(request: HttpRequest) -> HttpResponse:
    """The phone is proven, and nobody is known by it."""
    return render(request, "members/me/nobody.html")


def _code_page(
    request: HttpRequest, form: CodeForm, phone: str, *, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "masked_phone": mask_phone(phone),
        "shown_code": code_to_show(phone),
    }
    return render(request, "members/me/code.html", context, status=status)


def _limited(request: HttpRequest, form: PhoneForm, sent: CodeSent | None = None) -> HttpResponse:
    minutes = limits.minutes_until_reset() if sent is None else max(1, sent.wait_seconds // 60)
    response = _phone_page(request, form, is_limited=True, minutes=minutes)
    response.headers["Retry-After"] = str(minutes * 60)
    return response


def _phone_page(
    request: HttpRequest, form: PhoneForm, *, is_limited: bool = False, minutes: int = 0
) -> HttpResponse:
    context = {
        "form": form,
        "is_limited": is_limited,
        "minutes": minutes,
        "can_reach_phones": messaging.can_reach_phones(),
    }
    return render(request, "members/me/log_in.html", context, status=429 if is_limited else 200)
