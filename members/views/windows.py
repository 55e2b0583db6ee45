"""The page of a mobile window: form, thanks, empty form again, on a device that many use.

Nobody is logged in here, and nothing of one person is left for the next: no cookie, no draft, no
word of the browser's memory, no cached page. The receipt is shown once, and as a QR code to take
along.
"""

from __future__ import annotations

import base64
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from core.clock import local_today
from core.codes import format_receipt
from core.display import apply_wish, display_wish
from core.errors import RuleViolation
from core.throttling import RateLimit
from members import limits, qr
from members.forms import COMMON_PLATFORMS, ConsentField, JoinForm
from members.models import MobileWindow
from members.selectors import current_consent_texts, questions_of
from members.services.enrolment import apply_to_join
from members.services.windows import sign_ups, window_of
from reference.selectors import active_groups, group_codes

FOCUS_SET = "set4"
# One address and hundreds of people: a stand has a limit of its own.
SIGN_UPS_PER_HOUR = 600
WINDOW_LIMIT = RateLimit("join.window", SIGN_UPS_PER_HOUR, 3600)


class WindowForm(JoinForm):
    """The same boxes on a device that many hands hold: it is to suggest nothing.

    A class of its own has fields of its own: those of ``JoinForm`` are shared by all its forms.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if not isinstance(field, ConsentField):
                field.widget.attrs["autocomplete"] = "off"


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def window(request: HttpRequest, token: str) -> HttpResponse:
    """The form of a window, and the thanks once it was sent."""
    if request.user.is_authenticated:
        # An official's session must never be in a worker's hands.
        return render(request, "members/window_session.html", {"token": token})
    found = window_of(token)
    if found is None:
        return render(request, "members/window_closed.html", status=410)
    texts = current_consent_texts()
    questions = questions_of(found.union_id)
    if request.method != "POST":
        return _form_page(request, found, token, WindowForm(texts=texts, questions=questions))
    _speak(request)
    if wish := display_wish(request.POST):
        # For this person only: no cookie keeps it.
        apply_wish(request, wish)
        typed = WindowForm(texts=texts, questions=questions, initial=request.POST.dict())
        return _form_page(request, found, token, typed)
    form = WindowForm(request.POST, texts=texts, questions=questions)
    if not form.is_valid():
        return _form_page(request, found, token, form)
    phone = form.cleaned_data["phone"]
    if not WINDOW_LIMIT.allow(str(found.pk)) or not limits.may_join_with(
        phone, found.join_code.code, device=str(found.pk)
    ):
        return _form_page(request, found, token, form, is_limited=True)
    try:
        taken = apply_to_join(
            found.join_code,
            person=form.person(),
            worker_group=form.cleaned_data["worker_group"],
            employer_name=form.cleaned_data["employer_name"],
            agreed_text_ids=form.agreed_text_ids(),
            texts=texts,
            answers=form.answers(),
        )
    except RuleViolation as violation:
        form.add_violation(violation)
        return _form_page(request, found, token, form)
    return _thanks_page(request, found, token, taken.receipt_number)


@require_POST
def log_out(request: HttpRequest, token: str) -> HttpResponse:
    """Log whoever is logged in out of this device, and go on to the window."""
    logout(request)
    return redirect("members:window", token)


def _speak(request: HttpRequest) -> None:
    """Answer in the language in which the form was shown."""
    spoken = request.POST.get("spoken", "")
    if spoken in dict(settings.LANGUAGES):
        translation.activate(spoken)
        request.LANGUAGE_CODE = spoken


def _form_page(
    request: HttpRequest,
    found: MobileWindow,
    token: str,
    form: WindowForm,
    *,
    is_limited: bool = False,
) -> HttpResponse:
    focus = group_codes(FOCUS_SET)
    groups = list(active_groups())
    context = {
        **_counted(found),
        "token": token,
        "form": form,
        "focus_groups": [group for group in groups if group.pk in focus],
        "other_groups": [group for group in groups if group.pk not in focus],
        "platforms": COMMON_PLATFORMS,
        "is_limited": is_limited,
        "minutes": limits.minutes_until_reset(),
    }
    return render(request, "members/window.html", context, status=429 if is_limited else 200)


def _thanks_page(
    request: HttpRequest, found: MobileWindow, token: str, receipt_number: str
) -> HttpResponse:
    receipt = format_receipt(receipt_number)
    # Behind "#": the number never reaches a server or a log by this address.
    address = f"{settings.PUBLIC_BASE_URL}{reverse('members:status')}#{receipt}"
    picture = base64.b64encode(qr.as_svg(address)).decode()
    context = {
        **_counted(found),
        "token": token,
        "receipt": receipt,
        "picture": f"data:image/svg+xml;base64,{picture}",
    }
    return render(request, "members/window_thanks.html", context)


def _counted(found: MobileWindow) -> dict[str, Any]:
    return {
        "window": found,
        "union": found.union,
        "today_count": sign_ups(found, day=local_today()),
        "window_count": sign_ups(found),
    }
