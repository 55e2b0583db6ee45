"""Join codes: made, opened, closed, printed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch, URLPattern, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy as _, ngettext, pgettext

from core.clock import local_today
from core.errors import RuleViolation
from members.admin.linked_codes import UNUSED_BELOW
from members.enums import JoinChannel
from members.models import Application, JoinCode
from members.services.join_codes import create_join_code, set_join_code_active, unused
from unions.admin.base import ScopedModelAdmin
from unions.admin.forms import MOST_DIGITS, ServiceForm, actor_of
from unions.enums import UnionStatus
from unions.models import Union
from unions.scope import access

CHOSEN_CHANNELS = (JoinChannel.QR, JoinChannel.ONLINE, JoinChannel.PLATFORM)


class JoinCodeForm(ServiceForm):
    """Whose code, where it hangs, how long it works."""

    class Meta:
        model = JoinCode
        fields = ("union", "channel", "label", "employer", "valid_until")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        channel: Any = self.fields.get("channel")
        if channel is not None:
            # Windows, lists and the like make codes of their own.
            channel.choices = [
                (value, label) for value, label in JoinChannel.choices if value in CHOSEN_CHANNELS
            ]


@admin.register(JoinCode)
class JoinCodeAdmin(ScopedModelAdmin):
    """Codes of unions in the viewer's scope."""

    form = JoinCodeForm
    view_permission = "join_codes.view"
    change_permission = "join_codes.change"
    own_union_fields = ("union",)
    list_display = (
        "code", "union", "label", "channel_label", "state", "valid_until", "sign_ups", "poster",
    )  # fmt: skip
    list_filter = ("is_active", "channel")
    list_select_related = ("union",)
    search_fields = ("code__startswith", "label", "union__name")
    search_help_text = _("Code, place or name of the union")
    ordering = ("-id",)
    autocomplete_fields = ("union", "employer")
    fields = ("union", ("label", "channel"), "employer", "valid_until")
    actions = ("open_selected", "close_selected")
    change_form_outer_before_template = "admin/members/join_code.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the number of sign-ups."""
        # Counted for the rows of the page alone: a join would count for every code in scope.
        of_code = Application.objects.filter(join_code=OuterRef("pk")).order_by()
        counted = of_code.values("join_code").annotate(number=Count("*")).values("number")
        return super().get_queryset(request).annotate(sign_up_count=Coalesce(Subquery(counted), 0))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A printed code is not edited; it is opened and closed."""
        return False

    def has_toggle_permission(self, request: HttpRequest) -> bool:
        """May the viewer open and close codes anywhere?"""
        return self.has_add_permission(request)

    def choice_queryset(self, request: HttpRequest, field: Any) -> QuerySet[Any] | None:
        """Unions that stand and enrol members."""
        rows = super().choice_queryset(request, field)
        if rows is None or field.name != "union":
            return rows
        return rows.filter(kind__enrols_members=True, status=UnionStatus.ACTIVE)

    def create_record(self, request: HttpRequest, values: dict[str, Any]) -> JoinCode:
        """Make a code."""
        return create_join_code(actor=actor_of(request), **values)

    def response_add(
        self, request: HttpRequest, obj: JoinCode, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the new code: it is to be printed now."""
        if "_addanother" in request.POST:
            return super().response_add(request, obj, post_url_continue)
        self.message_user(
            request,
            gettext("The code %(code)s is ready to be printed.") % {"code": obj.code},
            messages.SUCCESS,
        )
        return HttpResponseRedirect(reverse("admin:members_joincode_change", args=[obj.pk]))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The code with its picture and files."""
        context = {
            "may_toggle": self.has_toggle_permission(request),
            "files": code_files(object_id),
            **(extra_context or {}),
        }
        return super().change_view(request, object_id, form_url, context)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """For an ``UnusedCodeSelect`` those alone that may be tied to a campaign of that union."""
        key = request.GET.get(UNUSED_BELOW)
        if key is not None:
            is_key = key.isdecimal() and len(key) <= MOST_DIGITS
            below = Union.objects.filter(pk=key).first() if is_key else None
            if below is None:
                return queryset.none(), False
            free = JoinCode.objects.usable_on(local_today()).filter(
                union__path__startswith=below.path,
                union__status=UnionStatus.ACTIVE,
                campaign_link__isnull=True,
            )
            queryset = queryset.filter(pk__in=unused(free))
        return super().get_search_results(request, queryset, search_term)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Also the links from campaigns and stations, which this app does not know."""
        linked = ("campaign_link__campaign", "station_link__station")
        return lookup in linked or super().lookup_allowed(lookup, value, request)

    # -- opening and closing --------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """Also the switch of one code."""
        return [*self.act_urls(switch=self.switch_view), *super().get_urls()]

    def switch_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Open a closed code, close an open one."""
        if not self.has_toggle_permission(request):
            raise PermissionDenied
        code = access(
            JoinCode.objects.select_related("union"),
            unquote(object_id),
            actor=actor_of(request),
            permission="join_codes.change",
        )
        if request.method != "POST":
            return self.only_by_button(request, code.pk)
        set_join_code_active(code, is_active=not code.is_active, actor=actor_of(request))
        self.message_user(
            request,
            gettext("The code accepts sign-ups again.")
            if code.is_active
            else gettext("The code no longer accepts sign-ups."),
            messages.SUCCESS,
        )
        return HttpResponseRedirect(reverse("admin:members_joincode_change", args=[code.pk]))

    @admin.action(description=_("Open for sign-ups"), permissions=["toggle"])
    def open_selected(self, request: HttpRequest, queryset: QuerySet[JoinCode]) -> None:
        """Open each."""
        self._switch_together(request, queryset, is_active=True)

    @admin.action(description=_("Close for sign-ups"), permissions=["toggle"])
    def close_selected(self, request: HttpRequest, queryset: QuerySet[JoinCode]) -> None:
        """Close each."""
        self._switch_together(request, queryset, is_active=False)

    def _switch_together(
        self, request: HttpRequest, queryset: QuerySet[JoinCode], *, is_active: bool
    ) -> None:
        done = 0
        for code in queryset.select_related("union").exclude(is_active=is_active):
            try:
                set_join_code_active(code, is_active=is_active, actor=actor_of(request))
                done += 1
            except RuleViolation as refusal:
                self.message_user(request, f"{code.code}: {refusal}", messages.ERROR)
        text = (
            ngettext("%d code opened.", "%d codes opened.", done)
            if is_active
            else ngettext("%d code closed.", "%d codes closed.", done)
        )
        self.message_user(request, text % done, messages.SUCCESS)

    # -- columns --------------------------------------------------------------------------------

    @admin.display(description=_("way of joining"), ordering="channel")
    def channel_label(self, code: JoinCode) -> str:
        """In words."""
        return code.get_channel_display()

    @admin.display(description=_("state"), ordering="is_active")
    def state(self, code: JoinCode) -> str:
        """Whether a scan leads to the form today."""
        return format_html(
            '<span class="portal-chip portal-chip-{}">{}</span>',
            "approved" if code.is_usable else "rejected",
            pgettext("join code", "open") if code.is_usable else pgettext("join code", "closed"),
        )

    @admin.display(description=_("sign-ups"))
    def sign_ups(self, code: Any) -> str:
        """How many applied through it, with a link to them."""
        return format_html(
            '<a class="portal-link" href="{}?status=all&join_code={}">{}</a>',
            reverse("admin:members_application_changelist"), code.pk, code.sign_up_count,
        )  # fmt: skip

    @admin.display(description=_("poster"))
    def poster(self, code: JoinCode) -> str:
        """The file to print."""
        address = code_files(code.pk).get("poster")
        if not address:
            return "—"
        return format_html('<a class="portal-link" href="{}">PDF</a>', address)


def code_files(key: object) -> dict[str, str]:
    """Where the picture and the poster of a code are; those pages are the public site's."""
    files = {}
    for name in ("svg", "png", "poster"):
        try:
            files[name] = reverse(f"members:join_code_{name}", args=[key])
        except NoReverseMatch:
            continue
    return files


__all__ = ["JoinCodeAdmin", "JoinCodeForm", "code_files"]
