"""The person, their dated spells of membership, and the ledger everything follows from."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from enterprises.models import Employer
from members.enums import ChangeReason, EventType, JoinChannel, MembershipStatus
from members.models.application import Application, PersonalData
from members.models.join_code import JoinCode
from reference.models import WorkerGroup
from unions.models import Union
from unions.scope import ScopedQuerySet


class MemberQuerySet(ScopedQuerySet["Member"]):
    """People are seen by whoever sees their current or last union."""

    scope_path = "home_union__path"


class Member(PersonalData):
    """A person, once: unique by the keyed hash of the ID number.

    ``home_union`` is the union of the newest membership; it carries the scope.
    """

    # Here and below: no index of its own where one that begins with the column serves (db_index).
    home_union = models.ForeignKey(
        Union,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("union"),
        db_index=False,
    )
    created_at = models.DateTimeField(_("recorded"), auto_now_add=True)
    # Another record of the same person, into which this one was merged.
    merged_into = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="merged_records",
        verbose_name=_("merged into"),
    )
    # Contact data are gone (retention); the roll stays countable.
    frozen_at = models.DateTimeField(_("frozen"), null=True, blank=True)
    is_demo = models.BooleanField(_("demo record"), default=False, editable=False)

    objects = MemberQuerySet.as_manager()

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(fields=["id_number_hash"], name="members_member_one_person")
        ]
        indexes = [
            models.Index(fields=["phone_hash"], name="members_member_by_phone"),
            models.Index(fields=["home_union", "-id"], name="members_member_of_union"),
            models.Index(fields=["name"], name="members_member_by_name"),
        ]

    def __str__(self) -> str:
        return self.masked_name


class MembershipQuerySet(ScopedQuerySet["Membership"]):
    """Memberships at unions in the viewer's scope."""

    def open(self) -> MembershipQuerySet:
        """Those that have not ended."""
        return self.filter(ended_on__isnull=True)

    def awaiting_announcement(self) -> MembershipQuerySet:
        """Those of members who left and whose union has not announced it yet."""
        return self.filter(awaits_announcement=True)


