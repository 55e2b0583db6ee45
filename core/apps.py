"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    """See the package's docstring."""

    name = "core"
    verbose_name = _("Foundations")
