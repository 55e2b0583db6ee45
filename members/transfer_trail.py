"""Where a transfer is: its steps in words, the same for both unions and for the member."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from members.models import Transfer
from members.models.transfer import TransferDecision, TransferParty, TransferStatus
from unions.models import Union


class TransferStep(NamedTuple):
    """One step; names of officials are left out, for the member reads it, too."""

    at: dt.datetime | None
    what: str | Promise
    union: Union | None
    note: str


_ASKED = {
    TransferParty.MEMBER.value: _("The member asked for the transfer"),
    TransferParty.RELEASING.value: _("The releasing union asked for the transfer"),
    TransferParty.RECEIVING.value: _("The receiving union asked for the transfer"),
}
_SAID = {
    TransferDecision.AGREED.value: _("agreed"),
    TransferDecision.REFUSED.value: _("refused"),
}
_CLOSED = {
    TransferStatus.DONE.value: _("The membership moves"),
    TransferStatus.REFUSED.value: _("The membership stays where it was"),
    TransferStatus.CANCELLED.value: _("The request was taken back"),
    TransferStatus.EXPIRED.value: _("The deadline passed without a decision"),
}


def trail_of(transfer: Transfer) -> list[TransferStep]:
    """The steps so far, the oldest first; then what is still open (without a time)."""
    asker = {
        TransferParty.RELEASING.value: transfer.from_union,
        TransferParty.RECEIVING.value: transfer.to_union,
    }.get(transfer.asked_by)
    steps = [TransferStep(transfer.asked_at, _ASKED[transfer.asked_by], asker, transfer.reason)]
    sides = (
        (transfer.from_union, transfer.release_decision, transfer.release_at,
         transfer.release_note, TransferParty.RELEASING),
        (transfer.to_union, transfer.receive_decision, transfer.receive_at,
         transfer.receive_note, TransferParty.RECEIVING),
    )  # fmt: skip
    waiting = []
    for union, said, at, note, party in sides:
        if said == TransferDecision.PENDING:
            if transfer.status == TransferStatus.OPEN:
                waiting.append(TransferStep(None, _("has not decided yet"), union, ""))
        elif party != transfer.asked_by:
            steps.append(TransferStep(at, _SAID[said], union, note))
    steps.sort(key=lambda step: step.at or transfer.asked_at)
    if transfer.status != TransferStatus.OPEN:
        steps.append(TransferStep(transfer.closed_at, _CLOSED[transfer.status], None, ""))
    return [*steps, *waiting]
