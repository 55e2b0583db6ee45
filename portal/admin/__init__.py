"""The officials' pages of the lower apps, which may not know about unions and their scope."""

from portal.admin import reference, schedule, trail, users

__all__ = ["reference", "schedule", "trail", "users"]
