"""Who serves where: appointing known or new officials, and letting appointments end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_lazy as _, pgettext_lazy
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from core.clock import local_today
from core.errors import RuleViolation
from unions.admin.base import ScopedModelAdmin
from unions.admin.forms import ServiceForm, actor_of
from unions.models import Appointment
from unions.officials import appoint_new_official, users_visible_to
from unions.services import appoint, end_appointment


class AppointmentForm(ServiceForm):
    """Either a known official, or name, user name and first password of a new one."""

    display_name = forms.CharField(
        label=pgettext_lazy("person", "Name"),
        max_length=60,
        required=False,
        widget=UnfoldAdminTextInputWidget,
    )
    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )
    password = forms.CharField(
        label=_("First password"),
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 10 characters. Ask the official to change it after logging in."),
    )

    class Meta:
        model = Appointment
        fields = ("user", "union", "role", "starts_on", "ends_on")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "user" in self.fields:
            self.fields["user"].required = False

    def clean(self) -> dict[str, Any]:
        """One person, known or new."""
        values = super().clean() or self.cleaned_data
        if self.instance.pk:
            return values
        is_new = any(values.get(name) for name in ("display_name", "username", "password"))
        if is_new and values.get("user"):
            self.add_error("user", gettext("Choose an official or enter a new one, not both."))
        elif not is_new and not values.get("user") and "user" not in self.errors:
            self.add_error("user", gettext("Choose an official, or enter a new one below."))
        return values


@admin.register(Appointment)
class AppointmentAdmin(ScopedModelAdmin):
    """Appointments at unions of the viewer's subtree."""

    form = AppointmentForm
    view_permission = "appointments.view"
    change_permission = "appointments.change"
    list_display = ("user", "union", "role_label", "starts_on", "ends_on", "is_in_force")
    list_filter = ("role",)
    list_select_related = ("user", "union")
    search_fields = ("user__display_name", "user__username", "union__name")
    search_help_text = _("Name of the official or of the union")
    ordering = ("-id",)
    autocomplete_fields = ("user", "union")
    add_fieldsets = (
        (_("Appointment"), {"fields": (("union", "role"), ("starts_on", "ends_on"), "user")}),
        (
            _("New official"),
            {
                "description": _("Only if the official has no user name yet."),
                "fields": (("display_name", "username"), "password"),
            },
        ),
    )
    fieldsets = (
        (
            _("Appointment"),
            {"fields": ("user", ("union", "role"), ("starts_on", "ends_on"))},
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        """Only the end can be set later."""
        return ("user", "union", "role", "starts_on") if obj else ()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """From today."""
        return {"starts_on": local_today(), **super().get_changeform_initial_data(request)}

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Officials known in the viewer's scope."""
        if db_field.name == "user":
            kwargs["queryset"] = users_visible_to(actor_of(request), "appointments.change")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def create_record(self, request: HttpRequest, values: dict[str, Any]) -> Appointment:
        """Appoint a known or a new official."""
        terms = {name: values[name] for name in ("union", "role", "starts_on", "ends_on")}
        if values["user"]:
            return appoint(values["user"], actor=actor_of(request), **terms)
        return appoint_new_official(
            username=values["username"],
            display_name=values["display_name"],
            password=values["password"],
            actor=actor_of(request),
            **terms,
        )

    def update_record(
        self, request: HttpRequest, record: Appointment, changes: dict[str, Any]
    ) -> None:
        """Let it end."""
        if changes["ends_on"] is None:
            raise RuleViolation(
                gettext("An end is not taken back: make a new appointment."), field="ends_on"
            )
        end_appointment(record, ends_on=changes["ends_on"], actor=actor_of(request))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Appointment], search_term: str
    ) -> tuple[QuerySet[Appointment], bool]:
        """Every word in a name of the person or the union."""
        for word in search_term.split():
            queryset = queryset.filter(
                Q(user__display_name__contains=word)
                | Q(user__username__startswith=word)
                | Q(union__name__contains=word)
            )
        return queryset, False

    @admin.display(description=_("role"), ordering="role")
    def role_label(self, appointment: Appointment) -> str:
        """The role in words."""
        return appointment.get_role_display()

    @admin.display(description=_("in force"), boolean=True)
    def is_in_force(self, appointment: Appointment) -> bool:
        """Today?"""
        today = local_today()
        return appointment.starts_on <= today and (
            appointment.ends_on is None or appointment.ends_on >= today
        )
