"""Who is logged in: Django's own answer, by a statement that is not put together each time."""

from __future__ import annotations

from django.contrib.auth.backends import ModelBackend
from django.db import DEFAULT_DB_ALIAS, connection

from accounts.models import User

# Columns are named like attributes here: no field of the model says otherwise.
_NAMES = [field.attname for field in User._meta.concrete_fields]
_READ = f"SELECT {', '.join(_NAMES)} FROM accounts_user WHERE id = %s"  # noqa: S608


class Backend(ModelBackend):
    """Name and password, as ``ModelBackend``; only reading the user of a session is its own."""

    def get_user(self, user_id: int) -> User | None:
        """The user of a session, from the database itself; None if gone or not active."""
        with connection.cursor() as cursor:
            cursor.execute(_READ, [user_id])
            row = cursor.fetchone()
        if row is None:
            return None
        user = User.from_db(DEFAULT_DB_ALIAS, _NAMES, row)
        return user if self.user_can_authenticate(user) else None
