"""What a card says today, to its owner and to whoever checks it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from members import card
from members.enums import MembershipStatus
from members.models import Member, Membership
from members.own_data import kept_record


@dataclass(frozen=True)
class Card:
    """The face of a card. ``is_valid`` is False once the membership has ended."""

    member: Member
    membership: Membership
    number: str
    member_since: dt.date

    @property
    def is_valid(self) -> bool:
        """Open memberships are valid, retained ones and those being transferred too."""
        return self.membership.ended_on is None

    @property
    def is_retained(self) -> bool:
        """Kept without dues and without a vote (Constitution art. 8)."""
        return self.membership.status == MembershipStatus.RETAINED


def card_of(member: Member) -> Card | None:
    """The card of a person; None for somebody who never was a member."""
    spells = list(
        Membership.objects.filter(member=member)
        .exclude(status=MembershipStatus.ANNULLED)
        .select_related("union", "worker_group")
        .order_by("-started_on", "-id")
    )
    if not spells:
        return None
    # A spell that was recorded later may have begun earlier; the open one is the card's.
    current = next((spell for spell in spells if spell.ended_on is None), spells[0])
    return Card(
        member=member,
        membership=current,
        number=card.card_number(member),
        member_since=min(spell.started_on for spell in spells),
    )


def check_card(token: str) -> Card | None:
    """The card behind the code somebody scanned; None whatever is wrong with it."""
    key = card.read_token(token)
    member = Member.objects.filter(pk=key).first() if key is not None else None
    return card_of(kept_record(member)) if member is not None else None
