"""The table of reported figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from reports.metrics import REPORTED_NAMES
from reports.models import ReportedFigure
from reports.services import record_figure, update_figure
from unions.tabular.columns import (
    Choice,
    Column,
    DateColumn,
    DecimalNumber,
    GroupSetColumn,
    UnionColumn,
    cell_text,
    labels_in_all_languages,
    shortened,
)
from unions.tabular.resource import ScopedResource, column


class MetricColumn(Column):
    """A reported metric by its name in either language or its code."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        """The code."""
        text = cell_text(value)
        for code, name in REPORTED_NAMES.items():
            if text in (code, *labels_in_all_languages(name)):
                return code
        if not text:
            return ""
        raise ValueError(_("“%(value)s” is not in the list.") % {"value": shortened(text)})

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        """The name in the active language."""
        return str(REPORTED_NAMES.get(value, value))


class ReportedFigureResource(ScopedResource):
    """Figures are recognised by union, metric, group set and day."""

    union = column("union", UnionColumn("figures.change"))
    metric = column("metric", MetricColumn())
    group_set = column("group_set", GroupSetColumn())
    value = column("value", DecimalNumber())
    unit = column("unit", Choice(ReportedFigure.Unit))
    as_of = column("as_of", DateColumn())
    source = column("source")
    note = column("note")

    required = ("union", "metric", "value", "unit", "as_of", "source")
    example = {
        "union": "（工会名称或代码）",
        "metric": "members",
        "value": "57768",
        "unit": "person",
        "as_of": "2023-09-06",
        "source": "月报",
    }

    class Meta(ScopedResource.Meta):
        model = ReportedFigure

    def find(self, values: Mapping[str, Any]) -> ReportedFigure | None:
        """By what makes a figure one."""
        if not all(values.get(name) for name in ("union", "metric", "as_of")):
            return None
        rows = ReportedFigure.objects.visible_to(self.actor, "figures.change")
        return (
            rows.filter(
                union=values["union"],
                metric=values["metric"],
                as_of=values["as_of"],
                group_set=values.get("group_set"),
            )
            .select_related("union", "group_set")
            .first()
        )

    def create(self, values: dict[str, Any]) -> ReportedFigure:
        """Record."""
        return record_figure(actor=self.actor, **values)

    def update(self, record: ReportedFigure, changes: dict[str, Any]) -> None:
        """Change what differs."""
        update_figure(record, actor=self.actor, **changes)
