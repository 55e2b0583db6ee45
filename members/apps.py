"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import pgettext_lazy


class MembersConfig(AppConfig):
    """See the package's docstring."""

    name = "members"
    verbose_name = pgettext_lazy("section", "Members")
