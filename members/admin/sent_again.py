"""What came in more than once for the same person: what differs from the application itself."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from members.admin.comparison import Cell
from members.enums import ApplicationStatus
from members.models import Application, RepeatedSending
from members.models.application import OPEN_STATUSES


@dataclass(frozen=True)
class SentAgain:
    """One further form: name, worker group and employer, each marked where it is another."""

    at: dt.datetime
    cells: list[Cell]
    is_proven: bool = False
    taken_back_at: dt.datetime | None = None


def sent_again(application: Application) -> list[SentAgain]:
    """The further forms for this document and phone, oldest first; while it is open also those
    whose sender took them back: perhaps it was the applicant."""
    shown = [
        SentAgain(sending.sent_at, _cells(sending, application), sending.proven_at is not None)
        for sending in application.sendings.select_related("worker_group")
    ]
    if application.status in OPEN_STATUSES:
        taken_back = Application.objects.filter(
            id_number_hash=application.id_number_hash,
            phone_hash=application.phone_hash,
            union=application.union_id,
            status=ApplicationStatus.CANCELLED,
            submitted_at__gte=application.submitted_at,
        ).select_related("worker_group")
        shown += [
            SentAgain(one.submitted_at, _cells(one, application), taken_back_at=one.decided_at)
            for one in taken_back
        ]
    return sorted(shown, key=lambda one: one.at)


def _cells(form: Application | RepeatedSending, application: Application) -> list[Cell]:
    pairs = (
        (form.name, application.name),
        (str(form.worker_group), str(application.worker_group)),
        (form.employer_name, application.employer_name),
    )
    return [Cell(value, value != own) for value, own in pairs]
