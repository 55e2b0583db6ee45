"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import pgettext_lazy


class UnionsConfig(AppConfig):
    """See the package's docstring."""

    name = "unions"
    verbose_name = pgettext_lazy("section", "Unions")
