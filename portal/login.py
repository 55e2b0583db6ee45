"""Who may log in, and how often somebody may try: officials, leaders and operators."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _, ngettext
from unfold.forms import AuthenticationForm

from core.client_address import client_block
from core.throttling import RateLimit
from unions.scope import grants_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


class OfficialLoginForm(AuthenticationForm):
    """Takes every active user with an appointment in force, and operators.

    Attempts are counted by address and by user name, whether the name exists or not. Past a limit
    the right password is refused too, or guessing would go on (``is_limited``: answer 429).
    """

    is_limited = False

    def clean(self) -> dict[str, Any]:
        """Authenticate, unless there were too many attempts. Raises ValidationError."""
        username = self.cleaned_data.get("username")
        if not username or not self.cleaned_data.get("password"):
            return super().clean()
        of_user = _limit("user", settings.LOGIN_LIMIT_PER_USER)
        key = _user_key(username)
        # Both are counted, whatever the first says.
        within = [self._allow_address(), of_user.allow(key)]
        if not all(within):
            self.is_limited = True
            minutes = max(1, -(-settings.LOGIN_LIMIT_SECONDS // 60))
            raise ValidationError(
                ngettext(
                    "Too many attempts to log in. Please try again in %(minutes)s minute.",
                    "Too many attempts to log in. Please try again in %(minutes)s minutes.",
                    minutes,
                )
                % {"minutes": minutes},
                code="limited",
            )
        values: dict[str, Any] = super().clean()
        of_user.reset(key)
        return values

    def confirm_login_allowed(self, user: AbstractBaseUser) -> None:
        """Raise ValidationError for a user who could do nothing here."""
        if not user.is_active:
            raise self.get_invalid_login_error()
        if not grants_of(user):  # type: ignore[arg-type]
            raise ValidationError(
                _("You have no appointment in force. Please ask your federation."),
                code="no_appointment",
            )

    def _allow_address(self) -> bool:
        address = client_block(self.request) if self.request is not None else ""
        # Behind a socket without a trusted proxy nobody has an address: one counter for all of
        # them would lock everybody out.
        return not address or _limit("address", settings.LOGIN_LIMIT_PER_IP).allow(address)


def _limit(name: str, attempts: int) -> RateLimit:
    return RateLimit(f"login.{name}", attempts, settings.LOGIN_LIMIT_SECONDS)


def _user_key(username: str) -> str:
    """One counter for all spellings of a name."""
    return unicodedata.normalize("NFKC", username).casefold()
