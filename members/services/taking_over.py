"""What else goes over from a union that ends: applications, transfers, codes, stands, employers."""

from __future__ import annotations

from django.db.models import F
from django.utils import timezone

from accounts.models import User
from audit.services import log, log_many
from enterprises.models import Employer, FoundingState, WorkforceBaseline
from members.enums import ApplicationStatus
from members.models import (
    Application,
    ApplicationStep,
    CollectiveEntry,
    CollectiveRegistration,
    JoinCode,
    Membership,
    MobileWindow,
    Transfer,
)
from members.models.application import OPEN_STATUSES
from members.models.review import StepType
from members.models.transfer import TransferStatus
from members.services.dropping import close_without_effect
from members.services.locking import lock_membership
from members.services.messages import tell_applicant, tell_member
from unions.models import Union
from unions.scope import Actor


def carry_applications(source: Union, into: Union, *, note: str, actor: Actor) -> int:
    """Pass every open application on, each with a step its applicant may read; how many.

    How long it has waited stays. Where the same person's application waits at ``into`` already,
    both wait there, side by side, for the official to see.
    """
    waiting = list(
        Application.objects.select_for_update(of=("self",))
        .filter(union=source, status__in=OPEN_STATUSES)
        .order_by("pk")
    )
    if not waiting:
        return 0
    there = set(
        Application.objects.filter(
            union=into, status=ApplicationStatus.SUBMITTED, resubmitted_at__isnull=True
        )
        .filter(id_number_hash__in=[row.id_number_hash for row in waiting])
        .values_list("id_number_hash", "phone_hash")
    )
    known = {(bytes(document), bytes(phone)) for document, phone in there}
    twins = [row.pk for row in waiting if _key(row) in known]
    # Only first sendings are unique to a union: a twin counts as sent again when it was sent.
    Application.objects.filter(pk__in=twins, resubmitted_at__isnull=True).update(
        resubmitted_at=F("submitted_at")
    )
    Application.objects.filter(pk__in=[row.pk for row in waiting]).update(union=into)
    ApplicationStep.objects.bulk_create(
        ApplicationStep(
            application=row,
            type=StepType.MOVED,
            at=timezone.now(),
            actor=actor if isinstance(actor, User) else None,
            note=note[:300],
        )
        for row in waiting
    )
    data = {"from_union": source.pk, "to_union": into.pk}
    log_many(actor, "application.moved", [(row, data, source.path) for row in waiting])
    log_many(actor, "application.received", [(row, data, into.path) for row in waiting])
    for row in waiting:
        row.union = into
        tell_applicant(row, "application_moved")
    return len(waiting)


def _key(application: Application) -> tuple[bytes, bytes]:
    return bytes(application.id_number_hash), bytes(application.phone_hash)


def settle_arriving_transfers(source: Union, into: Union | None, *, actor: Actor) -> int:
    """Let transfers to ``source`` that are under way lead to ``into``, or drop them; how many.

    What the source has decided holds for its successor. A transfer from ``into`` comes to nothing.
    The member is told either way.
    """
    found = Transfer.objects.filter(to_union=source, status=TransferStatus.OPEN)
    keys = list(found.order_by("membership__member").values_list("membership", "pk"))
    for membership_id, key in keys:
        membership = lock_membership(Membership(pk=membership_id), actor=None)
        transfer = (
            Transfer.objects.select_for_update(of=("self",))
            .select_related("membership__member", "from_union", "to_union")
            .filter(pk=key, status=TransferStatus.OPEN)
            .first()
        )
        if transfer is None:  # decided a moment ago
            continue
        if into is None or into.pk == transfer.from_union_id:
            close_without_effect(transfer, membership, status=TransferStatus.CANCELLED, actor=actor)
            template = "transfer_ended"
        else:
            transfer.to_union = into
            transfer.save(update_fields=["to_union"])
            data = {"membership": membership.pk, "to_union": into.pk}
            log(actor, "transfer.redirected", transfer, data, union_path=into.path)
            template = "transfer_asked"
        tell_member(
            transfer.membership.member,
            template,
            releasing=transfer.from_union.name,
            receiving=transfer.to_union.name,
        )
    return len(keys)


def carry_codes(source: Union, into: Union, *, actor: Actor) -> int:
    """Let the signs that hang lead to ``into``, with its open stands and lists; how many codes."""
    codes = list(JoinCode.objects.select_for_update(of=("self",)).filter(union=source))
    JoinCode.objects.filter(pk__in=[code.pk for code in codes]).update(union=into)
    MobileWindow.objects.filter(union=source, closed_at__isnull=True).update(union=into)
    CollectiveRegistration.objects.filter(
        union=source, entries__status=CollectiveEntry.Status.INVITED
    ).update(union=into)
    data = {"from_union": source.pk, "to_union": into.pk}
    log_many(actor, "join_code.moved", [(code, data, into.path) for code in codes])
    return len(codes)


def close_codes(union: Union, *, actor: Actor) -> int:
    """Close what people join ``union`` through; how many codes were open."""
    codes = list(
        JoinCode.objects.select_for_update(of=("self",)).filter(union=union, is_active=True)
    )
    JoinCode.objects.filter(pk__in=[code.pk for code in codes]).update(is_active=False)
    MobileWindow.objects.filter(union=union, closed_at__isnull=True).update(
        closed_at=timezone.now()
    )
    log_many(actor, "join_code.closed", [(code, {}, union.path) for code in codes])
    return len(codes)


def hand_over_employers(
    source: Union, *, covered_by: Union | None, kept_by: Union | None, actor: Actor
) -> int:
    """Employers that ``source`` covered are covered by ``covered_by`` from now on, or by nobody.

    What it kept (employers, baselines) is kept by ``kept_by``. How many employers it covered.
    """
    covered = list(Employer.objects.select_for_update(of=("self",)).filter(covering_union=source))
    rows = Employer.objects.filter(pk__in=[row.pk for row in covered])
    if covered_by is None:
        rows.update(covering_union=None, founding_state=FoundingState.NONE)
    else:
        rows.update(covering_union=covered_by)
    change = {"covering_union": [source.pk, covered_by.pk if covered_by else None]}
    log_many(actor, "employer.updated", [(row, change, source.path) for row in covered])
    if kept_by is not None:
        Employer.objects.filter(keeper=source).update(keeper=kept_by)
        WorkforceBaseline.objects.filter(keeper=source).update(keeper=kept_by)
    return len(covered)
