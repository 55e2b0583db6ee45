"""How an application stands, for whoever has its receipt number and the phone it was sent with.

Nothing personal goes into an address: forms are sent by POST, and what may follow from the answer
(correcting, taking back) is carried by a signed, short-lived token inside the page.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core import signing
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
from members.forms import StatusForm
from members.models import ApplicationStep
from members.receipts import Receipt, asked_to_correct, find_receipt, read_receipt
from members.services.proving import can_be_proven
from members.services.resubmission import cancel_with_receipt, resubmit_with_receipt
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
    if not limits.may_ask_with(request, form.cleaned_data["phone"]):
        return _limited_page(request, form)
    receipt = find_receipt(form.cleaned_data["receipt_number"], form.cleaned_data["phone"])
    if receipt is None:
        form.add_error(
            None, _("No application with this receipt number and mobile number. Check both.")
        )
        return render(request, "members/status.html", {"form": form})
    return _answer(request, receipt)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest) -> HttpResponse:
    """Correct what the union asks for, and send the application again."""
    if request.method != "POST":
        return redirect("members:status")
    if not limits.may_ask_from(request):
        return _limited_page(request, StatusForm())
    receipt = _receipt_of(request)
    if receipt is None:
        return _question(request, is_late=True)
    asked = asked_to_correct(receipt)
    if asked is None:
        return _answer(request, receipt)
    if "send" not in request.POST:
        form = CorrectionForm(application=receipt.as_sent(), asked=asked.fields)
        return _correction_page(request, receipt, form, asked)
    form = CorrectionForm(request.POST, application=receipt.as_sent(), asked=asked.fields)
    if not form.is_valid():
        return _correction_page(request, receipt, form, asked)
    try:
        resubmit_with_receipt(receipt, changes=form.changes())
    except RuleViolation as violation:
        if violation.code == "not_asked":  # sent twice, or decided meanwhile
            return _answer(request, _again(receipt))
        form.add_violation(violation)
        return _correction_page(request, receipt, form, asked)
    return _answer(request, _again(receipt), is_sent_again=True)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def take_back(request: HttpRequest) -> HttpResponse:
    """The applicant takes the application back."""
    if request.method != "POST":
        return redirect("members:status")
    if not limits.may_ask_from(request):
        return _limited_page(request, StatusForm())
    receipt = _receipt_of(request)
    if receipt is None:
        return _question(request, is_late=True)
    # Refused if decided meanwhile, or taken back by the click before: the page says which.
    with suppress(RuleViolation):
        cancel_with_receipt(receipt)
    return _answer(request, _again(receipt))


def _question(request: HttpRequest, *, is_late: bool = False) -> HttpResponse:
    number = receipt_of(request)
    initial = {"receipt_number": format_receipt(number) if number else ""}
    context = {"form": StatusForm(initial=initial), "is_late": is_late}
    return render(request, "members/status.html", context)


def _answer(request: HttpRequest, receipt: Receipt, *, is_sent_again: bool = False) -> HttpResponse:
    asks_for_code = can_be_proven(receipt)
    context = {
        "receipt": receipt,
        "is_sent_again": is_sent_again,
        "asked": asked_to_correct(receipt),
        "steps": receipt.steps(),
        "token": _token_for(receipt) if receipt.is_open else "",
        "asks_for_code": asks_for_code,
    }
    response = render(request, "members/status_shown.html", context)
    # The page of the receipt, where a phone is proven, knows its reader by this cookie.
    return with_receipt(response, receipt.number) if asks_for_code else response


def _correction_page(
    request: HttpRequest, receipt: Receipt, form: CorrectionForm, asked: ApplicationStep
) -> HttpResponse:
    context = {
        "union": receipt.application.union,
        "form": form,
        "note": asked.note,
        "token": _token_for(receipt),
    }
    return render(request, "members/correct.html", context)


def _token_for(receipt: Receipt) -> str:
    """Opens this receipt, as it now is, for half an hour, to whoever was just shown it."""
    return signing.dumps(_token_content(receipt), salt=TOKEN_SALT)


def _token_content(receipt: Receipt) -> list[Any]:
    return [receipt.number, bytes(receipt.application.phone_hash).hex()[:16]]


def _receipt_of(request: HttpRequest) -> Receipt | None:
    try:
        content = signing.loads(
            request.POST.get("token", ""), salt=TOKEN_SALT, max_age=TOKEN_SECONDS
        )
    except signing.BadSignature:
        return None
    # A token of an earlier release names a key instead of a number, and finds nothing.
    receipt = read_receipt(str(content[0]))
    if receipt is None or _token_content(receipt) != content:
        return None
    return receipt


def _again(receipt: Receipt) -> Receipt:
    return read_receipt(receipt.number) or receipt


def _limited_page(request: HttpRequest, form: StatusForm) -> HttpResponse:
    context = {"form": form, "is_limited": True, "minutes": limits.minutes_until_reset()}
    response = render(request, "members/status.html", context, status=429)
    response.headers["Retry-After"] = str(settings.PUBLIC_LIMIT_SECONDS)
    return response
