"""Making and changing the people who log in. The trail is written by the callers above."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from core.constraints import refusing
from core.errors import RuleViolation


def create_official(*, username: str, display_name: str, password: str) -> User:
    """A new user without any right: rights come with an appointment.

    Raises RuleViolation beside ``username`` (missing, malformed, taken), ``display_name`` or
    ``password`` (missing, too weak). The caller, who knows the actor, writes the audit entry in
    the same transaction.
    """
    username = User.normalize_username(username.strip())
    display_name = display_name.strip()
    if not username:
        raise RuleViolation(_("Enter a user name."), field="username", code="required")
    if not display_name:
        raise RuleViolation(_("Enter a name."), field="display_name", code="required")
    user = User(username=username, display_name=display_name)
    try:
        User.username_validator(username)
    except ValidationError as error:
        raise RuleViolation(" ".join(error.messages), field="username") from error
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise RuleViolation(" ".join(error.messages), field="password") from error
    user.set_password(password)
    taken = RuleViolation(_("This user name is taken."), field="username", code="duplicate")
    if User.objects.filter(username__iexact=username).exists():
        raise taken
    with transaction.atomic(), refusing({"accounts_user_username_key": taken}):
        user.save(force_insert=True)
    return user
