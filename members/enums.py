"""The fixed code lists of joining and membership (domain terms in Chinese beside the codes)."""

from __future__ import annotations

from typing import NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _, pgettext_lazy


class JoinChannel(models.TextChoices):
    """How somebody came to join (入会方式). It stays on the membership for good."""

    QR = "qr", _("scanned code")  # 扫码入会
    ONLINE = "online", _("online")  # 网上入会
    PLATFORM = "platform", _("link in a platform's app")  # 平台链接
    MOBILE_WINDOW = "mobile_window", _("mobile window")  # 流动入会窗口
    COLLECTIVE = "collective", _("collective registration")  # 集体登记
    PAPER = "paper", _("paper form")  # 纸质申请
    IMPORT = "import", _("bulk import")  # 批量导入
    DIRECT = "direct", _("directly by a federation")  # 直接发展


# Their forms are not opened at the address of the code: that of a window is shown on its device,
# that of a list behind a personal link.
FORM_ELSEWHERE = (JoinChannel.MOBILE_WINDOW, JoinChannel.COLLECTIVE)


class ApplicationStatus(models.TextChoices):
    """Where an application stands."""

    SUBMITTED = "submitted", _("waiting for review")
    APPROVED = "approved", _("approved")
    REJECTED = "rejected", _("not approved")
    CORRECTION = "correction", _("to be corrected")
    CANCELLED = "cancelled", _("taken back")


class MembershipStatus(models.TextChoices):
    """Where a membership stands; all but ``ENDED`` and ``ANNULLED`` are open."""

    ACTIVE = "active", pgettext_lazy("membership", "active")
    TRANSFERRING = "transferring", _("being transferred")
    RETAINED = "retained", _("retained")
    ENDED = "ended", _("ended")
    ANNULLED = "annulled", _("annulled")  # an approval undone: it never counted


class EventType(models.TextChoices):
    """Types of ledger entry. The order of codes 1–6 follows the real-name system's code list."""

    JOINED = "joined", _("joined")  # 1 入会
    TRANSFERRED_IN = "transferred_in", _("transferred in")  # 2 转入
    RETAINED = "retained", _("retained")  # 3 保留
    RESTORED = "restored", _("restored")  # 恢复
    TRANSFERRED_OUT = "transferred_out", _("transferred out")  # 4 转出
    EXPELLED = "expelled", _("expelled")  # 5 开除会籍（国家系统称除名）
    WITHDRAWN = "withdrawn", pgettext_lazy("membership", "left")  # 6 退会
    DECEASED = "deceased", _("deceased")  # 去世
    CORRECTED = "corrected", _("corrected")  # 更正
    # Without effect on any count: they say since when and until when a transfer was under way.
    TRANSFER_ASKED = "transfer_asked", _("transfer asked for")
    TRANSFER_DROPPED = "transfer_dropped", _("transfer came to nothing")
    # Two records of one person became one, or two again.
    MERGED = "merged", _("merged with another record")
    UNMERGED = "unmerged", _("merge undone")


class ChangeReason(models.TextChoices):
    """Why a membership changed (real-name system, reasons 1–6; retirement and more added)."""

    LABOUR_RELATION = "labour_relation", _("change of labour relation")  # 1
    LAID_OFF = "laid_off", _("laid off within the unit")  # 2
    UNEMPLOYED = "unemployed", _("unemployed")  # 3
    EMPLOYER_CLOSED = "employer_closed", _("employer closed")  # 4
    OWN_WISH = "own_wish", _("own wish")  # 5
    CRIME = "crime", _("criminal punishment")  # 6
    RETIRED = "retired", _("retired")
    WORKING_AGAIN = "working_again", _("working again")
    MOVED = "moved", _("moved away")
    TRANSFER = "transfer", _("transfer between unions")
    DUPLICATE = "duplicate", _("second record of the same person")
    WRONG_ENTRY = "wrong_entry", _("wrong entry")
    UNDONE = "undone", _("approval undone")


class Effect(NamedTuple):
    """What one event does to the counts of its union, in persons."""

    active: int
    retained: int
    joined: int


# The stock on a day is the sum of these over the events up to that day, and nothing else.
# A correction carries the negated effect of the event it corrects.
# WITHDRAWN, EXPELLED and DECEASED of a retained member take effect on ``retained``; the event's
# own columns hold what it did, so that sums need no history.
EVENT_EFFECTS: dict[str, Effect] = {
    EventType.JOINED: Effect(1, 0, 1),
    EventType.TRANSFERRED_IN: Effect(1, 0, 0),
    EventType.RETAINED: Effect(-1, 1, 0),
    EventType.RESTORED: Effect(1, -1, 0),
    EventType.TRANSFERRED_OUT: Effect(-1, 0, 0),
    EventType.EXPELLED: Effect(-1, 0, 0),
    EventType.WITHDRAWN: Effect(-1, 0, 0),
    EventType.DECEASED: Effect(-1, 0, 0),
    EventType.TRANSFER_ASKED: Effect(0, 0, 0),
    EventType.TRANSFER_DROPPED: Effect(0, 0, 0),
    EventType.MERGED: Effect(-1, 0, 0),
    EventType.UNMERGED: Effect(1, 0, 0),
}
