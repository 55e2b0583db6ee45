"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CampaignsConfig(AppConfig):
    """See the package's docstring."""

    name = "campaigns"
    verbose_name = _("Campaigns")
