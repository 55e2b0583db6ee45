"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MembersConfig(AppConfig):
    """See the package's docstring."""

    name = "members"
    verbose_name = _("Members")
