"""What people print of their own: the card, and the copy of their data."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import get_language, gettext as _

from core.clock import CHINA, local_today
from members import card as cards, qr
from members.posters import set_page
from members.services.card import Card


def card_sheet(card: Card) -> bytes:
    """The card on A4, as PDF, with a code of ``cards.PRINT_LIFE``. Raises RuleViolation."""
    until = local_today() + cards.PRINT_LIFE
    token = cards.make_token(card.member, life=cards.PRINT_LIFE)
    return set_page(
        "member_card.typ",
        {
            "name": card.member.name,
            "union": card.membership.union.name,
            "number": card.number,
            "since": card.member_since.isoformat(),
            "until": until.isoformat(),
            "qr": qr.as_svg(cards.check_address(token)).decode(),
            "is_demo": card.member.is_demo,
        },
    )


def own_data_paper(name: str, sections: list[dict[str, Any]]) -> bytes:
    """The copy of somebody's data on A4, as PDF. Raises RuleViolation."""
    made = timezone.now().astimezone(CHINA)
    return set_page(
        "own_data.typ",
        {
            "title": _("Copy of my data"),
            "name": name,
            "made": f"{made:%Y-%m-%d %H:%M}",
            "lang": (get_language() or "zh")[:2],
            "sections": sections,
        },
    )
