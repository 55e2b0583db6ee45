"""Big screens: made, their address shown once, revoked."""

from __future__ import annotations

import base64
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy as _

from accounts.models import User
from core.encryption import decrypt, encrypt
from reports.models import ScreenToken
from reports.screens import CHANGE, is_lit, make_screen, revoke_screen
from unions.admin.base import ScopedModelAdmin
from unions.admin.forms import ServiceForm, actor_of
from unions.scope import access

# The token on its way from the form to the next page: sealed, and taken out when it is shown.
_KEPT = "screen_made"
_CONTEXT = "reports.screen_address"


class ScreenForm(ServiceForm):
    """Whose figures, and where."""

    class Meta:
        model = ScreenToken
        fields = ("union", "name")


@admin.register(ScreenToken)
class ScreenTokenAdmin(ScopedModelAdmin):
    """Screens of unions in the viewer's scope."""

    form = ScreenForm
    view_permission = CHANGE
    change_permission = CHANGE
    own_union_fields = ("union",)
    list_display = ("name", "union", "state", "maker", "created_at", "last_used_at")
    list_select_related = ("union", "created_by")
    ordering = ("-created_at", "-id")
    sortable_by = ("created_at", "last_used_at")
    search_fields = ("name", "union__name")
    autocomplete_fields = ("union",)
    change_form_outer_before_template = "admin/reports/screen.html"

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """What is asked for, and afterwards what is known."""
        asked = ("union", "name")
        return asked if obj is None else (*asked, "maker", "created_at", "last_used_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """The maker is text, not a link."""
        return (*super().get_readonly_fields(request, obj), "maker")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A screen is not edited; it is revoked."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With what the state is read from."""
        return super().get_queryset(request).select_related("union", "created_by")

    def create_record(self, request: HttpRequest, values: dict[str, Any]) -> ScreenToken:
        """Make it, and keep its token for the page that follows."""
        if not isinstance(request.user, User):
            raise PermissionDenied
        screen, token = make_screen(actor=request.user, **values)
        sealed = base64.b64encode(encrypt(token, context=_CONTEXT)).decode()
        request.session[_KEPT] = [screen.pk, sealed]
        return screen

    def response_add(
        self, request: HttpRequest, obj: ScreenToken, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the address."""
        return HttpResponseRedirect(reverse("admin:reports_screentoken_change", args=[obj.pk]))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """With the address, the first time after it was made."""
        context: dict[str, Any] = {**(extra_context or {})}
        screen = self.get_object(request, unquote(object_id))
        if screen is not None:
            context["is_lit"] = is_lit(screen)
            kept = request.session.get(_KEPT)
            if kept and kept[0] == screen.pk:
                del request.session[_KEPT]
                token = decrypt(base64.b64decode(kept[1]), context=_CONTEXT)
                page = reverse("reports:screen-open", args=[token])
                context["screen_address"] = settings.PUBLIC_BASE_URL + page
        response = super().change_view(request, object_id, form_url, context)
        response["Cache-Control"] = "private, no-store"
        return response

    # -- acts -------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """Also revoking."""
        return [*self.act_urls(revoke=self.revoke_view), *super().get_urls()]

    def revoke_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Close it for good."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        screen = access(
            ScreenToken.objects.select_related("union"),
            unquote(object_id),
            actor=actor_of(request),
            permission=CHANGE,
        )
        if request.method != "POST":
            return self.only_by_button(request, screen.pk)
        revoke_screen(screen, actor=actor_of(request))
        self.message_user(request, gettext("The screen is revoked."), messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:reports_screentoken_change", args=[screen.pk]))

    # -- columns ----------------------------------------------------------------------------------

    @admin.display(description=_("made by"))
    def maker(self, screen: ScreenToken) -> str:
        """Whose sight the screen has."""
        return str(screen.created_by)

    @admin.display(description=_("state"))
    def state(self, screen: ScreenToken) -> SafeString:
        """Whether it is revoked; whether its maker may still see the union says the record."""
        return format_html(
            '<span class="portal-chip portal-chip-{}">{}</span>',
            "rejected" if screen.revoked_at else "approved",
            gettext("revoked") if screen.revoked_at else gettext("in force"),
        )
