"""What the retention rules speak of: which rows have had their time, and what is left of them.

Each class says which rows it would touch at a cut-off day, and nothing that is open is ever among
them: no open membership, no application somebody may still decide on. Where a row stays, keyed
hashes that would find the person again are replaced by random bytes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import models, transaction
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from members.enums import ApplicationStatus
from members.models import (
    Application,
    ApplicationPaper,
    CollectiveEntry,
    ExtraAnswer,
    Member,
    MemberMerge,
    Membership,
    Message,
    OneTimeCode,
    RepeatedSending,
)
from members.models.application import OPEN_STATUSES
from members.models.message import MessageStatus
from members.models.request import DataRequest

# 32 bytes that stand for nobody; for each row its own.
NOBODY = RawSQL("uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())", [])
_CLOSED_ENTRIES = tuple(set(CollectiveEntry.Status.values) - {CollectiveEntry.Status.INVITED.value})


@dataclass(frozen=True)
class DataClass:
    """One class of data. ``due`` gives the rows whose time was up before a moment, each with
    ``last_needed``; ``erase`` takes keys of such rows."""

    code: str
    model: type[models.Model]
    due: Callable[[dt.datetime], QuerySet[Any]]
    erase: Callable[[Sequence[int]], None]


def _rejected(until: dt.datetime) -> QuerySet[Any]:
    return Application.objects.filter(
        status=ApplicationStatus.REJECTED, erased_at=None, decided_at__lt=until
    ).annotate(last_needed=F("decided_at"))


def _unanswered(until: dt.datetime) -> QuerySet[Any]:
    """Taken back, or asked for a correction that never came."""
    rows = Application.objects.filter(
        status__in=(ApplicationStatus.CANCELLED, ApplicationStatus.CORRECTION), erased_at=None
    ).annotate(
        last_needed=Greatest(
            Coalesce(Max("steps__at"), F("submitted_at")), Coalesce("decided_at", "submitted_at")
        )
    )
    return rows.filter(last_needed__lt=until)


def _ended(until: dt.datetime) -> QuerySet[Any]:
    """People without any open membership, application, or request for correction."""
    day = timezone.localdate(until)
    spells = Membership.objects.filter(member=OuterRef("pk"))
    waiting = Application.objects.filter(status__in=OPEN_STATUSES).filter(
        Q(id_number_hash=OuterRef("id_number_hash")) | Q(phone_hash=OuterRef("phone_hash"))
    )
    asked = DataRequest.objects.filter(
        member=OuterRef("pk"), status=DataRequest.Status.ASKED
    ).exclude(field=DataRequest.Field.ERASURE)
    rows = Member.objects.filter(frozen_at=None, merged_into=None).filter(
        ~Exists(spells.filter(ended_on=None)), ~Exists(waiting), ~Exists(asked)
    )
    return rows.annotate(last_needed=Max("memberships__ended_on")).filter(last_needed__lt=day)


def _entries(until: dt.datetime) -> QuerySet[Any]:
    """Who confirmed is in an application of their own; the others never agreed to be kept."""
    return (
        CollectiveEntry.objects.filter(expires_at__lt=until)
        .exclude(id_number_encrypted=b"")
        .annotate(last_needed=F("expires_at"))
    )


def _messages(until: dt.datetime) -> QuerySet[Any]:
    """Never one that is still to be sent."""
    return (
        Message.objects.filter(created_at__lt=until)
        .exclude(status__in=(MessageStatus.QUEUED, MessageStatus.SENDING))
        .exclude(phone_encrypted=b"")
        .annotate(last_needed=F("created_at"))
    )


def _codes(until: dt.datetime) -> QuerySet[Any]:
    return OneTimeCode.objects.filter(expires_at__lt=until).annotate(last_needed=F("expires_at"))


def _personal_gone() -> dict[str, Any]:
    return {
        "name": "",
        "id_number_encrypted": b"",
        "id_number_hash": NOBODY,
        "phone_encrypted": b"",
        "phone_hash": NOBODY,
        "birth_date": None,
        "sex": "",
        "employer_name": "",
    }


def erase_applications(keys: Sequence[int]) -> None:
    """What was decided, where and when stays; who it was goes, with answers and scans."""
    ExtraAnswer.objects.filter(application__in=keys).delete()
    papers = ApplicationPaper.objects.filter(application__in=keys)
    for paper in papers:
        transaction.on_commit(partial(paper.file.storage.delete, str(paper.file.name)))
    papers.delete()
    RepeatedSending.objects.filter(application__in=keys).update(
        name="", employer_name="", answers={}
    )
    entries = CollectiveEntry.objects.filter(application__in=keys)
    erase_entries(list(entries.values_list("pk", flat=True)))
    now = timezone.now()
    rows = Application.objects.filter(pk__in=keys)
    # A correction that never came is closed with it, so that nobody waits for it.
    rows.filter(status=ApplicationStatus.CORRECTION).update(
        status=ApplicationStatus.CANCELLED, decided_at=now
    )
    rows.update(**_personal_gone(), decision_note="", erased_at=now)


def erase_entries(keys: Sequence[int]) -> None:
    """A link that nobody used runs out with its row."""
    rows = CollectiveEntry.objects.filter(pk__in=keys)
    rows.exclude(status__in=_CLOSED_ENTRIES).update(status=CollectiveEntry.Status.EXPIRED)
    rows.update(**_personal_gone())


def freeze_members(keys: Sequence[int]) -> None:
    """Keep the roll: name, sex, hash of the ID number, unions and dates. The rest goes.

    The hash stays, so that whoever joins again is the same person. The ledger and every count are
    not touched.
    """
    records = list(keys)
    found = records
    while found:  # records merged into these, however deep
        found = list(Member.objects.filter(merged_into__in=found).values_list("pk", flat=True))
        records += found
    people = Member.objects.filter(pk__in=records)
    applications = Application.objects.filter(membership__member__in=records, erased_at=None)
    erase_applications(list(applications.values_list("pk", flat=True)))
    requests = DataRequest.objects.filter(member__in=records)
    requests.update(value_encrypted=b"")
    # Who asked for it has it now, whether the union answered or the period ended first.
    requests.filter(field=DataRequest.Field.ERASURE, status=DataRequest.Status.ASKED).update(
        status=DataRequest.Status.ACCEPTED, decided_at=timezone.now()
    )
    MemberMerge.objects.filter(Q(kept__in=records) | Q(absorbed__in=records)).update(
        before_encrypted=b""
    )
    people.update(
        id_number_encrypted=b"",
        phone_encrypted=b"",
        phone_hash=NOBODY,
        birth_date=None,
        frozen_at=timezone.now(),
    )


def erase_messages(keys: Sequence[int]) -> None:
    """That a message was sent, when and of what kind stays."""
    Message.objects.filter(pk__in=keys).update(
        phone_encrypted=b"", phone_hash=NOBODY, body_encrypted=b""
    )


def delete_codes(keys: Sequence[int]) -> None:
    """Nothing is left."""
    OneTimeCode.objects.filter(pk__in=keys).delete()


DATA_CLASSES: dict[str, DataClass] = {
    kind.code: kind
    for kind in (
        DataClass("rejected_application", Application, _rejected, erase_applications),
        DataClass("unanswered_application", Application, _unanswered, erase_applications),
        DataClass("ended_membership", Member, _ended, freeze_members),
        DataClass("collective_entry", CollectiveEntry, _entries, erase_entries),
        DataClass("message", Message, _messages, erase_messages),
        DataClass("one_time_code", OneTimeCode, _codes, delete_codes),
    )
}
