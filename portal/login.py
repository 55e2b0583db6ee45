"""Who may log in: officials, leaders and operators, not only Django's "staff"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.forms import AuthenticationForm

from unions.scope import grants_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


class OfficialLoginForm(AuthenticationForm):
    """Takes every active user with an appointment in force, and operators."""

    def confirm_login_allowed(self, user: AbstractBaseUser) -> None:
        """Raise ValidationError for a user who could do nothing here."""
        if not user.is_active:
            raise self.get_invalid_login_error()
        if not grants_of(user):  # type: ignore[arg-type]
            raise ValidationError(
                _("You have no appointment in force. Please ask your federation."),
                code="no_appointment",
            )
