"""What became of unions: where they stood before, and how they came to their end."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from unions.enums import ClosingKind, ClosingStatus
from unions.models.tree import Union
from unions.scope import ScopedQuerySet


class PastPath(models.Model):
    """``union`` stood at ``path`` up to and including ``until``; append-only, see ``history.py``.

    Only unions that have moved have rows: the path of a day is that of the first row whose
    ``until`` is not before it, else the present one. Written by ``tree`` alone, for one registered,
    counted and moved on one day by the next count with its SQL.
    """

    union = models.ForeignKey(
        Union,
        on_delete=models.PROTECT,
        related_name="past_paths",
        db_index=False,  # the constraint's index begins with it
        verbose_name=_("union"),
    )
    path = models.TextField(_("path"), db_collation="C")
    until = models.DateField(_("last day"))

    class Meta:
        verbose_name = _("earlier place in the tree")
        verbose_name_plural = _("earlier places in the tree")
        constraints = [
            models.UniqueConstraint(fields=["union", "until"], name="unions_past_path_once_a_day")
        ]
        indexes = [models.Index(fields=["until"], name="unions_past_path_until")]

    def __str__(self) -> str:
        return f"{self.path} ≤ {self.until}"


class UnionClosing(models.Model):
    """A merger or dissolution: what was decided, by whom, and whether it is done.

    ``into`` is the successor of a merger; of a dissolution, the union to which memberships go, if
    there are any. ``memberships`` is how many were open when it was asked for. While the closing is
    open the union stands and its members are being carried over.
    """

    union = models.ForeignKey(
        Union, on_delete=models.PROTECT, related_name="closings", verbose_name=_("union")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=ClosingKind)
    into = models.ForeignKey(
        Union,
        on_delete=models.PROTECT,
        null=True,
        related_name="taken_over",
        verbose_name=_("union that takes over"),
    )
    # Trade Union Law art. 13: the union above keeps the memberships.
    retains_members = models.BooleanField(_("memberships are retained"), default=False)
    reason = models.CharField(_("reason"), max_length=200)
    decision_number = models.CharField(_("number of the decision"), max_length=60, blank=True)
    memberships = models.PositiveIntegerField(_("memberships"), default=0)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    asked_at = models.DateTimeField(_("asked"))
    closed_on = models.DateField(_("dissolved on"), null=True)
    status = models.CharField(
        _("status"), max_length=8, choices=ClosingStatus, default=ClosingStatus.OPEN
    )
    refusal = models.CharField(_("why it was not done"), max_length=300, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("closing of a union")
        verbose_name_plural = _("closings of unions")
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                fields=["union"], condition=Q(status="open"), name="unions_closing_open_once"
            ),
            models.UniqueConstraint(
                fields=["union"], condition=Q(status="done"), name="unions_closing_done_once"
            ),
            models.CheckConstraint(
                condition=Q(into__isnull=True) | ~Q(into=F("union")),
                name="unions_closing_not_into_itself",
            ),
            models.CheckConstraint(
                condition=~Q(status="done") | Q(closed_on__isnull=False),
                name="unions_closing_done_on_a_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.union} · {self.get_kind_display()}"
