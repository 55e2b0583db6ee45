"""What every page of the officials' site has in common: scope, services, trail.

* What may be seen and done follows from ``unions.scope``, never from Django's permissions.
* What is out of scope answers 404, whatever the method.
* Saving calls a service. A RuleViolation rolls everything back and shows the page again with the
  refusal beside its field.
* Nothing is deleted, and Django's own log of changes stays empty: the trail is ``AuditEntry``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, NoReturn

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.db import models, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin

from audit.models import AuditEntry
from audit.services import log
from core.errors import RuleViolation
from core.pagination import BoundedPaginator
from unions.admin.forms import (
    Refused,
    RowRefused,
    ServiceForm,
    actor_of,
    without_link,
    without_related_links,
)
from unions.admin.pages import back_to_the_button
from unions.models import Union
from unions.scope import ScopedQuerySet, can, grants_of, scope_filter

HISTORY_ROWS = 200


class PortalModelAdmin(ModelAdmin):
    """A page of the site: paging, history, no deletion. Who may see it, subclasses say."""

    form: type[forms.ModelForm] = ServiceForm
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 50
    list_fullwidth = True
    save_on_top = False
    warn_unsaved_form = True
    object_history_template = "admin/audit_history.html"

    # -- pages of its own ------------------------------------------------------------------------

    def act_urls(self, **views: Callable[..., HttpResponseBase]) -> list[URLPattern]:
        """``<pk>/<name>/`` for each view by name, called ``<app>_<model>_<name>``; staff only."""
        return [
            path(
                f"<path:object_id>/{name}/",
                self.admin_site.admin_view(view),
                name=f"{self.opts.app_label}_{self.opts.model_name}_{name}",
            )
            for name, view in views.items()
        ]

    def only_by_button(self, request: HttpRequest, key: object) -> HttpResponse:
        """The answer to anything but POST at an address that only acts on the record of ``key``:
        the record has the button, see ``back_to_the_button``."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return back_to_the_button(request, reverse(name, args=[key]))

    # -- saving -----------------------------------------------------------------------------

    def create_record(self, request: HttpRequest, values: dict[str, Any]) -> models.Model:
        """Call the service that makes a record of ``values``. Raises RuleViolation."""
        raise PermissionDenied

    def update_record(self, request: HttpRequest, record: Any, changes: dict[str, Any]) -> None:
        """Call the service that changes ``record``. Raises RuleViolation."""
        raise PermissionDenied

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """As Django's; a refusal of a service leaves nothing written and shows the page again."""
        if request.method == "POST":
            try:
                with transaction.atomic():
                    return super().changeform_view(request, object_id, form_url, extra_context)
            except RowRefused as refusal:
                request.refused = refusal.refused  # type: ignore[attr-defined]
            except RuleViolation as refusal:
                request.refused = Refused(  # type: ignore[attr-defined]
                    refusal.field, str(refusal.message)
                )
        return super().changeform_view(request, object_id, form_url, extra_context)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """The form, with the refusal of the attempt before, if there was one."""
        form = super().get_form(request, obj, change=change, **kwargs)
        form.refusal = getattr(request, "refused", None)
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Hand over to the service."""
        if change:
            changes = form.changes()
            if changes:
                self.update_record(request, obj, changes)
        else:
            stored = self.create_record(request, dict(form.cleaned_data))
            # The response speaks of ``obj``: it becomes the stored row.
            obj.__dict__.update(stored.__dict__)

    def save_related(self, request: Any, form: Any, formsets: Any, change: bool) -> None:
        """Only the inlines: relations of the record itself went through its service."""
        for formset in formsets:
            self.save_formset(request, form, formset, change=change)

    def response_action(self, request: HttpRequest, queryset: Any) -> Any:
        """As Django's; keys that cannot be keys are a bad request, not a fault of the server."""
        try:
            for key in request.POST.getlist(ACTION_CHECKBOX_NAME):
                self.opts.pk.to_python(key)
        except ValidationError as error:
            raise BadRequest from error
        return super().response_action(request, queryset)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Without buttons that add or change related records in a window of their own."""
        return without_related_links(super().formfield_for_dbfield(db_field, request, **kwargs))

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only the page's own filters, and links that name a related record by its key.

        Django allows any comparison with any column of the table: by the rows that come back, a
        hidden one, such as the hash of a password, could be read letter by letter.
        """
        name, _separator, comparison = lookup.partition("__")
        columns = {field.name: field for field in self.opts.get_fields()}
        filters = {
            getattr(item, "parameter_name", item[0] if isinstance(item, tuple) else item)
            for item in self.list_filter
        }
        is_link = not comparison and name in columns and columns[name].is_relation
        known = name not in columns or name in filters or is_link
        return known and super().lookup_allowed(lookup, value, request)

    # -- trail ------------------------------------------------------------------------------

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Nothing: the service wrote an AuditEntry."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Nothing: the service wrote an AuditEntry."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        """Nothing is deleted."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The record's audit entries that the viewer may read, newest first."""
        record = self.get_object(request, unquote(object_id))
        if record is None:
            self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_permission(request, record):
            raise PermissionDenied
        readable = scope_filter(actor_of(request), "audit.view", "union_path")
        entries = AuditEntry.objects.filter(
            object_type=self.opts.label_lower, object_id=str(record.pk)
        )
        entries = entries.none() if readable is None else entries.filter(readable)
        context = {
            **self.admin_site.each_context(request),
            "title": _("History"),
            "subtitle": str(record),
            "entries": entries.select_related("actor")[:HISTORY_ROWS],
            "object": record,
            "opts": self.opts,
            **(extra_context or {}),
        }
        return TemplateResponse(request, self.object_history_template, context)

    # -- what is not there ------------------------------------------------------------------

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: records are closed, ended or dissolved."""
        return False

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> NoReturn:
        # Django would redirect to its index with a message.
        raise Http404

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether the app is listed: whenever this list may be seen."""
        return self.has_view_permission(request)


