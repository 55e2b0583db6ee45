"""A union asks for somebody who is a member elsewhere, whose record it cannot see.

Name and whole ID number must both fit, so nobody reads the register this way; every look is
entered in the trail, and there is a limit an hour.
"""

from __future__ import annotations

from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext as _

from audit.services import log
from core.encryption import blind_index
from core.errors import RuleViolation
from core.identity import parse_identity
from core.normalising import normalise_name
from members.enums import MembershipStatus
from members.models import Membership
from members.models.application import ID_NUMBER_CONTEXT
from members.services.look_ups import ensure_looks_left
from unions.models import Union
from unions.scope import Actor, can

_MOVABLE = (MembershipStatus.ACTIVE, MembershipStatus.RETAINED)


def find_to_receive(
    *, name: str, id_type: str, id_number: str, to_union: Union, actor: Actor
) -> Membership:
    """The open membership of the person, for an official of ``to_union`` who has the paper in hand.

    Raises RuleViolation: ``id_number`` malformed, ``unknown`` (also when the name does not fit or
    a transfer is under way: they are told apart nowhere), ``too_many`` looks within an hour;
    Http404 without ``transfers.decide`` at ``to_union``.
    """
    if actor is not None and not can(actor, "transfers.decide", to_union):
        raise Http404
    document = parse_identity(id_type, id_number)
    with transaction.atomic():
        ensure_looks_left(actor)
        found = (
            Membership.objects.open()
            .filter(
                member__id_number_hash=blind_index(document.number, context=ID_NUMBER_CONTEXT),
                member__name=normalise_name(name),
                status__in=_MOVABLE,
            )
            .exclude(union=to_union)
            .select_related("union")
            .first()
        )
        log(
            actor,
            "transfer.looked_up",
            to_union,
            {"found": found is not None},
            union_path=to_union.path,
        )
    if found is None:
        raise RuleViolation(
            _("No membership of this name and number can be transferred."),
            field="id_number",
            code="unknown",
        )
    return found
