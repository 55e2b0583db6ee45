"""Who logs in: the custom user, in place from the first migration."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """An official, a leader or an operator.

    What a user may see or do follows from dated appointments (``unions.Appointment``), never from
    Django's groups or permissions; ``is_superuser`` is for operators of the system alone.
    """

    display_name = models.CharField(_("name shown"), max_length=60, blank=True)
    is_demo = models.BooleanField(_("demo record"), default=False, editable=False)

    class Meta(AbstractUser.Meta):
        verbose_name = _("user")  # type: ignore[assignment]
        verbose_name_plural = _("users")  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.display_name or self.username

    def get_full_name(self) -> str:
        """The name shown: one field, for names here have no first and last part."""
        return self.display_name
