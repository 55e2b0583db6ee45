"""What a worker sees: apply, and the receipt.

Nothing personal ever goes into an address or stays in a cache: forms are sent by POST, the receipt
travels in a signed cookie of half an hour, and every page that may hold such data is `no-store`.
"""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import get_script_prefix, reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from core.caching import never_kept
from core.display import apply_wish, display_wish, remember_wish
from core.errors import RuleViolation
from core.normalising import normalise_identifier
from enterprises.models import Employer
from members import limits
from members.forms import COMMON_PLATFORMS, JoinForm
from members.models import ConsentText, JoinCode
from members.selectors import current_consent_texts, find_join_code, questions_of
from members.services.enrolment import apply_to_join
from members.services.visits import count_visit
from members.views.finding import find_page
from reference.models import WorkerGroup
from reference.selectors import group_codes
from unions.enums import UnionStatus

RECEIPT_COOKIE = "join_receipt"
RECEIPT_SALT = "members.receipt"
RECEIPT_SECONDS = 30 * 60
NEARBY_PLATFORMS = 15
FOCUS_SET = "set4"


@never_kept
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, code: str) -> HttpResponse:
    """The sign-up behind a code."""
    join_code = find_join_code(normalise_identifier(code))
    if join_code is None:
        return find_page(request, typed=code, is_unknown=True)
    if not join_code.is_usable or join_code.union.status == UnionStatus.DISSOLVED:
        return render(request, "members/closed.html", {"union": join_code.union}, status=410)
    texts = current_consent_texts()
    questions = questions_of(join_code.union_id)
    if request.method != "POST":
        firm = {"employer_name": join_code.employer.name} if join_code.employer else None
        blank = JoinForm(texts=texts, questions=questions, initial=firm)
        response = _join_page(request, join_code, blank)
        if request.method == "GET" and not _is_prefetched(request):
            count_visit(join_code)
        return response
    if wish := display_wish(request.POST):
        apply_wish(request, wish)
        typed = JoinForm(texts=texts, questions=questions, initial=request.POST.dict())
        response = _join_page(request, join_code, typed)
        remember_wish(response, wish)
        return response
    form = JoinForm(request.POST, texts=texts, questions=questions)
    phone = form.cleaned_data["phone"] if form.is_valid() else ""
    if not limits.may_join(request, phone=phone, code=join_code.code):
        return _join_page(request, join_code, form, is_limited=True)
    if not phone:
        return _join_page(request, join_code, form)
    try:
        taken = apply_to_join(
            join_code,
            person=form.person(),
            worker_group=form.cleaned_data["worker_group"],
            employer_name=form.cleaned_data["employer_name"],
            agreed_text_ids=form.agreed_text_ids(),
            texts=texts,
            answers=form.answers(),
        )
    except RuleViolation as violation:
        form.add_violation(violation)
        return _join_page(request, join_code, form)
    answer = HttpResponseRedirect(_address("members:received", get_script_prefix()))
    return with_receipt(answer, taken.receipt_number)


@require_safe
def consent_text(request: HttpRequest, purpose: str, version: int) -> HttpResponse:
    """One version of a consent text, on a page of its own."""
    text = ConsentText.objects.filter(purpose=purpose, version=version).first()
    if text is None:
        raise Http404
    return render(request, "members/consent_text.html", {"text": text})


def _join_page(
    request: HttpRequest, join_code: JoinCode, form: JoinForm, *, is_limited: bool = False
) -> HttpResponse:
    focus = group_codes(FOCUS_SET)
    groups = sorted(WorkerGroup.objects.filter(is_active=True), key=lambda g: g.pk not in focus)
    context = {
        "code": join_code,
        "union": join_code.union,
        "form": form,
        "focus_groups": [group for group in groups if group.pk in focus],
        "other_groups": [group for group in groups if group.pk not in focus],
        "platforms": _platform_names(join_code),
        "is_limited": is_limited,
        "minutes": limits.minutes_until_reset(),
    }
    response = render(request, "members/join.html", context, status=429 if is_limited else 200)
    return _retry_later(response) if is_limited else response


def _is_prefetched(request: HttpRequest) -> bool:
    """Fetched by a browser in advance: nobody has opened it yet, and perhaps nobody will."""
    purposes = (request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose"))
    return any("prefetch" in purpose.lower() for purpose in purposes)


def _retry_later(response: HttpResponse) -> HttpResponse:
    response.headers["Retry-After"] = str(settings.PUBLIC_LIMIT_SECONDS)
    return response


def _platform_names(join_code: JoinCode) -> list[str]:
    """Registered platform firms of the union's prefecture, then the platforms everybody knows."""
    names: list[str] = []
    if region := join_code.union.region_id:
        names = list(
            Employer.objects.filter(is_platform=True, region__code__startswith=region[:4])
            .order_by("name")
            .values_list("name", flat=True)[:NEARBY_PLATFORMS]
        )
    return list(dict.fromkeys([*names, *COMMON_PLATFORMS]))


def with_receipt(response: HttpResponse, receipt_number: str) -> HttpResponse:
    """Let this browser see this receipt for half an hour."""
    response.set_cookie(
        RECEIPT_COOKIE,
        _receipt_signer(settings.SECRET_KEY).sign(receipt_number),
        max_age=RECEIPT_SECONDS,
        path=_address("members:find", get_script_prefix()),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


@lru_cache(maxsize=4)
def _receipt_signer(_secret: str) -> TimestampSigner:
    """Kept: Django's signed cookies make one for each answer."""
    return TimestampSigner(salt=RECEIPT_SALT)


@lru_cache(maxsize=8)
def _address(name: str, prefix: str) -> str:
    """An address in which nothing is to be filled in, looked up once."""
    return reverse(name)


def receipt_of(request: HttpRequest) -> str:
    """The receipt number of the form sent from this browser; "" without one."""
    signed = request.COOKIES.get(RECEIPT_COOKIE, "")
    try:
        return _receipt_signer(settings.SECRET_KEY).unsign(signed, max_age=RECEIPT_SECONDS)
    except BadSignature:
        return ""
