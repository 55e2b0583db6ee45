"""Expulsions filed upward: the committees' decisions of a union and all unions below it."""

from __future__ import annotations

import mimetypes
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext, gettext_lazy as _

from audit.services import log
from members.enums import EventType
from members.models import DecisionPaper
from unions.admin.base import ReadOnlyAdmin
from unions.admin.forms import actor_of
from unions.scope import access, can


@admin.register(DecisionPaper)
class DecisionPaperAdmin(ReadOnlyAdmin):
    """Decisions of unions in the viewer's scope, the newest first."""

    view_permission = "members.view"
    list_display = ("number", "union", "decided_on", "expelled", "filed_on", "scan")
    list_filter = ("decided_on",)
    list_select_related = ("union",)
    search_fields = ("number",)
    ordering = ("-id",)
    sortable_by = ()
    fields = (("number", "union"), ("decided_on", "filed_on"), "expelled", "scan")
    readonly_fields = ("expelled", "filed_on", "scan")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the entries they belong to."""
        rows = super().get_queryset(request)
        return rows.prefetch_related("events__membership__member", "events__corrections")

    def get_urls(self) -> list[URLPattern]:
        """With the scan, which lies behind the log-in."""
        return [*self.act_urls(scan=self.scan_view), *super().get_urls()]

    def scan_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The file, shown and not kept; that somebody looked is logged."""
        actor = actor_of(request)
        if not can(actor, self.view_permission):
            raise PermissionDenied
        paper = access(
            DecisionPaper.objects.select_related("union"),
            unquote(object_id),
            actor=actor,
            permission=self.view_permission,
        )
        try:
            with paper.file.open("rb") as file:
                content = file.read()  # at most 10 MB
        except FileNotFoundError as error:
            raise Http404 from error
        with transaction.atomic():
            log(actor, "decision.seen", paper, union_path=paper.union.path)
        kind = mimetypes.guess_type(str(paper.file.name))[0] or "application/octet-stream"
        response = HttpResponse(content, content_type=kind)
        response["Content-Disposition"] = f'inline; filename="decision-{paper.pk}"'
        response["Cache-Control"] = "no-store"
        response["Content-Security-Policy"] = "sandbox"
        response["X-Content-Type-Options"] = "nosniff"
        return response

    @admin.display(description=_("expelled"))
    def expelled(self, paper: DecisionPaper) -> str:
        """Who, from when, with a link; a corrected entry is struck out."""
        return (
            format_html_join(
                ", ",
                '<a class="portal-link" href="{}">{}</a> ({}){}',
                (
                    (
                        reverse("admin:members_membership_change", args=[event.membership_id]),
                        event.membership.member.name,
                        event.effective_on.isoformat(),
                        f" {gettext('corrected')}" if event.corrections.all() else "",
                    )
                    for event in paper.events.all()
                    if event.type == EventType.EXPELLED
                ),
            )
            or "—"
        )

    @admin.display(description=_("filed"), ordering="uploaded_at")
    def filed_on(self, paper: DecisionPaper) -> str:
        """When the union filed it."""
        return f"{paper.uploaded_at:%Y-%m-%d}"

    @admin.display(description=_("scan"))
    def scan(self, paper: DecisionPaper) -> str:
        """The file."""
        return format_html(
            '<a class="portal-link" href="{}">{}</a>',
            reverse("admin:members_decisionpaper_scan", args=[paper.pk]),
            gettext("Open"),
        )
