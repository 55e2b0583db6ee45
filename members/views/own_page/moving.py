"""Moving to another union, and leaving."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import RuleViolation
from core.normalising import normalise_identifier
from members.consents import ENDED_MEMBERSHIP
from members.finding import find_open_unions, open_counties, public_codes
from members.models import JoinCode, RetentionRule
from members.models.transfer import TransferStatus
from members.own_data import Person, begins_later, current_membership, transfers_of
from members.services.own_membership import ask_to_move, leave_union, take_back_move
from members.views.own_page.forms import MoveForm, SureForm
from members.views.own_page.session import own_page


@own_page
@require_http_methods(["GET", "HEAD", "POST"])
def move(request: HttpRequest, person: Person) -> HttpResponse:
    """Find the new union, ask for the transfer, see where it stands."""
    membership = current_membership(person)
    if membership is None:
        return redirect("own_page:home")
    open_transfer = transfers_of(person).filter(status=TransferStatus.OPEN).first()
    typed = request.POST if request.method == "POST" else request.GET
    target = _chosen(typed.get("code", ""))
    form = MoveForm(
        request.POST if request.method == "POST" else None,
        initial={"code": target.code if target else "", "employer_name": membership.employer_name},
    )
    if request.method == "POST" and target is None:
        form.add_error(None, _("Choose the union you are moving to."))
    elif request.method == "POST" and target is not None and form.is_valid():
        try:
            ask_to_move(
                person,
                to_union=target.union,
                reason=form.cleaned_data["reason"],
                new_employer_name=form.cleaned_data["employer_name"],
            )
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, _("Both unions have your request."))
            return redirect("own_page:move")
    context = {
        "person": person,
        "membership": membership,
        "transfer": open_transfer,
        "earlier": list(transfers_of(person).exclude(status=TransferStatus.OPEN)[:10]),
        "target": target,
        "form": form,
        **_search(request),
    }
    return render(request, "members/me/move.html", context)


@own_page
@require_POST
def cancel_move(request: HttpRequest, person: Person, pk: int) -> HttpResponse:
    """Take the request back."""
    try:
        take_back_move(person, pk)
        messages.success(request, _("Taken back. You stay where you are."))
    except RuleViolation as violation:
        messages.error(request, str(violation.message))
    return redirect("own_page:move")


@own_page
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, person: Person) -> HttpResponse:
    """Say what will follow; end the membership when confirmed."""
    membership = current_membership(person)
    if membership is None:
        return redirect("own_page:home")
    form = SureForm(request.POST if request.method == "POST" else None)
    rule = RetentionRule.objects.filter(pk=ENDED_MEMBERSHIP).first()
    context = {
        "person": person,
        "membership": membership,
        "begins_later": begins_later(membership),
        "form": form,
        "months": rule.months if rule is not None else None,
    }
    if request.method == "POST" and form.is_valid():
        try:
            ended = leave_union(person)
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            return render(request, "members/me/left.html", {**context, "membership": ended})
    return render(request, "members/me/leave.html", context)


def _chosen(code: str) -> JoinCode | None:
    """The union is named by one of its public join codes."""
    typed = normalise_identifier(code)
    if not typed:
        return None
    return public_codes().filter(code=typed).select_related("union__region", "union__kind").first()


def _search(request: HttpRequest) -> dict[str, Any]:
    text = request.GET.get("q", "")[:60]
    counties = open_counties()
    county = request.GET.get("county", "")
    county = county if county in {region.code for region in counties} else ""
    is_search = bool(text.strip() or county)
    results, is_more = find_open_unions(text, county) if is_search else ([], False)
    return {
        "text": text,
        "county": county,
        "counties": counties,
        "is_search": is_search,
        "results": results,
        "is_more": is_more,
    }
