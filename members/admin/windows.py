"""Mobile windows: opened, handed over to a device, closed."""

from __future__ import annotations

import base64
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
)
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy as _, pgettext

from accounts.models import User
from members import qr
from members.admin.entry import unions_to_enrol_in
from members.models import MobileWindow
from members.services.windows import close_window, open_window, window_token
from unions.admin.base import ScopedModelAdmin
from unions.admin.forms import ServiceForm, actor_of
from unions.scope import access


class WindowForm(ServiceForm):
    """Whose window, and where it stands."""

    class Meta:
        model = MobileWindow
        fields = ("union", "place")


@admin.register(MobileWindow)
class MobileWindowAdmin(ScopedModelAdmin):
    """Windows of unions in the viewer's scope."""

    form = WindowForm
    view_permission = "enrolment.change"
    change_permission = "enrolment.change"
    own_union_fields = ("union",)
    list_display = ("place", "union", "opened_at", "state", "sign_ups")
    list_select_related = ("union", "join_code")
    ordering = ("-opened_at",)
    sortable_by = ("opened_at",)
    autocomplete_fields = ("union",)
    search_fields = ("place", "union__name")
    fields = ("union", "place")
    change_form_outer_before_template = "admin/members/window.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the number of sign-ups."""
        rows = super().get_queryset(request)
        return rows.annotate(sign_up_count=Count("join_code__applications"))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A window is not edited; it is closed."""
        return False

    def choice_queryset(self, request: HttpRequest, field: Any) -> QuerySet[Any] | None:
        """Unions that stand and enrol members."""
        if field.name == "union":
            return unions_to_enrol_in(request)
        return super().choice_queryset(request, field)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One window at a time: a single button."""
        one = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, {**(extra_context or {}), **one})

    def create_record(self, request: HttpRequest, values: dict[str, Any]) -> MobileWindow:
        """Open a window."""
        if not isinstance(request.user, User):
            raise PermissionDenied
        return open_window(actor=request.user, **values)

    def response_add(
        self, request: HttpRequest, obj: MobileWindow, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show how to start it."""
        return HttpResponseRedirect(reverse("admin:members_mobilewindow_change", args=[obj.pk]))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """With a fresh link for the device, while the window is open."""
        # The form's own "close" would stand beside the one that closes the window.
        context: dict[str, Any] = {**(extra_context or {}), "show_close": False}
        window = self.get_object(request, unquote(object_id))
        if isinstance(window, MobileWindow) and window.closed_at is None:
            page = reverse("members:window", args=[window_token(window)])
            picture = base64.b64encode(qr.as_svg(settings.PUBLIC_BASE_URL + page)).decode()
            context["picture"] = f"data:image/svg+xml;base64,{picture}"
        return super().change_view(request, object_id, form_url, context)

    # -- acts -------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """Also starting on this device, and closing."""
        own = self.act_urls(start=self.start_view, close=self.close_view)
        return [*own, *super().get_urls()]

    def start_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Log the official out of this device and go on to the window's page."""
        window = self._fetch(request, object_id)
        if request.method != "POST":
            return self.only_by_button(request, window.pk)
        logout(request)
        return HttpResponseRedirect(reverse("members:window", args=[window_token(window)]))

    def close_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Close for good."""
        window = self._fetch(request, object_id)
        if request.method != "POST":
            return self.only_by_button(request, window.pk)
        close_window(window, actor=actor_of(request))
        self.message_user(request, gettext("The window is closed."), messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:members_mobilewindow_change", args=[window.pk]))

    def _fetch(self, request: HttpRequest, object_id: str) -> MobileWindow:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return access(
            MobileWindow.objects.select_related("union"),
            unquote(object_id),
            actor=actor_of(request),
            permission="enrolment.change",
        )

    # -- columns ----------------------------------------------------------------------------------

    @admin.display(description=_("state"))
    def state(self, window: MobileWindow) -> str:
        """Whether it takes people."""
        is_open = window.closed_at is None and window.join_code.is_usable
        return format_html(
            '<span class="portal-chip portal-chip-{}">{}</span>',
            "approved" if is_open else "rejected",
            pgettext("join code", "open") if is_open else pgettext("join code", "closed"),
        )

    @admin.display(description=_("sign-ups"))
    def sign_ups(self, window: Any) -> str:
        """How many applied here, with a link to them."""
        return format_html(
            '<a class="portal-link" href="{}?status=all&join_code={}">{}</a>',
            reverse("admin:members_application_changelist"), window.join_code_id,
            window.sign_up_count,
        )  # fmt: skip
