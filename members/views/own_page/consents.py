"""Consents given and withdrawn."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from core.errors import RuleViolation
from members.consents import effects_of
from members.models import ConsentText
from members.models.application import OPEN_STATUSES
from members.own_data import (
    Person,
    applications_of,
    begins_later,
    consents_of,
    current_membership,
)
from members.services.consents import withdraw_consent
from members.views.own_page.forms import SureForm
from members.views.own_page.session import own_page


@own_page
@require_safe
def consents(request: HttpRequest, person: Person) -> HttpResponse:
    """Each consent with its text and dates, by purpose."""
    given = list(consents_of(person))
    groups = [
        {
            "purpose": purpose,
            "label": label,
            "consents": [consent for consent in given if consent.text.purpose == purpose],
            "is_given": any(
                consent.text.purpose == purpose and consent.withdrawn_at is None
                for consent in given
            ),
        }
        for purpose, label in ConsentText.Purpose.choices
    ]
    context = {"person": person, "groups": groups, "has_any": bool(given)}
    return render(request, "members/me/consents.html", context)


@own_page
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, person: Person, purpose: str) -> HttpResponse:
    """Say what will follow; withdraw when confirmed."""
    if purpose not in ConsentText.Purpose.values:
        raise Http404
    given = consents_of(person).filter(text__purpose=purpose, withdrawn_at=None)
    if not given.exists():
        return redirect("own_page:consents")
    form = SureForm(request.POST if request.method == "POST" else None)
    membership = current_membership(person)
    context = {
        "person": person,
        "form": form,
        "title": given[0].text.title,
        "purpose": purpose,
        "effects": effects_of(
            purpose,
            is_member=membership is not None,
            last_day=begins_later(membership),
            waiting=applications_of(person).filter(status__in=OPEN_STATUSES).count(),
            on_paper=applications_of(person).filter(paper__isnull=False).exists(),
        ),
    }
    if request.method == "POST" and form.is_valid():
        try:
            done = withdraw_consent(person, purpose)
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            return render(request, "members/me/withdrawn.html", {**context, "done": done})
    return render(request, "members/me/withdraw.html", context)
