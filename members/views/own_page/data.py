"""My data and their history, and what can be corrected."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.client_address import client_block
from core.encryption import blind_index
from core.errors import RuleViolation
from core.masking import mask_phone
from members import limits
from members.models import DataRequest, OneTimeCode
from members.models.application import PHONE_CONTEXT
from members.own_data import (
    Person,
    applications_of,
    current_membership,
    events_of,
    find_person,
    memberships_of,
    sent_from_elsewhere,
    transfers_of,
)
from members.own_trail import looks_at
from members.services import own_page as services
from members.services.codes import Sending, check_code, code_to_show, send_code
from members.views.own_page import session as sessions
from members.views.own_page.forms import (
    WRONG_CODE,
    CodeForm,
    CorrectionForm,
    EmployerForm,
    PhoneForm,
)
from members.views.own_page.session import own_page

CHANGE = OneTimeCode.Purpose.CHANGE


@own_page
@require_http_methods(["GET", "HEAD", "POST"])
def data(request: HttpRequest, person: Person) -> HttpResponse:
    """All the record holds. A POST shows the document number in full, once, and is logged."""
    shown = ""
    if request.method == "POST" and person.member is not None:
        shown = services.show_own_number(person)
    context = {
        "person": person,
        "shown_number": shown,
        "membership": current_membership(person),
        "memberships": list(memberships_of(person)) if person.member else [],
        "events": list(events_of(person)) if person.member else [],
        "transfers": list(transfers_of(person)) if person.member else [],
        "applications": applications_of(person).select_related("rejection_reason"),
        "foreign": sent_from_elsewhere(person),
        "requests": list(DataRequest.objects.filter(member__in=person.records)),
    }
    return render(request, "members/me/data.html", context)


@own_page
@require_http_methods(["GET", "HEAD", "POST"])
def phone(request: HttpRequest, person: Person) -> HttpResponse:
    """A new phone: it is sent a code first."""
    if person.member is None:
        return redirect("own_page:data")
    form = PhoneForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST" and form.is_valid():
        new = form.cleaned_data["phone"]
        if blind_index(new, context=PHONE_CONTEXT) == bytes(person.member.phone_hash):
            form.add_error("phone", _("This is the number we have."))
        elif not limits.may_log_in_from(request) or _is_refused(request, new):
            form.add_error(None, _("Too many attempts just now. Please try again later."))
            status = 429
        else:
            return sessions.keep_phone(redirect("own_page:phone_code"), new)
    context = {"person": person, "form": form}
    return render(request, "members/me/phone.html", context, status=status)


def _is_refused(request: HttpRequest, new: str) -> bool:
    asker = limits.asker_of(request)
    sent = send_code(new, CHANGE, address=client_block(request), asker=asker)
    return sent.outcome is Sending.TOO_MANY


@own_page
@require_http_methods(["GET", "HEAD", "POST"])
def phone_code(request: HttpRequest, person: Person) -> HttpResponse:
    """The code sent to the new phone; with it the number changes, and the session moves along."""
    new = sessions.kept_phone(request)
    if not new or person.member is None:
        return redirect("own_page:phone")
    form = CodeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        if check_code(new, CHANGE, form.cleaned_data["code"]):
            try:
                services.change_phone(person, phone=new)
            except RuleViolation as violation:
                form.add_violation(violation)
            else:
                messages.success(request, _("Your mobile number is changed. The old one was told."))
                return _with_new_phone(request, person, new)
        else:
            form.add_error("code", WRONG_CODE)
    context = {
        "person": person,
        "form": form,
        "masked_phone": mask_phone(new),
        "shown_code": code_to_show(new),
    }
    return render(request, "members/me/phone_code.html", context)


@own_page
@require_http_methods(["GET", "HEAD", "POST"])
def employer(request: HttpRequest, person: Person) -> HttpResponse:
    """Where one works: written at once."""
    membership = current_membership(person) if person.member is not None else None
    if membership is None:
        return redirect("own_page:data")
    form = EmployerForm(
        request.POST if request.method == "POST" else None,
        initial={"employer_name": membership.employer_name},
    )
    if request.method == "POST" and form.is_valid():
        services.change_employer(person, employer_name=form.cleaned_data["employer_name"])
        messages.success(request, _("Your employer is changed."))
        return redirect("own_page:data")
    return render(request, "members/me/employer.html", {"person": person, "form": form})


@own_page
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, person: Person) -> HttpResponse:
    """Name, document, group: asked for here, checked by the union."""
    if person.member is None:
        return redirect("own_page:data")
    form = CorrectionForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.ask_correction(
                person,
                field=form.cleaned_data["field"],
                value=form.cleaned_data["value"],
                note=form.cleaned_data["note"],
            )
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, _("Your union has your request. You will get a message."))
            return redirect("own_page:data")
    return render(request, "members/me/correct.html", {"person": person, "form": form})


@own_page
@require_POST
def cancel_request(request: HttpRequest, person: Person, pk: int) -> HttpResponse:
    """Take back a request for correction."""
    try:
        services.take_back_request(person, pk)
        messages.success(request, _("Taken back."))
    except RuleViolation as violation:
        messages.error(request, str(violation.message))
    return redirect("own_page:data")


@own_page
@require_POST
def cancel_application(request: HttpRequest, person: Person, pk: int) -> HttpResponse:
    """Take back an application."""
    try:
        services.take_back_application(person, pk)
        messages.success(request, _("Your application is taken back."))
    except RuleViolation as violation:
        messages.error(request, str(violation.message))
    return redirect("own_page:home")


@own_page
@require_safe
def looked(request: HttpRequest, person: Person) -> HttpResponse:
    """Who has looked, when and why."""
    return render(request, "members/me/looked.html", {"person": person, "looks": looks_at(person)})


def _with_new_phone(request: HttpRequest, person: Person, phone: str) -> HttpResponse:
    now = find_person(
        blind_index(phone, context=PHONE_CONTEXT),
        member_id=person.member.pk if person.member is not None else None,
        id_number_hash=person.id_number_hash,
    )
    response = sessions.end_session(request, redirect("own_page:data"))
    if now is not None:
        response = sessions.begin_session(response, now)
    return sessions.without_phone(response)