class ScopedModelAdmin(PortalModelAdmin):
    """Records of unions: the viewer's subtree and nothing else.

    ``view_permission`` and ``change_permission`` are names of ``unions.permissions``; without the
    second the records are read only. ``scope_path`` is needed only where the model has no scoped
    queryset of its own.
    """

    view_permission: str
    change_permission: str | None = None
    scope_path: str = ""

    def __init__(self, model: type[models.Model], admin_site: Any) -> None:
        super().__init__(model, admin_site)
        # A relation that is shown only may lead out of the viewer's scope, where there is nothing.
        self.readonly_preprocess_fields = {
            field.name: without_link for field in model._meta.fields if field.is_relation
        }

    def get_scope_path(self) -> str:
        """The lookup from the model to the tree path it belongs to."""
        rows = self.model._default_manager.all()
        return self.scope_path or (rows.scope_path if isinstance(rows, ScopedQuerySet) else "")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """The rows in the viewer's scope."""
        rows = super().get_queryset(request)
        condition = scope_filter(actor_of(request), self.view_permission, self.get_scope_path())
        return rows.none() if condition is None else rows.filter(condition)

    def union_of(self, record: models.Model) -> Union:
        """The union whose scope ``record`` belongs to."""
        *steps, _path = self.get_scope_path().split("__")
        found: Any = reduce(getattr, steps, record)
        union: Union = found
        return union

    def _holds(self, request: HttpRequest, permission: str | None, record: Any) -> bool:
        union = self.union_of(record) if record is not None and record.pk else None
        return permission is not None and can(actor_of(request), permission, union)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """May the viewer read ``obj`` (anything at all when None)?"""
        return self._holds(request, self.view_permission, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """May the viewer change ``obj`` (anything at all when None)?"""
        return self._holds(request, self.change_permission, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """May the viewer record anything anywhere?"""
        return self._holds(request, self.change_permission, None)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        """Also the relations that point out of the viewer's scope: they can be read, not set."""
        given = super().get_readonly_fields(request, obj)
        if obj is None or self.change_permission is None:
            return given
        return (*given, *self._fields_pointing_outside(request, obj))

    def _fields_pointing_outside(self, request: HttpRequest, obj: models.Model) -> list[str]:
        actor = actor_of(request)
        return [
            field.name
            for field in self.opts.fields
            if field.remote_field is not None
            and field.remote_field.model is Union
            and getattr(obj, field.attname) is not None
            and not can(actor, self.choice_permission(field.name), getattr(obj, field.name))
        ]

    def choice_permission(self, field_name: str) -> str:
        """What the viewer must hold at a union to choose it for ``field_name``."""
        return self.change_permission or self.view_permission

    def choice_queryset(self, request: HttpRequest, field: Any) -> models.QuerySet[Any] | None:
        """The rows that may be chosen for a relation; None stands for all."""
        rows = field.remote_field.model._default_manager.all()
        if isinstance(rows, ScopedQuerySet):
            return rows.visible_to(actor_of(request), self.choice_permission(field.name))
        return None

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Choices in scope; what is sent in is checked against the same rows."""
        if "queryset" not in kwargs:
            rows = self.choice_queryset(request, db_field)
            if rows is not None:
                kwargs["queryset"] = rows
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """An official of a single union needs not choose it: the union fields begin with it."""
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        grants = grants_of(actor_of(request), self.change_permission)
        if len(grants) == 1 and grants[0].path:
            own = int(grants[0].path.rstrip("/").rpartition("/")[2])
            for name in self.own_union_fields:
                initial.setdefault(name, own)
        return initial

    own_union_fields: Sequence[str] = ()


class ReadOnlyAdmin(ScopedModelAdmin):
    """Records in scope that are made elsewhere."""

    change_permission = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never."""
        return False


class OperatorAdmin(PortalModelAdmin):
    """Tables of the system, for its operators (superusers) alone."""

    form = forms.ModelForm
    read_only = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Operators only."""
        return bool(request.user.is_active and request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Operators only, unless the table is written elsewhere."""
        return not self.read_only and self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """As for changing."""
        return self.has_change_permission(request)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Store the row itself; the act is logged by ``log_addition`` and ``log_change``."""
        obj.save()

    def save_related(self, request: Any, form: Any, formsets: Any, change: bool) -> None:
        """As Django's."""
        form.save_m2m()
        super().save_related(request, form, formsets, change)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """An operator's act is logged here: code lists have no services."""
        self._log(request, obj, "added", message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """An operator's act is logged here: code lists have no services."""
        self._log(request, obj, "changed", message)

    def _log(self, request: HttpRequest, obj: models.Model, verb: str, message: Any) -> None:
        fields = [
            name
            for part in message
            if isinstance(part, dict)
            for detail in part.values()
            for name in detail.get("fields", ())
        ]
        with transaction.atomic():
            log(actor_of(request), f"{self.opts.model_name}.{verb}", obj, {"fields": fields})
