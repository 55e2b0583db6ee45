"""Service stations for outdoor workers (户外劳动者服务站点)."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language, gettext_lazy as _

from members.models import JoinCode
from reference.models import Region
from unions.models import Union
from unions.scope import ScopedQuerySet


class _NamedCode(models.Model):
    """An editable code list with a name per language."""

    code = models.SlugField(_("code"), max_length=40, primary_key=True)
    name_zh = models.CharField(_("Chinese name"), max_length=40)
    name_en = models.CharField(_("English name"), max_length=60)
    sort_order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        abstract = True
        ordering = ("sort_order", "code")

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the active language."""
        return self.name_en if (get_language() or "").startswith("en") else self.name_zh


class StationKind(_NamedCode):
    """工会驿站, 司机之家, 爱心驿站 …"""

    class Meta(_NamedCode.Meta):
        verbose_name = _("kind of station")
        verbose_name_plural = _("kinds of station")


class Facility(_NamedCode):
    """Drinking water, microwave, charging, toilet …"""

    class Meta(_NamedCode.Meta):
        verbose_name = _("facility")
        verbose_name_plural = _("facilities")


class StationStatus(models.TextChoices):
    """Whether workers find the door open."""

    OPEN = "open", _("open")
    PAUSED = "paused", _("closed for now")
    CLOSED = "closed", _("closed for good")


class StationQuerySet(ScopedQuerySet["Station"]):
    """Stations in the viewer's scope by their host union; the public sees the open ones."""

    scope_path = "host_union__path"

    def public(self) -> StationQuerySet:
        """Those shown to workers: open, or closed for now."""
        return self.exclude(status=StationStatus.CLOSED)

    def of_union(self, union: Union) -> StationQuerySet:
        """Those of ``union`` itself that are not closed for good."""
        return self.public().filter(host_union=union)

    def open_on(self, day: dt.date) -> StationQuerySet:
        """Opened and not closed for good on ``day``."""
        return self.filter(Q(closed_on__isnull=True) | Q(closed_on__gt=day), opened_on__lte=day)


class Station(models.Model):
    """A rest station. Coordinates are GCJ-02, as Chinese map services give them, in degrees."""

    name = models.CharField(_("name"), max_length=80)
    kind = models.ForeignKey(StationKind, on_delete=models.PROTECT, verbose_name=_("kind"))
    host_union = models.ForeignKey(
        Union, on_delete=models.PROTECT, related_name="stations", verbose_name=_("host union")
    )
    region = models.ForeignKey(
        Region, on_delete=models.PROTECT, related_name="+", verbose_name=_("region")
    )
    address = models.CharField(_("address"), max_length=160)
    longitude = models.DecimalField(
        _("longitude (GCJ-02)"), max_digits=9, decimal_places=6, null=True, blank=True
    )
    latitude = models.DecimalField(
        _("latitude (GCJ-02)"), max_digits=9, decimal_places=6, null=True, blank=True
    )
    opening_hours = models.CharField(_("opening hours"), max_length=120, blank=True)
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    facilities = models.ManyToManyField(Facility, blank=True, verbose_name=_("facilities"))
    status = models.CharField(
        _("status"), max_length=8, choices=StationStatus, default=StationStatus.OPEN
    )
    opened_on = models.DateField(_("opened on"))
    closed_on = models.DateField(_("closed for good on"), null=True, blank=True)
    is_demo = models.BooleanField(_("demo record"), default=False, editable=False)

    objects = StationQuerySet.as_manager()

    class Meta:
        verbose_name = _("station")
        verbose_name_plural = _("stations")
        ordering = ("name", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["host_union", "name"], name="stations_name_of_host_union"
            ),
            models.CheckConstraint(
                condition=Q(longitude__isnull=True, latitude__isnull=True)
                | Q(longitude__range=(73, 136), latitude__range=(3, 54)),
                name="stations_position_in_china",
            ),
            models.CheckConstraint(
                condition=Q(status="closed", closed_on__isnull=False)
                | (~Q(status="closed") & Q(closed_on__isnull=True)),
                name="stations_closed_iff_date",
            ),
            models.CheckConstraint(
                condition=Q(closed_on__isnull=True) | Q(closed_on__gte=F("opened_on")),
                name="stations_closed_after_opened",
            ),
        ]
        indexes = [
            models.Index(fields=["region", "status"], name="stations_of_region"),
            models.Index(fields=["latitude", "longitude"], name="stations_position"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def place(self) -> str:
        """The whole address; officials often write the region into the address already."""
        region = self.region.full_name
        return self.address if self.address.startswith(region) else f"{region} {self.address}"


class StationJoinCode(models.Model):
    """A join code hangs at a station: sign-ups through it are the station's, for good."""

    join_code = models.OneToOneField(
        JoinCode, on_delete=models.PROTECT, related_name="station_link"
    )
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="join_code_links")

    class Meta:
        verbose_name = _("join code of a station")
        verbose_name_plural = _("join codes of stations")

    def __str__(self) -> str:
        return f"{self.station_id} · {self.join_code_id}"
