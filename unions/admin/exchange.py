"""Import and export of a list: upload, look at what would happen, confirm; download what is shown.

Rows go through the resource of the list, hence through services, scope and trail. A file is
imported whole or not at all.
"""

from __future__ import annotations

import secrets
from typing import Any, cast

import redis
import structlog
from django import forms
from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _, gettext_lazy
from import_export.admin import ExportMixin
from import_export.results import Result, RowResult
from unfold.widgets import UnfoldAdminFileFieldWidget

from accounts.models import User
from audit.services import log
from core.clock import local_today
from core.errors import RuleViolation
from unions.admin.forms import actor_of
from unions.admin.pages import CHOOSE_AGAIN, back_to_the_button
from unions.tabular.columns import cell_text, shortened
from unions.tabular.files import (
    CSV_TYPE,
    ROW_LIMIT,
    XLSX_TYPE,
    read_table,
    write_csv,
    write_workbook,
)
from unions.tabular.resource import ScopedResource

EXPORT_LIMIT = 50_000
PREVIEW_ROWS = 100
FILE_LIFETIME = 3600  # seconds between preview and confirmation

diagnostics = structlog.get_logger("portal.exchange")


class ImportFileForm(forms.Form):
    """One table."""

    import_file = forms.FileField(
        label=gettext_lazy("File (.xlsx or .csv)"),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".xlsx,.csv"}),
    )


