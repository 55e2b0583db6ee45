"""Two records of one person become one, and two again.

Only who holds ``members.merge`` at the home unions of both records may do it. Where merging is free
an official can make a duplicate at home, merge it with somebody's record and own that record. Here
a record out of scope does not exist, the record that stays is at one of the two unions, and no
other phone comes to open it unless the official chooses that; both phones are told.

The ledger is never rewritten: memberships change hands with their entries. Where both records have
an open membership, one is closed by an entry of its own, effective from the next day.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from audit.services import log
from core.clock import local_today
from core.encryption import blind_index, decrypt, encrypt
from core.errors import RuleViolation
from members.enums import ChangeReason, EventType, MembershipStatus
from members.models import Member, MemberMerge, Membership, MembershipEvent
from members.models.application import ID_NUMBER_CONTEXT, PHONE_CONTEXT
from members.models.privacy import MERGE_CONTEXT
from members.retention import NOBODY
from members.services.ledger import record_event
from members.services.locking import ensure_running
from members.services.messages import send_message
from unions.scope import Actor, access

PERMISSION = "members.merge"
KEPT, ABSORBED = "kept", "absorbed"
ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class MergeChoice:
    """From which record each value is taken, and whose open membership goes on."""

    name: str = KEPT
    document: str = KEPT  # kind and number
    phone: str = KEPT  # the log-in of the own page
    birth: str = KEPT  # date of birth and sex
    spell: str = KEPT


@dataclass(frozen=True)
class Values:
    """What one record holds, in the clear: only ever in memory, or encrypted."""

    name: str
    id_type: str
    id_number: str
    phone: str
    birth_date: str
    sex: str
    home_union: int


def merge_members(
    kept: Member, absorbed: Member, *, choice: MergeChoice, actor: User
) -> MemberMerge:
    """Merge ``absorbed`` into ``kept``, which keeps its key.

    Raises Http404 unless both are in the actor's scope, and RuleViolation for a record that is
    frozen (code ``frozen``) or merged already (``merged``), or when the membership that would be
    closed is being transferred.
    """
    if kept.pk == absorbed.pk:
        raise RuleViolation(_("Choose two different records."), code="same")
    with transaction.atomic():
        kept, absorbed = _lock_both(kept.pk, absorbed.pk, actor)
        _ensure_mergeable(kept)
        _ensure_mergeable(absorbed)
        before = {KEPT: _values_of(kept), ABSORBED: _values_of(absorbed)}
        spells = {KEPT: _open_spell(kept), ABSORBED: _open_spell(absorbed)}
        stays = _side_that_stays(choice, kept, absorbed, spells)
        closed = _close(spells[KEPT if stays == ABSORBED else ABSORBED], actor) if all(
            spells.values()
        ) else None  # fmt: skip
        moved = list(absorbed.memberships.order_by("pk").values_list("pk", flat=True))
        Membership.objects.filter(pk__in=moved).update(member=kept)
        after = _chosen(before, choice, home=before[stays].home_union)
        _write_both(kept, after, absorbed, before[KEPT], swap=choice.document == ABSORBED)
        Member.objects.filter(pk=absorbed.pk).update(merged_into=kept, phone_hash=NOBODY)
        merge = MemberMerge.objects.create(
            kept=kept,
            absorbed=absorbed,
            moved_memberships=moved,
            merged_by=actor,
            before_encrypted=_seal(
                {
                    **{side: asdict(values) for side, values in before.items()},
                    "after": asdict(after),
                    "closed": closed,
                    "last_event": _last_event_of(kept),
                }
            ),
        )
        taken = sorted(name for name, side in asdict(choice).items() if side == ABSORBED)
        for record in (kept, absorbed):
            log(
                actor,
                "member.merged",
                record,
                {"kept": kept.pk, "absorbed": absorbed.pk, "taken_from_absorbed": taken},
                union_path=record.home_union.path,
            )
        _tell_phones(before, stays=after.phone)
    return merge


def undo_merge(merge: MemberMerge, *, actor: User) -> MemberMerge:
    """Restore both records, their memberships and log-ins as they were.

    Raises Http404 out of scope, and RuleViolation where too much has happened since (codes
    ``undone``, ``frozen``, ``later_merge``, ``changed``); then nothing is changed.
    """
    with transaction.atomic():
        kept, absorbed = _lock_both(merge.kept_id, merge.absorbed_id, actor)
        merge = MemberMerge.objects.select_for_update(of=("self",)).get(pk=merge.pk)
        kept_before, absorbed_before, closed = _ensure_undoable(merge, kept, absorbed)
        Membership.objects.filter(pk__in=merge.moved_memberships).update(member=absorbed)
        swap = kept_before.id_number != _values_of(kept).id_number
        _write_both(kept, kept_before, absorbed, absorbed_before, swap=swap)
        Member.objects.filter(pk=absorbed.pk).update(
            merged_into=None,
            phone_encrypted=encrypt(absorbed_before.phone, context=PHONE_CONTEXT),
            phone_hash=blind_index(absorbed_before.phone, context=PHONE_CONTEXT),
        )
        if closed is not None:
            _reopen(closed, actor)
        merge.undone_by, merge.undone_at = actor, timezone.now()
        merge.save(update_fields=["undone_by", "undone_at"])
        for record in (kept, absorbed):
            record.refresh_from_db()
            log(
                actor,
                "member.unmerged",
                record,
                {"kept": kept.pk, "absorbed": absorbed.pk},
                union_path=record.home_union.path,
            )
        for phone in {kept_before.phone, absorbed_before.phone}:
            send_message(phone, "records_unmerged")
    return merge


def _lock_both(kept_id: int, absorbed_id: int, actor: Actor) -> tuple[Member, Member]:
    """Both rows, locked in the order of their keys. Raises Http404 unless both are in scope."""
    rows = Member.objects.select_related("home_union")
    found = {
        pk: access(rows, pk, actor=actor, permission=PERMISSION, for_update=True)
        for pk in sorted((kept_id, absorbed_id))
    }
    return found[kept_id], found[absorbed_id]


def _ensure_mergeable(member: Member) -> None:
    if not _is_whole(member):
        raise RuleViolation(_("A frozen record holds too little to be compared."), code="frozen")
    if member.merged_into_id is not None:
        raise RuleViolation(_("One of the records has been merged already."), code="merged")


def _is_whole(member: Member) -> bool:
    """Nothing was erased, by the purge or because the person withdrew a consent."""
    return bool(member.frozen_at is None and member.id_number_encrypted and member.phone_encrypted)


def _open_spell(member: Member) -> Membership | None:
    return (
        Membership.objects.select_for_update(of=("self",))
        .select_related("union", "worker_group")
        .filter(member=member, ended_on=None)
        .first()
    )


def _side_that_stays(
    choice: MergeChoice, kept: Member, absorbed: Member, spells: dict[str, Membership | None]
) -> str:
    """Whose union the record belongs to: that of the open membership, or of the newest one."""
    if all(spells.values()):
        return choice.spell
    for side, spell in spells.items():
        if spell is not None:
            return side
    newest = Membership.objects.filter(member__in=(kept, absorbed)).order_by("-ended_on", "-pk")
    last = newest.first()
    return ABSORBED if last is not None and last.member_id == absorbed.pk else KEPT


def _close(spell: Membership | None, actor: Actor) -> dict[str, Any]:
    """The second open membership of one person ends today; what it was, for the way back."""
    assert spell is not None
    ensure_running(spell)
    status, tomorrow = spell.status, local_today() + ONE_DAY
    record_event(
        spell,
        EventType.MERGED,
        union=spell.union,
        effective_on=tomorrow,
        reason=ChangeReason.DUPLICATE,
        actor=actor,
    )
    spell.status, spell.ended_on = MembershipStatus.ENDED, local_today()
    spell.save(update_fields=["status", "ended_on"])
    return {"id": spell.pk, "status": status, "effective_on": tomorrow.isoformat()}


def _reopen(closed: dict[str, Any], actor: Actor) -> None:
    """As if it had never been closed: the entry counts from the same day as the closing one."""
    spell = Membership.objects.select_related("union", "worker_group").get(pk=closed["id"])
    record_event(
        spell,
        EventType.UNMERGED,
        union=spell.union,
        effective_on=dt.date.fromisoformat(closed["effective_on"]),
        reason=ChangeReason.DUPLICATE,
        actor=actor,
    )
    spell.status, spell.ended_on = closed["status"], None
    spell.save(update_fields=["status", "ended_on"])


def _ensure_undoable(
    merge: MemberMerge, kept: Member, absorbed: Member
) -> tuple[Values, Values, dict[str, Any] | None]:
    if merge.undone_at is not None:
        raise RuleViolation(_("This merge has been undone already."), code="undone")
    if not merge.before_encrypted or not _is_whole(kept):
        raise RuleViolation(
            _("What the records held has been erased: this cannot be undone any more."),
            code="frozen",
        )
    later = MemberMerge.objects.filter(kept=kept, pk__gt=merge.pk, undone_at=None)
    if kept.merged_into_id is not None or later.exists():
        raise RuleViolation(_("Undo the later merge of this record first."), code="later_merge")
    held = json.loads(decrypt(merge.before_encrypted, context=MERGE_CONTEXT))
    if _values_of(kept) != Values(**held["after"]):
        raise RuleViolation(
            _("The record has been changed since: this cannot be undone any more."), code="changed"
        )
    if _last_event_of(kept) != held["last_event"]:
        raise RuleViolation(
            _("The membership has changed since: this cannot be undone any more."), code="changed"
        )
    return Values(**held[KEPT]), Values(**held[ABSORBED]), held["closed"]


def _last_event_of(member: Member) -> int | None:
    events = MembershipEvent.objects.filter(membership__member=member).order_by("-pk")
    return events.values_list("pk", flat=True).first()


def _values_of(member: Member) -> Values:
    return Values(
        name=member.name,
        id_type=member.id_type,
        id_number=decrypt(member.id_number_encrypted, context=ID_NUMBER_CONTEXT),
        phone=decrypt(member.phone_encrypted, context=PHONE_CONTEXT),
        birth_date=member.birth_date.isoformat() if member.birth_date else "",
        sex=member.sex,
        home_union=member.home_union_id,
    )


def _chosen(before: dict[str, Values], choice: MergeChoice, *, home: int) -> Values:
    document, birth = before[choice.document], before[choice.birth]
    return Values(
        name=before[choice.name].name,
        id_type=document.id_type,
        id_number=document.id_number,
        phone=before[choice.phone].phone,
        birth_date=birth.birth_date,
        sex=birth.sex,
        home_union=home,
    )


def _write_both(
    kept: Member, kept_values: Values, absorbed: Member, absorbed_values: Values, *, swap: bool
) -> None:
    """Write the kept record, and the other one's document where the two change places.

    Both documents stay findable: whoever signs up with either is led to the record in force.
    """
    if swap:
        # One number may not stand twice, not even between two statements.
        Member.objects.filter(pk=kept.pk).update(id_number_hash=NOBODY)
        Member.objects.filter(pk=absorbed.pk).update(**_document(absorbed_values))
    Member.objects.filter(pk=kept.pk).update(
        name=kept_values.name,
        phone_encrypted=encrypt(kept_values.phone, context=PHONE_CONTEXT),
        phone_hash=blind_index(kept_values.phone, context=PHONE_CONTEXT),
        birth_date=kept_values.birth_date or None,
        sex=kept_values.sex,
        home_union_id=kept_values.home_union,
        **_document(kept_values),
    )


def _document(values: Values) -> dict[str, Any]:
    return {
        "id_type": values.id_type,
        "id_number_encrypted": encrypt(values.id_number, context=ID_NUMBER_CONTEXT),
        "id_number_hash": blind_index(values.id_number, context=ID_NUMBER_CONTEXT),
    }


def _seal(data: dict[str, Any]) -> bytes:
    return encrypt(json.dumps(data), context=MERGE_CONTEXT)


def _tell_phones(before: dict[str, Values], *, stays: str) -> None:
    for phone in sorted({values.phone for values in before.values()}):
        send_message(phone, "records_merged" if phone == stays else "records_merged_ends")
