"""Who is appointed where."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from unions.enums import Role
from unions.models.tree import Union
from unions.scope import ScopedQuerySet

# The same rule as ``in_force_on``, for the statement that each request of an official begins with:
# to put it together anew takes Django longer than PostgreSQL takes to answer it.
APPOINTED_SQL = """
SELECT DISTINCT u.path, a.role
FROM unions_appointment a JOIN unions_union u ON u.id = a.union_id
WHERE a.user_id = %(user)s AND a.starts_on <= %(day)s
  AND (a.ends_on IS NULL OR a.ends_on >= %(day)s)
"""


class AppointmentQuerySet(ScopedQuerySet["Appointment"]):
    """Appointments in the viewer's subtree."""

    def in_force_on(self, day: dt.date) -> AppointmentQuerySet:
        """Those valid on ``day``, both ends inclusive."""
        return self.filter(
            Q(ends_on__isnull=True) | Q(ends_on__gte=day),
            starts_on__lte=day,
        )


class Appointment(models.Model):
    """A user holds a role at a union from ``starts_on`` to ``ends_on`` (inclusive)."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="appointments",
        verbose_name=pgettext_lazy("appointment", "user"),
    )
    union = models.ForeignKey(
        Union, on_delete=models.PROTECT, related_name="appointments", verbose_name=_("union")
    )
    role = models.CharField(_("role"), max_length=24, choices=Role)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to"), null=True, blank=True)

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("appointment")
        verbose_name_plural = _("appointments")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "union", "role"],
                condition=Q(ends_on__isnull=True),
                name="unions_appointment_open_once",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="unions_appointment_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()} · {self.union}"
