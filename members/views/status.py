"""How an application stands, for whoever has its receipt number and the phone it was sent with.

Nothing personal goes into an address: forms are sent by POST, and what may follow from the answer
(correcting, taking back) is carried by a signed, short-lived token inside the page.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core import signing
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from core.codes import format_receipt
from core.errors import RuleViolation
from members import limits
from members.correction_form import CorrectionForm
from members.enums import ApplicationStatus
from members.forms import StatusForm
from members.models import Application
from members.models.application import OPEN_STATUSES
from members.models.review import StepType
from members.selectors import fields_to_correct, find_application, steps_of
from members.services.proving import can_be_proven
from members.services.resubmission import cancel_application, resubmit_application
from members.views.joining import receipt_of, with_receipt

TOKEN_SALT = "members.correction"  # noqa: S105 -- names the use, is no secret
TOKEN_SECONDS = 30 * 60


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def status(request: HttpRequest) -> HttpResponse:
    """How an application stands, to whoever knows its receipt number and phone."""
    if request.method != "POST":
        return _question(request)
    form = StatusForm(request.POST)
    if not limits.may_ask_from(request):
        return _limited_page(request, form)
    if not form.is_valid():
        return render(request, "members/status.html", {"form": form})
    if not limits.may_ask_with(form.cleaned_data["phone"]):
        return _limited_page(request, form)
    application = find_application(form.cleaned_data["receipt_number"], form.cleaned_data["phone"])
    if application is None:
        form.add_error(
            None, _("No application with this receipt number and mobile number. Check both.")
        )
        return render(request, "members/status.html", {"form": form})
    return _answer(request, application)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest) -> HttpResponse:
    """Correct what the union asks for, and send the application again."""
    if request.method != "POST":
        return redirect("members:status")
    if not limits.may_ask_from(request):
        return _limited_page(request, StatusForm())
    application = _application_of(request)
    if application is None:
        return _question(request, is_late=True)
    if application.status != ApplicationStatus.CORRECTION:
        return _answer(request, application)
    asked = fields_to_correct(application)
    if "send" not in request.POST:
        form = CorrectionForm(application=application, asked=asked)
        return _correction_page(request, application, form)
    form = CorrectionForm(request.POST, application=application, asked=asked)
    if not form.is_valid():
        return _correction_page(request, application, form)
    try:
        resubmit_application(application, changes=form.changes())
    except RuleViolation as violation:
        if violation.code == "not_asked":  # sent twice, or decided meanwhile
            return _answer(request, _read(application.pk))
        form.add_violation(violation)
        return _correction_page(request, application, form)
    return _answer(request, _read(application.pk), is_sent_again=True)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def take_back(request: HttpRequest) -> HttpResponse:
    """The applicant takes the application back."""
    if request.method != "POST":
        return redirect("members:status")
    if not limits.may_ask_from(request):
        return _limited_page(request, StatusForm())
    application = _application_of(request)
    if application is None:
        return _question(request, is_late=True)
    # Refused if decided meanwhile, or taken back by the click before: the page says which.
    with suppress(RuleViolation):
        cancel_application(application)
    return _answer(request, _read(application.pk))


def _question(request: HttpRequest, *, is_late: bool = False) -> HttpResponse:
    number = receipt_of(request)
    initial = {"receipt_number": format_receipt(number) if number else ""}
    context = {"form": StatusForm(initial=initial), "is_late": is_late}
    return render(request, "members/status.html", context)


def _answer(
    request: HttpRequest, application: Application, *, is_sent_again: bool = False
) -> HttpResponse:
    steps = steps_of(application)
    is_open = application.status in OPEN_STATUSES
    asked = next((step for step in reversed(steps) if step.type == StepType.CORRECTION), None)
    asks_for_code = can_be_proven(application)
    context = {
        "application": application,
        "receipt": format_receipt(application.receipt_number),
        "is_sent_again": is_sent_again,
        "asked": asked if application.status == ApplicationStatus.CORRECTION else None,
        "steps": steps,
        "is_open": is_open,
        "token": _token_for(application) if is_open else "",
        "asks_for_code": asks_for_code,
    }
    response = render(request, "members/status_shown.html", context)
    # The page of the receipt, where a phone is proven, knows its reader by this cookie.
    return with_receipt(response, application) if asks_for_code else response


def _correction_page(
    request: HttpRequest, application: Application, form: CorrectionForm
) -> HttpResponse:
    asked = application.steps.filter(type=StepType.CORRECTION).order_by("-at", "-id").first()
    context = {
        "application": application,
        "form": form,
        "note": asked.note if asked else "",
        "token": _token_for(application),
    }
    return render(request, "members/correct.html", context)


def _token_for(application: Application) -> str:
    """Opens this application, as it now is, for half an hour, to whoever was just shown it."""
    return signing.dumps(_token_content(application), salt=TOKEN_SALT)


def _token_content(application: Application) -> list[Any]:
    return [application.pk, bytes(application.phone_hash).hex()[:16]]


def _application_of(request: HttpRequest) -> Application | None:
    try:
        content = signing.loads(
            request.POST.get("token", ""), salt=TOKEN_SALT, max_age=TOKEN_SECONDS
        )
    except signing.BadSignature:
        return None
    application = _rows().filter(pk=content[0]).first()
    if application is None or _token_content(application) != content:
        return None
    return application


def _read(pk: int) -> Application:
    return _rows().get(pk=pk)


def _rows() -> QuerySet[Application]:
    return Application.objects.select_related("union", "rejection_reason", "worker_group")


def _limited_page(request: HttpRequest, form: StatusForm) -> HttpResponse:
    context = {"form": form, "is_limited": True, "minutes": limits.minutes_until_reset()}
    response = render(request, "members/status.html", context, status=429)
    response.headers["Retry-After"] = str(settings.PUBLIC_LIMIT_SECONDS)
    return response
