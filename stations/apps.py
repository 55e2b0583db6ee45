"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StationsConfig(AppConfig):
    """See the package's docstring."""

    name = "stations"
    verbose_name = _("Service stations")