class ExchangeMixin(ExportMixin):
    """Adds import, template and export to a ``ScopedModelAdmin`` with one resource class."""

    change_list_template = "admin/exchange/change_list.html"
    import_export_change_list_template = "admin/exchange/change_list.html"

    # -- who ----------------------------------------------------------------------------------

    def has_import_permission(self, request: HttpRequest) -> bool:
        """Whoever may add records one by one may add many."""
        return bool(self.has_add_permission(request))

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Whoever sees the list may take it along."""
        return bool(self.has_view_permission(request))

    def _resource(self, request: HttpRequest) -> ScopedResource:
        resource: ScopedResource = self.resource_classes[0](actor=actor_of(request))
        return resource

    # -- addresses ----------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """Four pages beside the list."""
        info = "_".join(self.get_model_info())
        pages = [
            ("import/", self.import_action, "import"),
            ("import/confirm/", self.process_import, "process_import"),
            ("import/template/", self.import_template, "import_template"),
            ("export/", self.export_action, "export"),
        ]
        own = [
            path(route, self.admin_site.admin_view(view), name=f"{info}_{name}")
            for route, view, name in pages
        ]
        return [*own, *super(ExportMixin, self).get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Tell the page which buttons to show."""
        context = {
            **(extra_context or {}),
            "has_import_permission": self.has_import_permission(request),
        }
        return super().changelist_view(request, context)

    # -- import -------------------------------------------------------------------------------

    def import_action(self, request: HttpRequest) -> HttpResponse:
        """Upload a file and see, row by row, what importing it would do. Writes nothing."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        sent = request.method == "POST"
        form = ImportFileForm(request.POST, request.FILES) if sent else ImportFileForm()
        context: dict[str, Any] = {}
        if sent and form.is_valid():
            upload = form.cleaned_data["import_file"]
            try:
                content = upload.read()
                result = self._run(request, upload.name, content, dry_run=True)
                if not _faulty(result):
                    context["token"] = _keep(request, upload.name, content)
                context["preview"] = self._preview(request, result)
            except RuleViolation as refusal:
                form.add_error("import_file", str(refusal.message))
        return self._import_page(request, form, context)

    def process_import(self, request: HttpRequest) -> HttpResponse:
        """Import the file that was looked at: all its rows or, if one is refused now, none."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return back_to_the_button(request, self._address("import"), str(CHOOSE_AGAIN))
        form = ImportFileForm()
        kept = _take(request, request.POST.get("token", ""))
        if kept is None:
            messages.error(request, _("The file is no longer kept. Please choose it again."))
            return HttpResponseRedirect(self._address("import"))
        try:
            result = self._run(request, *kept, dry_run=False)
        except RuleViolation as refusal:
            messages.error(request, str(refusal.message))
            return HttpResponseRedirect(self._address("import"))
        if _faulty(result):
            return self._import_page(request, form, {"preview": self._preview(request, result)})
        totals = result.totals
        messages.success(
            request,
            _("Imported: %(new)s new, %(changed)s changed, %(same)s unchanged.")
            % {
                "new": totals[RowResult.IMPORT_TYPE_NEW],
                "changed": totals[RowResult.IMPORT_TYPE_UPDATE],
                "same": totals[RowResult.IMPORT_TYPE_SKIP],
            },
        )
        return HttpResponseRedirect(self._address("changelist"))

    def _run(self, request: HttpRequest, name: str, content: bytes, *, dry_run: bool) -> Result:
        resource = self._resource(request)
        table = read_table(name, content)
        result: Result = resource.import_data(
            resource.dataset(table.headers, table.rows),
            dry_run=dry_run,
            raise_errors=False,
            use_transactions=True,
            rollback_on_validation_errors=True,
        )
        for line, row in zip(table.lines, result.rows, strict=True):
            row.line = line
        return result

    def import_template(self, request: HttpRequest) -> HttpResponse:
        """An empty workbook with the headings and one row as an example."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        resource = self._resource(request)
        content = write_workbook(resource.headings(), [resource.example_row()])
        return _attachment(content, XLSX_TYPE, f"{self.opts.model_name}-template.xlsx")

    def _import_page(
        self, request: HttpRequest, form: forms.Form, context: dict[str, Any]
    ) -> TemplateResponse:
        resource = self._resource(request)
        return TemplateResponse(
            request,
            "admin/exchange/import.html",
            {
                **self.admin_site.each_context(request),
                "title": _("Import"),
                "subtitle": str(self.opts.verbose_name_plural),
                "opts": self.opts,
                "form": form,
                "headings": resource.headings(),
                "required": [resource.label(name) for name in resource.required],
                "row_limit": f"{ROW_LIMIT:,}",
                "template_url": self._address("import_template"),
                "confirm_url": self._address("process_import"),
                "list_url": self._address("changelist"),
                **context,
            },
        )

    def _preview(self, request: HttpRequest, result: Result) -> dict[str, Any]:
        """What the page shows: the rows in question first, then the others up to a limit."""
        resource = self._resource(request)
        names: list[str] = []
        faulty: list[dict[str, Any]] = []
        sound: list[dict[str, Any]] = []
        for row in result.rows:
            values = row.row_values or {}
            names = names or list(values)
            faults = self._faults(resource, row)
            entry = {
                "line": row.line,
                "kind": row.import_type,
                "cells": [
                    {"value": shortened(cell_text(values[name])), "faults": faults.get(name, [])}
                    for name in names
                ],
                "faults": faults.get(NON_FIELD_ERRORS, []),
            }
            (faulty if faults else sound).append(entry)
        totals = result.totals
        return {
            "headings": [resource.label(name) for name in names],
            "rows": [*faulty, *sound][:PREVIEW_ROWS],
            "total": len(result.rows),
            "faulty": len(faulty),
            "new": totals[RowResult.IMPORT_TYPE_NEW],
            "changed": totals[RowResult.IMPORT_TYPE_UPDATE],
            "same": totals[RowResult.IMPORT_TYPE_SKIP],
            "shown": min(len(result.rows), PREVIEW_ROWS),
        }

    @staticmethod
    def _faults(resource: ScopedResource, row: RowResult) -> dict[str, list[str]]:
        if row.validation_error is not None:
            error = row.validation_error
            if not hasattr(error, "error_dict"):
                return {NON_FIELD_ERRORS: list(error.messages)}
            shown = row.row_values or {}
            faults: dict[str, list[str]] = {}
            for name, texts in error.message_dict.items():
                if name in shown or name == NON_FIELD_ERRORS:
                    faults.setdefault(name, []).extend(texts)
                else:
                    # The column is missing from the file: say which.
                    faults.setdefault(NON_FIELD_ERRORS, []).extend(
                        f"{resource.label(name)}: {text}" for text in texts
                    )
            return faults
        if row.errors:
            # Of an unforeseen error the type is logged, never the content of the row.
            for error in row.errors:
                diagnostics.error("import row failed", error=type(error.error).__name__)
            return {NON_FIELD_ERRORS: [_("This row could not be read.")]}
        return {}

    # -- export -------------------------------------------------------------------------------

    def export_action(self, request: HttpRequest) -> HttpResponse:
        """Download the list as it is filtered, as ``.xlsx`` or with ``?format=csv`` as ``.csv``."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        as_csv = request.GET.get("format") == "csv"
        filters: Any = request.GET.copy()
        filters.pop("format", None)
        request.GET = filters
        rows = list(self.get_export_queryset(request)[: EXPORT_LIMIT + 1])
        if len(rows) > EXPORT_LIMIT:
            messages.error(
                request,
                _("The list has more than %(limit)s rows. Narrow it by a filter or a search.")
                % {"limit": f"{EXPORT_LIMIT:,}"},
            )
            return HttpResponseRedirect(self._address("changelist"))
        dataset = self._resource(request).export(queryset=rows)
        with transaction.atomic():
            log(
                actor_of(request),
                "list.exported",
                cast(User, request.user),
                {"list": self.opts.label_lower, "rows": len(rows)},
            )
        name = f"{self.opts.model_name}-{local_today():%Y%m%d}"
        if as_csv:
            return _attachment(write_csv(dataset.headers, dataset), CSV_TYPE, f"{name}.csv")
        return _attachment(write_workbook(dataset.headers, dataset), XLSX_TYPE, f"{name}.xlsx")

    def _address(self, page: str) -> str:
        return reverse(f"admin:{'_'.join(self.get_model_info())}_{page}")


def _faulty(result: Result) -> bool:
    return bool(result.has_errors() or result.has_validation_errors())


def _attachment(content: bytes, content_type: str, name: str) -> HttpResponse:
    return HttpResponse(
        content,
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _keep(request: HttpRequest, name: str, content: bytes) -> str:
    """Keep the file until it is confirmed. Raises RuleViolation when there is nowhere to."""
    token = secrets.token_urlsafe(16)
    try:
        cache.set(_key(request, token), (name, content), FILE_LIFETIME)
    except redis.RedisError as error:
        raise RuleViolation(
            _("The file cannot be kept right now. Please try again later."), field="import_file"
        ) from error
    return token


def _take(request: HttpRequest, token: str) -> tuple[str, bytes] | None:
    """The kept file, once."""
    if not token.replace("-", "").replace("_", "").isalnum():
        return None
    try:
        kept = cache.get(_key(request, token))
        cache.delete(_key(request, token))
    except redis.RedisError:
        return None
    return kept if isinstance(kept, tuple) else None


def _key(request: HttpRequest, token: str) -> str:
    return f"import:{request.user.pk}:{request.path.split('/import/')[0]}:{token}"
