"""Applications of a month and around it, and what became of them."""

from __future__ import annotations

import datetime as dt

from members.enums import ApplicationStatus
from members.models import Application, ApplicationStep
from members.services.join_codes import create_join_code
from tests.builders import make_application
from unions.models import Union

FIRST, LAST = dt.date(2024, 3, 1), dt.date(2024, 3, 31)
A, R, C, S = (
    ApplicationStatus.APPROVED, ApplicationStatus.REJECTED, ApplicationStatus.CANCELLED,
    ApplicationStatus.SUBMITTED,
)  # fmt: skip


def send_applications(town: Union) -> list[Application]:
    """To ``town``: sent, decided, how; two of them were asked to correct."""
    code = create_join_code(town, label="", actor=None)
    rows = [
        ("2024-02-29", "2024-03-02", A, None),  # before
        ("2024-03-01", "2024-03-02", A, None),
        ("2024-03-05", "2024-03-08", R, "duplicate"),
        ("2024-03-06", "2024-03-11", R, None),
        ("2024-03-10", "2024-04-02", A, None),  # not known yet
        ("2024-03-12", "2024-03-13", C, None),
        ("2024-03-31", None, S, None),
        ("2024-04-01", None, S, None),  # after
    ]
    for number, (sent, decided, status, reason) in enumerate(rows):
        application = make_application(code)
        Application.objects.filter(pk=application.pk).update(
            submitted_at=f"{sent}T12:00:00+08:00",
            decided_at=decided and f"{decided}T12:00:00+08:00",
            status=status,
            rejection_reason=reason,
            phone_proven_at=f"{sent}T12:00:00+08:00" if number % 2 else None,
        )
        for day in {1: ("2024-03-02", "2024-03-03"), 4: ("2024-04-01",)}.get(number, ()):
            ApplicationStep.objects.create(
                application=application, type="correction", at=f"{day}T12:00:00+08:00"
            )
    return list(Application.objects.order_by("submitted_at"))
