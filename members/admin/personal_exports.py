"""Exports with personal data: asking, deciding, downloading."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils.translation import gettext, gettext_lazy as _

from accounts.models import User
from core.errors import RuleViolation
from core.streamed_workbook import stream_workbook
from members.models import PersonalExport
from members.services.personal_export import (
    ASK,
    VALID_DAYS,
    ask_export,
    decidable_by,
    decide_export,
    exported_memberships,
    start_download,
    why_not_download,
)
from unions.admin.base import ReadOnlyAdmin
from unions.admin.forms import actor_of
from unions.admin.pages import LookedAtOnly
from unions.scope import access, can

ONE_BUTTON = {"show_save_and_add_another": False, "show_save_and_continue": False}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@admin.register(PersonalExport)
class PersonalExportAdmin(LookedAtOnly, ReadOnlyAdmin):
    """Requests over unions of the viewer's scope."""

    view_permission = ASK
    list_display = ("union", "purpose", "asker", "asked_at", "status", "decider", "downloads")
    list_filter = ("status",)
    list_select_related = ("union", "asked_by", "decided_by")
    sortable_by = ()
    fields = ("union", "purpose")
    own_union_fields = ("union",)
    autocomplete_fields = ("union",)

    @admin.display(description=_("Asked for by"))
    def asker(self, export: PersonalExport) -> str:
        """Who wants it."""
        return str(export.asked_by)

    @admin.display(description=_("decided by"), empty_value="—")
    def decider(self, export: PersonalExport) -> str | None:
        """The second person."""
        return str(export.decided_by) if export.decided_by else None

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whoever may ask anywhere."""
        return can(actor_of(request), ASK)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A new request is typed in."""
        return () if obj is None else super().get_readonly_fields(request, obj)

    def create_record(self, request: HttpRequest, values: dict[str, Any]) -> models.Model:
        """Ask."""
        actor = actor_of(request)
        assert isinstance(actor, User)
        return ask_export(values["union"], purpose=values["purpose"], actor=actor)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One request at a time: a single button."""
        return super().add_view(request, form_url, {**(extra_context or {}), **ONE_BUTTON})

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> Any:
        """On to its page."""
        self.message_user(
            request,
            gettext("Asked for. Another official, in charge of this union, has to allow it."),
            messages.SUCCESS,
        )
        return self._back(obj)

    def get_urls(self) -> list[URLPattern]:
        """With the acts."""
        own = self.act_urls(decide=self.decide_view, download=self.download_view)
        return [*own, *super().get_urls()]

    def decide_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Allow or refuse."""
        export = self._fetch(request, object_id)
        if request.method != "POST":
            return self.only_by_button(request, export.pk)
        actor = actor_of(request)
        assert isinstance(actor, User)
        try:
            decide_export(export, allow=request.POST.get("decision") == "allow", actor=actor)
        except RuleViolation as refusal:
            self.message_user(request, str(refusal.message), messages.ERROR)
        return self._back(export)

    def download_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The workbook, as an answer to a POST: no link that could be opened by itself."""
        export = self._fetch(request, object_id)
        if request.method != "POST":
            return self.only_by_button(request, export.pk)
        try:
            download = start_download(export, actor=actor_of(request))
        except RuleViolation as refusal:
            self.message_user(request, str(refusal.message), messages.ERROR)
            return self._back(export)
        answer = StreamingHttpResponse(
            stream_workbook(download.title, download.rows), content_type=XLSX
        )
        answer["Content-Disposition"] = f'attachment; filename="{download.file_name}"'
        return answer

    def _fetch(self, request: HttpRequest, object_id: str) -> PersonalExport:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return access(
            PersonalExport.objects.select_related("union", "asked_by", "decided_by"),
            unquote(object_id),
            actor=actor_of(request),
            permission=ASK,
        )

    def _back(self, export: PersonalExport) -> HttpResponse:
        return HttpResponseRedirect(
            reverse("admin:members_personalexport_change", args=[export.pk])
        )

    def _page(self, request: HttpRequest, export: PersonalExport) -> HttpResponse:
        actor = actor_of(request)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Export of personal data %(number)s") % {"number": export.pk},
            "opts": self.opts,
            "original": export,
            "export": export,
            "may_decide": decidable_by(export, actor),
            "is_asker": export.asked_by == actor,
            "refusal": why_not_download(export, actor),
            "row_count": exported_memberships(export, actor).count(),
            "valid_days": VALID_DAYS,
        }
        return TemplateResponse(request, "admin/members/personal_export.html", context)
