"""How an application stands, for whoever has its receipt number and the phone it was sent with.

Nothing personal goes into an address: forms are sent by POST, and what may follow from the answer
(correcting, taking back) is carried by a signed, short-lived token inside the page.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from core.codes import format_receipt
from members import limits
from members.enums import ApplicationStatus
from members.forms import StatusForm
from members.selectors import find_application
from members.views.joining import receipt_of


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def status(request: HttpRequest) -> HttpResponse:
    """How an application stands, to whoever knows its receipt number and phone."""
    if request.method != "POST":
        number = receipt_of(request)
        initial = {"receipt_number": format_receipt(number) if number else ""}
        return render(request, "members/status.html", {"form": StatusForm(initial=initial)})
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
    context = {
        "application": application,
        "receipt": format_receipt(application.receipt_number),
        "is_waiting": application.status == ApplicationStatus.SUBMITTED,
        "is_approved": application.status == ApplicationStatus.APPROVED,
    }
    return render(request, "members/status_shown.html", context)


def _limited_page(request: HttpRequest, form: StatusForm) -> HttpResponse:
    context = {"form": form, "is_limited": True, "minutes": limits.minutes_until_reset()}
    response = render(request, "members/status.html", context, status=429)
    response.headers["Retry-After"] = str(settings.PUBLIC_LIMIT_SECONDS)
    return response
