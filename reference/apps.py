"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReferenceConfig(AppConfig):
    """See the package's docstring."""

    name = "reference"
    verbose_name = _("Reference data")
