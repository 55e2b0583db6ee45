"""The officials' pages of stations."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, gettext_lazy as _, ngettext
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from core.clock import local_today
from core.errors import RuleViolation
from members.admin.linked_codes import linked_code_page
from stations.models import Facility, Station, StationKind
from stations.resources import StationResource
from stations.services import (
    add_station_join_code,
    open_station,
    take_over_stations,
    update_station,
)
from unions.admin.base import OperatorAdmin, ScopedModelAdmin
from unions.admin.exchange import ExchangeMixin
from unions.admin.forms import actor_of
from unions.admin.pages import back_to_the_button
from unions.admin.remembering import RememberingForm
from unions.models import Union
from unions.scope import access


class StationForm(RememberingForm):
    """A station as officials fill it in."""

    class Meta:
        model = Station
        fields = (
            "name", "kind", "host_union", "region", "address", "longitude", "latitude",
            "opening_hours", "phone", "facilities", "status", "opened_on", "closed_on",
        )  # fmt: skip
        help_texts = {
            "longitude": _("As Chinese map services show it (GCJ-02), such as 115.985490."),
            "latitude": _("As Chinese map services show it (GCJ-02), such as 36.457020."),
            "closed_on": _("Only for stations closed for good."),
        }


@admin.register(Station)
class StationAdmin(ExchangeMixin, ScopedModelAdmin):
    """Stations of unions in the viewer's scope."""

    form = StationForm
    resource_classes = (StationResource,)
    view_permission = "stations.view"
    change_permission = "stations.change"
    own_union_fields = ("host_union",)
    list_display = ("name", "kind", "host_union", "address", "status_label", "opened_on", "located")
    list_filter = ("status", "kind")
    list_select_related = ("kind", "host_union", "region")
    search_fields = ("name", "address", "host_union__name")
    search_help_text = _("Name, address or union")
    ordering = ("name", "id")
    autocomplete_fields = ("host_union", "region")
    fieldsets = (
        (
            _("Station"),
            {"fields": (("name", "kind"), ("host_union", "status"), ("opened_on", "closed_on"))},
        ),
        (_("Where"), {"fields": (("region", "address"), ("longitude", "latitude"))}),
        (_("For visitors"), {"fields": (("opening_hours", "phone"), "facilities")}),
    )

    change_form_outer_before_template = "admin/stations/station_links.html"

    def get_urls(self) -> list[URLPattern]:
        """Also codes that hang at a station, and stations of a union that was merged."""
        take_over = path(
            "of-union/<int:union_id>/take-over/",
            self.admin_site.admin_view(self.take_over_view),
            name="stations_station_take_over",
        )
        return [*self.act_urls(join_code=self.join_code_view), take_over, *super().get_urls()]

    def take_over_view(self, request: HttpRequest, union_id: int) -> HttpResponse:
        """Move the stations of a merged union to the one that took over."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        actor = actor_of(request)
        union = access(Union.objects.all(), union_id, actor=actor, permission="stations.change")
        if request.method != "POST":
            return back_to_the_button(
                request, reverse("admin:unions_union_change", args=[union.pk])
            )
        try:
            moved, left = take_over_stations(union, actor=actor)
        except RuleViolation as refusal:
            self.message_user(request, str(refusal.message), messages.ERROR)
        else:
            if moved:
                said = ngettext("%(n)d station was moved.", "%(n)d stations were moved.", moved)
                self.message_user(request, said % {"n": moved}, messages.SUCCESS)
            if left:
                names = "、".join(station.name for station in left[:10])
                said = gettext("Not moved, because their name is taken there: %(names)s")
                self.message_user(request, said % {"names": names}, messages.WARNING)
        return HttpResponseRedirect(reverse("admin:unions_union_change", args=[union.pk]))

    def join_code_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Make a join code that hangs at the station."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        station = access(
            Station.objects.select_related("host_union"),
            unquote(object_id),
            actor=actor_of(request),
            permission="stations.change",
        )
        return linked_code_page(
            request,
            admin_site=self.admin_site,
            record=station,
            make_code=lambda union: add_station_join_code(
                station, union=union, actor=actor_of(request)
            ),
            initial=station.host_union_id,
        )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Opened today."""
        return {"opened_on": local_today(), **super().get_changeform_initial_data(request)}

    def formfield_for_manytomany(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> forms.ModelMultipleChoiceField:
        """Facilities as boxes to tick."""
        kwargs["widget"] = UnfoldAdminCheckboxSelectMultipleWidget
        field: forms.ModelMultipleChoiceField = super().formfield_for_manytomany(
            db_field, request, **kwargs
        )
        field.help_text = ""
        return field

    def create_record(self, request: HttpRequest, values: dict[str, Any]) -> Station:
        """Record."""
        return open_station(actor=actor_of(request), **values)

    def update_record(self, request: HttpRequest, record: Station, changes: dict[str, Any]) -> None:
        """Change."""
        update_station(record, actor=actor_of(request), **changes)

    def get_export_queryset(self, request: HttpRequest) -> QuerySet[Station]:
        """With the facilities, in one query for all."""
        rows: QuerySet[Station] = super().get_export_queryset(request)
        return rows.prefetch_related("facilities")

    @admin.display(description=_("status"), ordering="status")
    def status_label(self, station: Station) -> str:
        """In words."""
        return station.get_status_display()

    @admin.display(description=_("on the map"), boolean=True)
    def located(self, station: Station) -> bool:
        """Does it have a position?"""
        return station.longitude is not None


@admin.register(StationKind, Facility)
class StationCodeListAdmin(OperatorAdmin):
    """Code lists that operators extend in the field."""

    list_display = ("name_zh", "name_en", "code", "sort_order")
    ordering = ("sort_order", "code")
    search_fields = ("name_zh", "name_en", "code")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Stations name the code."""
        return ("code",) if obj else ()
