"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import pgettext_lazy


class CampaignsConfig(AppConfig):
    """See the package's docstring."""

    name = "campaigns"
    verbose_name = pgettext_lazy("section", "Campaigns")
