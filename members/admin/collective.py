"""Collective registration: upload, look at every row, send the links, watch the answers."""

from __future__ import annotations

import base64
import secrets
from typing import Any

import redis
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy as _, ngettext
from unfold.widgets import UnfoldAdminFileFieldWidget

from accounts.models import User
from core.encryption import decrypt, encrypt
from core.errors import RuleViolation
from members.admin.entry import union_field, unions_to_enrol_in
from members.collective_table import (
    HEADINGS,
    MOST_ROWS,
    REQUIRED,
    ListRow,
    example_row,
    headings,
    read_list,
)
from members.models import CollectiveEntry, CollectiveRegistration
from members.services.collective import progress_of, register_list, resend_links
from unions.admin.base import ScopedModelAdmin
from unions.admin.pages import CHOOSE_AGAIN, back_to_the_button
from unions.models import Union
from unions.scope import access
from unions.tabular.columns import shortened
from unions.tabular.files import XLSX_TYPE, read_table, write_workbook

FILE_LIFETIME = 3600  # seconds between preview and confirmation
FILE_CONTEXT = "members.collective_file"
PREVIEW_ROWS = 100
ENTRIES_SHOWN = MOST_ROWS


class ListForm(forms.Form):
    """Whose list, and the table."""

    import_file = forms.FileField(
        label=_("File (.xlsx or .csv)"),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".xlsx,.csv"}),
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields = {"union": union_field(request), **self.fields}