class Membership(models.Model):
    """One spell of membership (会籍) of a person at a union; ``ended_on`` is its last day.

    The state shown here is a reading of the ledger (``MembershipEvent``), kept for fast lists. At
    most one spell per person is open: the database holds that.
    """

    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="memberships", verbose_name=_("member")
    )
    union = models.ForeignKey(
        Union,
        on_delete=models.PROTECT,
        related_name="memberships",
        verbose_name=_("union"),
        db_index=False,
    )
    worker_group = models.ForeignKey(
        WorkerGroup,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("worker group"),
        db_index=False,
    )
    employer = models.ForeignKey(
        Employer,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="memberships",
        verbose_name=_("registered employer"),
    )
    employer_name = models.CharField(_("employer or platform"), max_length=120, blank=True)
    status = models.CharField(
        _("status"), max_length=14, choices=MembershipStatus, default=MembershipStatus.ACTIVE
    )
    channel = models.CharField(_("way of joining"), max_length=16, choices=JoinChannel)
    join_code = models.ForeignKey(
        JoinCode,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="memberships",
        verbose_name=_("join code"),
    )
    application = models.OneToOneField(
        Application,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="membership",
        verbose_name=_("application"),
    )
    started_on = models.DateField(_("member since"))
    ended_on = models.DateField(_("until"), null=True, blank=True)
    # The committee announces who has left (Constitution art. 6). No part of the state: the ledger
    # says that somebody left, these say what became of the announcement and may be put right.
    announced_on = models.DateField(_("announced on"), null=True, blank=True)
    awaits_announcement = models.BooleanField(
        _("left, not announced"), default=False, db_default=False
    )

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        ordering = ("-started_on", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=["member"],
                condition=Q(ended_on__isnull=True),
                name="members_membership_open_once",
            ),
            models.CheckConstraint(
                condition=Q(ended_on__isnull=True) | Q(ended_on__gte=F("started_on")),
                name="members_membership_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(
                    ended_on__isnull=True, status__in=["active", "transferring", "retained"]
                )
                | Q(ended_on__isnull=False, status__in=["ended", "annulled"]),
                name="members_membership_ended_iff_date",
            ),
            models.CheckConstraint(
                condition=Q(announced_on__isnull=True)
                | Q(
                    status="ended",
                    ended_on__isnull=False,
                    announced_on__gte=F("ended_on"),
                    awaits_announcement=False,
                ),
                name="members_membership_announced_after_end",
            ),
            models.CheckConstraint(
                condition=Q(awaits_announcement=False) | Q(status="ended"),
                name="members_membership_announced_if_ended",
            ),
        ]
        indexes = [
            models.Index(fields=["union", "worker_group"], name="members_membership_of_union"),
            # A few of millions: the officials' first page counts them.
            models.Index(
                fields=["union"],
                condition=Q(awaits_announcement=True),
                name="members_membership_to_announce",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member} · {self.started_on}"


class DecisionPaperQuerySet(ScopedQuerySet["DecisionPaper"]):
    """Papers of unions in the viewer's scope."""


class DecisionPaper(models.Model):
    """A committee's decision on paper: an expulsion needs one (Constitution art. 6–7)."""

    union = models.ForeignKey(
        Union, on_delete=models.PROTECT, related_name="+", verbose_name=_("union")
    )
    number = models.CharField(_("number of the paper"), max_length=60)
    decided_on = models.DateField(_("decided on"))
    file = models.FileField(_("scan"), upload_to="decisions/%Y/")
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    uploaded_at = models.DateTimeField(auto_now_add=True)

    objects = DecisionPaperQuerySet.as_manager()

    class Meta:
        verbose_name = _("decision on paper")
        verbose_name_plural = _("decisions on paper")

    def __str__(self) -> str:
        return self.number


class MembershipEventQuerySet(ScopedQuerySet["MembershipEvent"]):
    """Ledger entries at unions in the viewer's scope."""


class MembershipEvent(models.Model):
    """One entry of the append-only ledger; the database refuses UPDATE and DELETE.

    ``active_change``, ``retained_change`` and ``joined_change`` (persons) are what the entry does
    to the counts of ``union`` from ``effective_on`` (inclusive): the stock of any day is their sum.
    ``rejoined_change`` is the part of ``joined_change`` that is no first joining: the person had
    been a member before (docs/metrics.md counts the two apart).
    """

    membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, related_name="events", verbose_name=_("membership")
    )
    type = models.CharField(_("type"), max_length=16, choices=EventType)
    union = models.ForeignKey(
        Union,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("union"),
        db_index=False,
    )
    counterpart = models.ForeignKey(
        Union,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("other union"),
    )
    worker_group = models.ForeignKey(
        WorkerGroup,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("worker group"),
        db_index=False,
    )
    channel = models.CharField(_("way of joining"), max_length=16, choices=JoinChannel)
    join_code = models.ForeignKey(
        JoinCode, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(
        _("reason"), max_length=24, choices=ChangeReason, blank=True, default="", db_default=""
    )
    decision = models.ForeignKey(
        "members.DecisionPaper",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="events",
        verbose_name=_("decision"),
    )
    corrects = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="corrections",
        db_index=False,
    )
    effective_on = models.DateField(_("effective on"))
    recorded_at = models.DateTimeField(_("recorded"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    active_change = models.SmallIntegerField()
    retained_change = models.SmallIntegerField()
    joined_change = models.SmallIntegerField()
    rejoined_change = models.SmallIntegerField(default=0, db_default=0)

    objects = MembershipEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership event")
        verbose_name_plural = _("membership events")
        ordering = ("effective_on", "id")
        constraints = [
            models.CheckConstraint(
                condition=Q(active_change__range=(-1, 1))
                & Q(retained_change__range=(-1, 1))
                & Q(joined_change__range=(-1, 1)),
                name="members_event_changes_one_person",
            ),
            models.CheckConstraint(
                condition=Q(rejoined_change=0) | Q(rejoined_change=F("joined_change")),
                name="members_event_rejoined_is_joined",
            ),
            models.CheckConstraint(
                condition=Q(type="corrected", corrects__isnull=False)
                | (~Q(type="corrected") & Q(corrects__isnull=True)),
                name="members_event_correction_names_event",
            ),
            models.UniqueConstraint(
                fields=["corrects"],
                condition=Q(corrects__isnull=False),
                name="members_event_corrected_once",
            ),
        ]
        indexes = [
            # Adds up a union's entries without looking at them.
            models.Index(
                fields=["union", "worker_group", "effective_on"],
                include=["active_change", "retained_change", "joined_change", "rejoined_change"],
                name="members_event_of_union",
            ),
            models.Index(fields=["recorded_at"], name="members_event_recorded"),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id} {self.type} {self.effective_on}"
