"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ActivitiesConfig(AppConfig):
    """See the package's docstring."""

    name = "activities"
    verbose_name = _("Activities")
