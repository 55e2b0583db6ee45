"""The trail: who did what to which record, when, written in the change's own transaction."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.labels import action_label, record_label


class AuditEntry(models.Model):
    """One meaningful act. Append-only: the database refuses UPDATE and DELETE.

    ``object_type`` and ``object_id`` outlive the object; ``union_path`` is the tree path the act
    belongs to (empty where there is none) so that the trail itself can be read in scope.
    ``data`` never holds an ID number, a phone number or a name of a member.
    """

    at = models.DateTimeField(_("time"), auto_now_add=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("done by"),
    )
    action = models.CharField(_("action"), max_length=60)
    object_type = models.CharField(_("record type"), max_length=60)
    object_id = models.CharField(_("record"), max_length=40)
    union_path = models.TextField(_("union path"), blank=True, db_collation="C")
    data = models.JSONField(_("details"), default=dict, blank=True)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        ordering = ("-id",)
        indexes = [
            models.Index(fields=["object_type", "object_id", "-id"], name="audit_entry_of_object"),
            models.Index(fields=["union_path", "-id"], name="audit_entry_in_subtree"),
        ]

    def __str__(self) -> str:
        return f"{action_label(self.action)} · {record_label(self.object_type)} {self.object_id}"
