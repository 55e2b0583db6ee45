"""Keys with which programs call the API in a user's name."""

from __future__ import annotations

from django.db import transaction
from rest_framework.authtoken.models import Token

from accounts.models import User


def issue_token(user: User) -> str:
    """A new key for ``user``; the one before it stops working at once.

    The key is shown this once by whoever issues it and opens what the user may read, no more.
    """
    with transaction.atomic():
        # Locked, so that two issued at the same moment leave one that works.
        User.objects.select_for_update().get(pk=user.pk)
        Token.objects.filter(user=user).delete()
        return Token.objects.create(user=user).key


def revoke_token(user: User) -> bool:
    """Take the user's key away; True if there was one."""
    deleted, _by_model = Token.objects.filter(user=user).delete()
    return deleted > 0
