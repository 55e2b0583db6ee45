"""The card, on the screen and on paper, and the public page behind its code."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.errors import RuleViolation
from members import card as cards, limits, qr
from members.models import Application
from members.own_data import Person, applications_of, sent_from_elsewhere, transfers_of
from members.posters.own_papers import card_sheet
from members.services.card import Card, card_of, check_card
from members.views.own_page.session import own_page


@own_page
@require_safe
def home(request: HttpRequest, person: Person) -> HttpResponse:
    """The card of a member; how the applications stand."""
    card = card_of(person.member) if person.member is not None else None
    context = {
        "person": person,
        "card": card,
        "qr": _square(card) if card is not None and card.is_valid else "",
        "hours": int(cards.SCREEN_LIFE.total_seconds() // 3600),
        "applications": _waiting_first(person),
        "foreign": sent_from_elsewhere(person),
        "transfer": transfers_of(person).filter(status="open").first() if card else None,
    }
    return render(request, "members/me/home.html", context)


@own_page
@require_safe
def card_pdf(request: HttpRequest, person: Person) -> HttpResponse:
    """The card for printing, with a code that lasts longer."""
    card = card_of(person.member) if person.member is not None else None
    if card is None or not card.is_valid:
        return redirect("own_page:home")
    try:
        pdf = card_sheet(card)
    except RuleViolation as violation:
        return HttpResponse(str(violation), status=503, content_type="text/plain; charset=utf-8")
    response = HttpResponse(pdf, content_type="application/pdf")
    response.headers["Content-Disposition"] = 'attachment; filename="card.pdf"'
    return response


@never_cache
@require_safe
def check(request: HttpRequest, token: str) -> HttpResponse:
    """Masked name, union, valid or not: for whoever scans a card. Forged, damaged and expired codes
    are told apart nowhere."""
    if not limits.may_check_card_from(request):
        context = {"is_limited": True, "minutes": limits.minutes_until_reset()}
        return render(request, "members/me/check.html", context, status=429)
    card = check_card(token)
    return render(request, "members/me/check.html", {"card": card}, status=200 if card else 404)


def _square(card: Card) -> str:
    token = cards.make_token(card.member, life=cards.SCREEN_LIFE)
    # Made by segno out of an address of ours: nothing in it comes from outside.
    return mark_safe(qr.as_svg(cards.check_address(token)).decode())


def _waiting_first(person: Person) -> list[Application]:
    rows = applications_of(person).select_related("rejection_reason")
    return sorted(
        rows.order_by("-submitted_at")[:20],
        key=lambda application: application.decided_at is not None,
    )
