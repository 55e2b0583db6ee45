"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EnterprisesConfig(AppConfig):
    """See the package's docstring."""

    name = "enterprises"
    verbose_name = _("Enterprises")
