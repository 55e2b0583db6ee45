"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class UnionsConfig(AppConfig):
    """See the package's docstring."""

    name = "unions"
    verbose_name = _("Unions")
