"""The county's holding pool (周转库): for people whose union does not exist yet."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from audit.services import log
from core.clock import local_today
from core.errors import RuleViolation
from members.enums import JoinChannel
from members.models import JoinCode
from members.services.join_codes import create_join_code
from unions.enums import UnionStatus
from unions.kinds import HOLDING_POOL
from unions.models import Union, UnionKind
from unions.scope import Actor, can_below
from unions.services import create_union

COUNTY_FEDERATION = "county_federation"


def pool_of(county: Union) -> Union | None:
    """The standing pool of a county federation."""
    return (
        Union.objects.filter(parent=county, kind=HOLDING_POOL)
        .exclude(status=UnionStatus.DISSOLVED)
        .select_related("kind", "region")
        .first()
    )


def open_pool(county: Union, *, actor: Actor, is_demo: bool = False) -> tuple[Union, JoinCode]:
    """The pool of a county federation with an open code for joining online, made if missing.

    Called again it finds what is there. Raises RuleViolation (field ``union``) for a union that is
    no standing county federation or lies out of the actor's scope. ``actor`` None is the system.
    """
    if county.kind_id != COUNTY_FEDERATION or county.status != UnionStatus.ACTIVE:
        raise RuleViolation(
            _("Only a county federation keeps a holding pool."), field="union", code="kind"
        )
    if actor is not None and not (
        can_below(actor, "unions.change", county) and can_below(actor, "join_codes.change", county)
    ):
        raise RuleViolation(_("This union is not in your scope."), field="union", code="scope")
    with transaction.atomic():
        # Two officials at once find one pool.
        Union.objects.select_for_update(of=("self",)).get(pk=county.pk)
        pool = pool_of(county)
        if pool is None:
            pool = create_union(
                name=f"{county.name}会员周转库",
                kind=UnionKind.objects.get(pk=HOLDING_POOL),
                parent=county,
                actor=actor,
                is_demo=is_demo,
                region=county.region,
                contact_phone=county.contact_phone,
                address=county.address,
                founded_on=local_today(),
            )
        code = (
            JoinCode.objects.usable_on(local_today())
            .filter(union=pool, channel=JoinChannel.ONLINE)
            .order_by("pk")
            .first()
        )
        if code is None:
            code = create_join_code(
                pool, actor=actor, channel=JoinChannel.ONLINE, label="", is_demo=is_demo
            )
            log(actor, "pool.opened", pool, {"join_code": code.code}, union_path=pool.path)
    return pool, code
