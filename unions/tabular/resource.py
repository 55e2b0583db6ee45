"""Rows of a table, each through a service: in scope, audited, all or none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import tablib
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.utils.translation import gettext as _
from import_export import fields, resources
from import_export.instance_loaders import BaseInstanceLoader

from core.errors import RuleViolation
from core.normalising import normalise_text
from unions.scope import Actor
from unions.tabular.columns import Column, UnionColumn, labels_in_all_languages, listed


def column(name: str, widget: Column | None = None) -> fields.Field:
    """A column for the model field ``name``."""
    return fields.Field(attribute=name, column_name=name, widget=widget or Column())


class ScopedResource(resources.Resource):
    """A table of records that ``actor`` may write.

    A row that names an existing record (``find``) changes what differs; any other row makes one.
    An empty cell empties what may be empty, and leaves alone what may not.
    Subclasses name ``required`` columns for new records and an ``example`` row for the template,
    and call their services in ``create`` and ``update``.
    """

    required: Sequence[str] = ()
    example: Mapping[str, str] = {}

    class Meta:
        instance_loader_class = BaseInstanceLoader
        skip_diff = True
        store_row_values = True
        clean_model_instances = False
        report_skipped = True

    def __init__(self, actor: Actor) -> None:
        super().__init__()
        self.actor = actor
        self._values: dict[str, Any] = {}
        for field in self.fields.values():
            if isinstance(field.widget, UnionColumn):
                field.widget.actor = actor

    # -- what subclasses say --------------------------------------------------------------------

    def find(self, values: Mapping[str, Any]) -> models.Model | None:
        """The record in scope that the row means, if there is one."""
        raise NotImplementedError

    def create(self, values: dict[str, Any]) -> models.Model:
        """Call the service that makes a record. Raises RuleViolation."""
        raise NotImplementedError

    def update(self, record: Any, changes: dict[str, Any]) -> None:
        """Call the service that changes ``record``. Raises RuleViolation."""
        raise NotImplementedError

    # -- headings -------------------------------------------------------------------------------

    def label(self, name: str) -> str:
        """The heading of a column in the active language."""
        return str(self._meta.model._meta.get_field(name).verbose_name)

    def headings(self) -> list[str]:
        """All headings in the active language."""
        return [self.label(name) for name in self._column_names()]

    def get_export_headers(self, selected_fields: Any = None) -> list[str]:
        """Headings that an import understands again."""
        return self.headings()

    def example_row(self) -> list[str]:
        """One row to show how it is filled in."""
        return [self.example.get(name, "") for name in self._column_names()]

    def dataset(self, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> tablib.Dataset:
        """The rows under the names of our fields.

        Headings may be the field's name or its label in any language. Raises RuleViolation (field
        ``import_file``) for unknown and repeated headings.
        """
        known: dict[str, str] = {}
        for name in self._column_names():
            verbose_name = self._meta.model._meta.get_field(name).verbose_name
            for text in (name, *labels_in_all_languages(verbose_name)):
                known.setdefault(text.lower(), name)
        names = [known.get(normalise_text(header).lower(), "") for header in headers]
        unknown = [header for header, name in zip(headers, names, strict=True) if not name]
        if unknown:
            raise RuleViolation(
                _("Unknown column: %(found)s. Known columns: %(known)s.")
                % {"found": listed(unknown), "known": "、".join(self.headings())},
                field="import_file",
                code="columns",
            )
        if len(set(names)) != len(names):
            raise RuleViolation(
                _("A column stands in the file twice."), field="import_file", code="columns"
            )
        return tablib.Dataset(*[tuple(row) for row in rows], headers=names)

    def _column_names(self) -> list[str]:
        return list(self.fields)

    # -- one row --------------------------------------------------------------------------------

    def _check_import_id_fields(self, headers: Any) -> None:
        """Records are found by ``find``, not by an id column."""

    def get_or_init_instance(self, instance_loader: Any, row: Any) -> tuple[models.Model, bool]:
        """The record meant, and whether it is new. ValidationError says all faults at once."""
        self._values = self._clean_row(row)
        found = self.find(self._values)
        missing = [
            name
            for name in self.required
            if self._values.get(name) in (None, "") and (found is None or self._is_emptied(name))
        ]
        if missing:
            raise ValidationError({name: _("This must be filled in.") for name in missing})
        return (self._meta.model(), True) if found is None else (found, False)

    def _is_emptied(self, name: str) -> bool:
        """Whether the row would take from a record what none can be without."""
        return name in self._values and not self._meta.model._meta.get_field(name).null

    def _clean_row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        faults: dict[str, list[str]] = {}
        for name, cell in row.items():
            try:
                value = self.fields[name].widget.clean(cell, row=row)
                if value not in (None, "") and not isinstance(value, models.Model | list):
                    self._meta.model._meta.get_field(name).run_validators(value)
                values[name] = value
            except ValidationError as error:
                faults[name] = error.messages
            except ValueError as error:
                faults[name] = [str(error)]
        if faults:
            for name in self.required:
                if name in row and name not in faults and values.get(name) in (None, ""):
                    faults[name] = [_("This must be filled in.")]
            raise ValidationError(faults)
        return values

    def import_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        """Nothing: the service sets the fields."""

    def skip_row(
        self, instance: Any, original: Any, row: Any, import_validation_errors: Any = None
    ) -> bool:
        """A row that changes nothing is left alone."""
        return not instance._state.adding and not self._changes(instance)

    def _changes(self, record: Any) -> dict[str, Any]:
        return {
            name: value
            for name, value in self._values.items()
            if self.present_value(record, name) != value and not self._says_nothing(name, value)
        }

    def _says_nothing(self, name: str, value: Any) -> bool:
        """An empty cell of what every record has, and a new one gets by itself: a status."""
        field = self._meta.model._meta.get_field(name)
        return value in (None, "") and not field.null and not field.blank

    def present_value(self, record: Any, name: str) -> Any:
        """What the record holds now, comparable with what a column's ``clean`` gives."""
        return getattr(record, name)

    def do_instance_save(self, instance: Any, is_create: bool) -> None:
        """Through the service, which writes all or nothing of the row by itself.

        Raises ValidationError beside the column.
        """
        try:
            if is_create:
                given = {name: value for name, value in self._values.items() if value is not None}
                instance.__dict__.update(self.create(given).__dict__)
            else:
                self.update(instance, self._changes(instance))
        except RuleViolation as refusal:
            column = refusal.field if refusal.field in self.fields else None
            raise ValidationError({column or NON_FIELD_ERRORS: [str(refusal.message)]}) from refusal

    def save_m2m(self, instance: Any, row: Any, **kwargs: Any) -> None:
        """Nothing: the service did."""
