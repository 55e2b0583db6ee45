"""Rows below a record."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from unfold.admin import TabularInline

from unions.admin.forms import without_related_links


class ScopedTabularInline(TabularInline):
    """Rows below a record of the viewer's scope; the parent page decides who may change them."""

    extra = 0
    hide_title = True
    show_change_link = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever sees the page sees its rows."""
        return True

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As the page."""
        return bool(self._page().has_change_permission(request, obj))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As the page."""
        return bool(self._page().has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """No: overridden where rows are plans rather than records."""
        return False

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Without buttons that add or change related records in a window of their own.

        The heading of the column is no label to a screen reader: each box says it itself.
        """
        field = without_related_links(super().formfield_for_dbfield(db_field, request, **kwargs))
        if field is not None and field.label:
            field.widget.attrs.setdefault("aria-label", field.label)
        return field

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """The rows, with the refusal of the attempt before, if there was one."""
        formset = super().get_formset(request, obj, **kwargs)
        formset.form.refusal = getattr(request, "refused", None)
        return formset

    def _page(self) -> Any:
        return self.admin_site.get_model_admin(self.parent_model)


class ReadOnlyInline(ScopedTabularInline):
    """Rows to look at."""

    can_delete = False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False
