"""Passing an application that waits to the union it belongs to."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from audit.services import log
from core.errors import RuleViolation
from core.normalising import normalise_text
from members.models import Application
from members.models.review import StepType
from members.services.messages import tell_applicant
from members.services.review import lock_waiting
from members.services.steps import record_step
from unions.enums import UnionStatus
from unions.models import Union
from unions.scope import Actor, can


def pass_application(
    application: Application, *, to_union: Union, note: str = "", actor: Actor
) -> Application:
    """Pass ``application`` on: from now on ``to_union`` reviews it, the applicant sends nothing.

    For who may review at both unions, such as a federation that spreads what came in among its
    townships. How long it has waited, its way of joining and its answers stay; the applicant is
    told where it is now and may read ``note``. Raises RuleViolation beside ``to_union`` (the same,
    out of scope, enrols nobody, not established, ``waiting`` if the person's application is there
    already), or as ``lock_waiting``; Http404 out of the actor's scope.
    """
    with transaction.atomic():
        locked = lock_waiting(application, actor)
        from_union = locked.union
        _ensure_may_receive(from_union, to_union, actor)
        locked.union = to_union
        try:
            with transaction.atomic():
                locked.save(update_fields=["union"])
        except IntegrityError as error:
            raise RuleViolation(
                _("An application of this person to this union is waiting already."),
                field="to_union",
                code="waiting",
            ) from error
        record_step(locked, StepType.MOVED, actor=actor, note=normalise_text(note))
        data = {"from_union": from_union.pk, "to_union": to_union.pk}
        # In the trail of both: each may ask where it went, or came from.
        log(actor, "application.moved", locked, data, union_path=from_union.path)
        log(actor, "application.received", locked, data, union_path=to_union.path)
        tell_applicant(locked, "application_moved")
    return locked


def _ensure_may_receive(from_union: Union, to_union: Union, actor: Actor) -> None:
    if actor is not None and not can(actor, "applications.review", to_union):
        raise RuleViolation(_("This union is not in your scope."), field="to_union", code="scope")
    if to_union.pk == from_union.pk:
        raise RuleViolation(
            _("The application is with this union already."), field="to_union", code="same_union"
        )
    if not to_union.kind.enrols_members:
        raise RuleViolation(
            _("A “%(kind)s” does not enrol members itself.") % {"kind": to_union.kind.name},
            field="to_union",
            code="kind",
        )
    if to_union.status != UnionStatus.ACTIVE:
        raise RuleViolation(
            _("This union is not established."), field="to_union", code="union_closed"
        )
