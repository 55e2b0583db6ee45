"""What a receipt opens: the one place where receipts of applications are read.

The receipt of an application opens all of it. That of a repeated sending does so only once the
phone is proven with it; until then it looks exactly as if it were of an application of its own,
sent at its own time: whoever fills in the form in somebody's name must not learn that this person
has applied, or did so before.
"""

from __future__ import annotations

import copy
import datetime as dt
from dataclasses import dataclass

from django.utils import timezone

from core.clock import CHINA
from core.codes import format_receipt
from core.encryption import blind_index
from members.enums import ApplicationStatus
from members.models import Application, ApplicationStep, JoinCode, RepeatedSending
from members.models.application import OPEN_STATUSES, PHONE_CONTEXT
from members.models.review import StepType
from members.selectors import steps_of
from members.waiting import rules_of_review
from members.working_days import add_working_days

_BY_TIME = (StepType.REMINDED, StepType.ESCALATED)
# With these the union no longer lets it wait.
_ANSWERS = (
    StepType.CORRECTION, StepType.APPROVED, StepType.REJECTED, StepType.CANCELLED,
)  # fmt: skip


@dataclass(frozen=True)
class Receipt:
    """A receipt number and what it stands for. ``sending``: not the first form of ``application``.

    ``number`` is as stored, ``formatted`` as shown.
    """

    number: str
    application: Application
    sending: RepeatedSending | None = None

    @property
    def formatted(self) -> str:
        """In groups of four."""
        return format_receipt(self.number)

    @property
    def is_whole(self) -> bool:
        """Does it open all of the application?"""
        return self.sending is None or self.sending.proven_at is not None

    @property
    def sent_at(self) -> dt.datetime:
        """When the form of this receipt came in; the first one, where it opens all."""
        if self.sending is None or self.is_whole:
            return self.application.submitted_at
        return self.sending.sent_at

    @property
    def status(self) -> str:
        """How it stands (``ApplicationStatus``)."""
        return self.application.status

    @property
    def is_open(self) -> bool:
        """May it still be decided, corrected, or taken back?"""
        return self.status in OPEN_STATUSES

    @property
    def is_proven(self) -> bool:
        """Is the phone proven, as far as the holder of this receipt may know?"""
        if self.sending is None:
            return self.application.phone_proven_at is not None
        return self.sending.proven_at is not None

    @property
    def join_code(self) -> JoinCode | None:
        """The code that the form came in by."""
        if self.sending is None or self.is_whole:
            return self.application.join_code
        return self.sending.join_code

    def as_sent(self) -> Application:
        """The application with what was typed in this form; not to be saved."""
        if self.sending is None or self.is_whole:
            return self.application
        sent = copy.copy(self.application)
        sent.name = self.sending.name
        sent.worker_group = self.sending.worker_group
        sent.employer_name = self.sending.employer_name
        return sent

    def steps(self) -> list[ApplicationStep]:
        """What happened since it was sent in, oldest first."""
        steps = steps_of(self.application)
        if self.is_whole:
            return steps
        seen = [step for step in steps if step.type not in _BY_TIME and step.at >= self.sent_at]
        timed = [step for step in steps if step.type in _BY_TIME]
        return sorted(seen + self._own_times(timed, seen), key=lambda step: step.at)

    def _own_times(
        self, timed: list[ApplicationStep], seen: list[ApplicationStep]
    ) -> list[ApplicationStep]:
        """Reminders come by the age of the first form: moved to when this one has that age, and
        left out if it has not, or if the union acted before."""
        if not timed:
            return []
        rules = rules_of_review()
        until = min([timezone.now(), *(step.at for step in seen if step.type in _ANSWERS)])
        own: list[ApplicationStep] = []
        for step in timed:
            days = (
                rules.remind_after_days
                if step.type == StepType.REMINDED
                else rules.escalate_after_days
            )
            day = add_working_days(self.sent_at.astimezone(CHINA).date(), days)
            clock = step.at.astimezone(CHINA).timetz()
            at = max(dt.datetime.combine(day, clock), step.at)
            if at <= until and all(step.type != other.type for other in own):
                own.append(ApplicationStep(application=self.application, type=step.type, at=at))
        return own


def sending_of(number: str) -> RepeatedSending | None:
    """The repeated sending with this receipt; None for every other number."""
    rows = RepeatedSending.objects.select_related("join_code", "worker_group")
    return rows.filter(receipt_number=number).first()


def read_receipt(number: str) -> Receipt | None:
    """What the receipt of this number opens; the same questions for each kind."""
    sending = sending_of(number)
    key = {"receipt_number": number} if sending is None else {"pk": sending.application_id}
    application = (
        Application.objects.select_related("union", "rejection_reason", "worker_group", "join_code")
        .filter(**key)
        .first()
    )
    return None if application is None else Receipt(number, application, sending)


def find_receipt(number: str, phone: str) -> Receipt | None:
    """The same, if ``phone`` (E.164) is the one the form was sent with."""
    receipt = read_receipt(number)
    wanted = blind_index(phone, context=PHONE_CONTEXT)
    if receipt is None or bytes(receipt.application.phone_hash) != wanted:
        return None
    return receipt


def asked_to_correct(receipt: Receipt) -> ApplicationStep | None:
    """The request for a correction that waits for an answer."""
    if receipt.status != ApplicationStatus.CORRECTION:
        return None
    steps = reversed(receipt.steps())
    return next((step for step in steps if step.type == StepType.CORRECTION), None)
