"""Levels and kinds of regions."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class RegionLevel(models.IntegerChoices):
    """The five levels of the statistics codes, highest first."""

    PROVINCE = 1, _("Province")
    PREFECTURE = 2, _("Prefecture")
    COUNTY = 3, _("County")
    TOWNSHIP = 4, _("Township")
    VILLAGE = 5, _("Village")


class RegionKind(models.TextChoices):
    """Whether a region is a division of the state, or an area run like one."""

    DIVISION = "division", _("Administrative division")
    FUNCTIONAL_AREA = "functional_area", _("Functional area")