@admin.register(CollectiveRegistration)
class CollectiveRegistrationAdmin(ScopedModelAdmin):
    """Lists of unions in the viewer's scope."""

    view_permission = "enrolment.change"
    change_permission = "enrolment.change"
    list_display = ("file_name", "union", "uploaded_at", "answers")
    list_select_related = ("union",)
    ordering = ("-uploaded_at",)
    sortable_by = ("uploaded_at",)
    fields = ("union", "file_name", "uploader", "uploaded_at")
    readonly_fields = ("uploader", "uploaded_at")
    change_form_outer_before_template = "admin/members/collective.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the numbers of people asked and confirmed."""
        confirmed = Q(entries__status=CollectiveEntry.Status.CONFIRMED)
        return (
            super()
            .get_queryset(request)
            .annotate(
                entry_count=Count("entries"), confirmed_count=Count("entries", filter=confirmed)
            )
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A list is not edited: each person answers for themselves."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """Template, confirmation, and sending again."""
        own = [
            ("template/", self.template_view, "template"),
            ("confirm/", self.confirm_view, "confirm"),
            ("<path:object_id>/resend/", self.resend_view, "resend"),
        ]
        pages = [
            path(
                route, self.admin_site.admin_view(view), name=f"members_collectiveregistration_{n}"
            )
            for route, view, n in own
        ]
        return [*pages, *super().get_urls()]

    # -- uploading --------------------------------------------------------------------------------

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Upload a list and see what is in it, row by row. Writes nothing."""
        self._ensure_may(request)
        sent = request.method == "POST"
        form = (
            ListForm(request.POST, request.FILES, request=request)
            if sent
            else ListForm(request=request)
        )
        context: dict[str, Any] = {}
        if sent and form.is_valid():
            upload = form.cleaned_data["import_file"]
            try:
                content = upload.read()
                rows = read_list(read_table(upload.name, content))
                context["preview"] = _preview(rows)
                if not any(row.faults for row in rows):
                    union = form.cleaned_data["union"]
                    context["token"] = _keep(request, union, upload.name, content)
                    context["union"] = union
            except RuleViolation as refusal:
                form.add_error("import_file", str(refusal.message))
        return self._upload_page(request, form, context)

    def confirm_view(self, request: HttpRequest) -> HttpResponse:
        """Keep the list that was looked at, and send everybody on it their link."""
        self._ensure_may(request)
        if request.method != "POST":
            page = reverse("admin:members_collectiveregistration_add")
            return back_to_the_button(request, page, str(CHOOSE_AGAIN))
        kept = _take(request, request.POST.get("token", ""))
        if kept is None or not isinstance(request.user, User):
            messages.error(request, gettext("The file is no longer kept. Please choose it again."))
            return HttpResponseRedirect(reverse("admin:members_collectiveregistration_add"))
        union_id, name, content = kept
        try:
            union = access(unions_to_enrol_in(request), union_id, actor=request.user)
            rows = read_list(read_table(name, content))
            registration = register_list(union, rows, file_name=name, actor=request.user)
        except RuleViolation as refusal:
            messages.error(request, str(refusal.message))
            return HttpResponseRedirect(reverse("admin:members_collectiveregistration_add"))
        n = len(rows)
        text = ngettext(
            "The list is registered; %d link is on its way.",
            "The list is registered; %d links are on their way.",
            n,
        )
        messages.success(request, text % n)
        return HttpResponseRedirect(
            reverse("admin:members_collectiveregistration_change", args=[registration.pk])
        )

    def template_view(self, request: HttpRequest) -> HttpResponse:
        """An empty workbook with the headings and one row as an example."""
        self._ensure_may(request)
        return HttpResponse(
            write_workbook(headings(), [example_row()]),
            content_type=XLSX_TYPE,
            headers={"Content-Disposition": 'attachment; filename="collective-template.xlsx"'},
        )

    def _ensure_may(self, request: HttpRequest) -> None:
        if not self.has_add_permission(request):
            raise PermissionDenied

    def _upload_page(
        self, request: HttpRequest, form: ListForm, context: dict[str, Any]
    ) -> HttpResponse:
        return TemplateResponse(
            request,
            "admin/members/collective_upload.html",
            {
                **self.admin_site.each_context(request),
                "title": gettext("Collective registration"),
                "opts": self.opts,
                "form": form,
                "media": form.media,
                "headings": headings(),
                "required": [str(HEADINGS[name]) for name in REQUIRED],
                "row_limit": MOST_ROWS,
                "template_url": reverse("admin:members_collectiveregistration_template"),
                "confirm_url": reverse("admin:members_collectiveregistration_confirm"),
                "list_url": reverse("admin:members_collectiveregistration_changelist"),
                **context,
            },
        )

    # -- watching ---------------------------------------------------------------------------------

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """With where everybody on the list stands."""
        context: dict[str, Any] = {**(extra_context or {})}
        registration = self.get_object(request, unquote(object_id))
        if isinstance(registration, CollectiveRegistration):
            entries = registration.entries.select_related("worker_group", "application")
            context["progress"] = progress_of(registration)
            context["entries"] = entries[:ENTRIES_SHOWN]
        return super().change_view(request, object_id, form_url, context)

    def resend_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send a new link to everybody who has not answered."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = CollectiveRegistration.objects.all()
        registration = access(
            rows, unquote(object_id), actor=request.user, permission="enrolment.change"
        )
        if request.method != "POST":
            return self.only_by_button(request, registration.pk)
        if not isinstance(request.user, User):
            raise PermissionDenied
        try:
            n = resend_links(registration, actor=request.user)
        except RuleViolation as refusal:
            self.message_user(request, str(refusal.message), messages.ERROR)
        else:
            text = ngettext("%d new link is on its way.", "%d new links are on their way.", n)
            self.message_user(request, text % n, messages.SUCCESS)
        return HttpResponseRedirect(
            reverse("admin:members_collectiveregistration_change", args=[registration.pk])
        )

    @admin.display(description=_("uploaded by"))
    def uploader(self, registration: CollectiveRegistration) -> str:
        """Who sent the list in."""
        return str(registration.uploaded_by)

    @admin.display(description=_("confirmed"))
    def answers(self, registration: Any) -> str:
        """Confirmed of all."""
        return format_html("{} / {}", registration.confirmed_count, registration.entry_count)


def _preview(rows: list[ListRow]) -> dict[str, Any]:
    """What the page shows: the rows in question first, then the others up to a limit."""
    names = [name for name in HEADINGS if any(name in row.cells for row in rows)]
    entries = [
        {
            "line": row.line,
            "kind": "new",
            "cells": [
                {"value": shortened(row.shown(n)), "faults": row.faults.get(n, [])} for n in names
            ],
            "faults": row.faults.get("", []),
            "is_faulty": bool(row.faults),
        }
        for row in rows
    ]
    entries.sort(key=lambda entry: not entry["is_faulty"])
    return {
        "headings": [str(HEADINGS[name]) for name in names],
        "rows": entries[:PREVIEW_ROWS],
        "total": len(rows),
        "faulty": sum(bool(row.faults) for row in rows),
        "shown": min(len(rows), PREVIEW_ROWS),
    }


def _keep(request: HttpRequest, union: Union, name: str, content: bytes) -> str:
    """Keep the file, encrypted, until it is confirmed. RuleViolation when there is nowhere to."""
    token = secrets.token_urlsafe(16)
    sealed = encrypt(base64.b64encode(content).decode(), context=FILE_CONTEXT)
    try:
        cache.set(_key(request, token), (union.pk, name, sealed), FILE_LIFETIME)
    except redis.RedisError as error:
        raise RuleViolation(
            gettext("The file cannot be kept right now. Please try again later."),
            field="import_file",
        ) from error
    return token


def _take(request: HttpRequest, token: str) -> tuple[int, str, bytes] | None:
    """The kept file, once."""
    if not token.replace("-", "").replace("_", "").isalnum():
        return None
    try:
        kept = cache.get(_key(request, token))
        cache.delete(_key(request, token))
    except redis.RedisError:
        return None
    if not isinstance(kept, tuple):
        return None
    union_id, name, sealed = kept
    return union_id, name, base64.b64decode(decrypt(sealed, context=FILE_CONTEXT))


def _key(request: HttpRequest, token: str) -> str:
    return f"collective:{request.user.pk}:{token}"
