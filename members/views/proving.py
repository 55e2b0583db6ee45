"""The receipt of an application, and proving its phone by a code.

Bound to the signed receipt cookie of the browser that applied. The first code is sent when the
receipt is first shown, not while the form is taken in.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from core.client_address import client_block
from members import altcha
from members.code_form import CodeForm
from members.receipts import Receipt, read_receipt
from members.services.codes import CodeSent, Sending, code_to_show
from members.services.proving import (
    can_be_proven,
    phone_of,
    prove_phone,
    send_another_code,
    send_first_code,
)
from members.views.joining import receipt_of


@never_cache
@require_safe
def received(request: HttpRequest) -> HttpResponse:
    """The receipt of the application just sent from this browser; sends its first code."""
    receipt = _receipt_of(request)
    if receipt is None:
        return redirect("members:status")
    sent = None
    if request.method == "GET" and can_be_proven(receipt):
        sent = send_first_code(receipt, address=client_block(request))
    return _page(request, receipt, CodeForm(), sent)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def prove(request: HttpRequest) -> HttpResponse:
    """The code that was typed in."""
    receipt = _receipt_of(request)
    if receipt is None:
        return redirect("members:status")
    if request.method != "POST":
        return redirect("members:received")
    form = CodeForm(request.POST)
    if form.is_valid():
        if prove_phone(receipt, form.cleaned_data["code"]):
            return redirect("members:received")
        form.add_error("code", _("This code is wrong or too old. Try again, or get a new one."))
    form.fields["code"].widget.attrs["autofocus"] = True
    return _page(request, receipt, form, None)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def resend(request: HttpRequest) -> HttpResponse:
    """Another code."""
    receipt = _receipt_of(request)
    if receipt is None:
        return redirect("members:status")
    if request.method != "POST" or not can_be_proven(receipt):
        return redirect("members:received")
    sent = send_another_code(receipt, address=client_block(request))
    return _page(request, receipt, CodeForm(), sent, is_resent=True)


@never_cache
@require_safe
def challenge(request: HttpRequest) -> JsonResponse:
    """A fresh challenge for the proof of work."""
    return JsonResponse(altcha.new_challenge())


def _receipt_of(request: HttpRequest) -> Receipt | None:
    number = receipt_of(request)
    return read_receipt(number) if number else None


def _page(
    request: HttpRequest,
    receipt: Receipt,
    form: CodeForm,
    sent: CodeSent | None,
    *,
    is_resent: bool = False,
) -> HttpResponse:
    asks = can_be_proven(receipt)
    context = {
        "receipt": receipt,
        "form": form,
        "asks_for_code": asks,
        "demo_code": code_to_show(phone_of(receipt.application)) if asks else "",
        "is_resent": is_resent and sent is not None and sent.outcome is Sending.SENT,
        "is_too_soon": sent is not None and sent.outcome is Sending.TOO_SOON,
        "is_too_many": sent is not None and sent.outcome is Sending.TOO_MANY,
        "minutes": settings.CODE_MINUTES,
        "wait_seconds": sent.wait_seconds if sent else 0,
    }
    return render(request, "members/received.html", context)
