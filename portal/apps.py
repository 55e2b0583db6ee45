"""App configurations of the portal itself and of its admin site."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    """Loads the Celery application, so that every `shared_task` finds its broker.

    Refuses to start with encryption keys that do not work: better now than at the first sign-up.
    """

    name = "portal"
    verbose_name = _("Portal")

    def ready(self) -> None:
        """Bind the shared tasks, register the system checks, try the keys."""
        from core.encryption import active_key_id, blind_index
        from portal import celery, checks  # noqa: F401

        active_key_id()
        blind_index("", context="portal.start")


class PortalAdminConfig(AdminConfig):
    """Makes the portal's own site the default one, so `@admin.register` reaches it."""

    default_site = "portal.admin_site.PortalAdminSite"
