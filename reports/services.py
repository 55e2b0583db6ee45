"""Writes on what unions report themselves."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _, gettext_lazy

from core.errors import RuleViolation
from reference.models import GroupSet
from reports.models import ReportedFigure
from unions.models import Union
from unions.records import change_record, insert_record, refuse_unknown, required_text
from unions.scope import Actor

_FIELDS = ("union", "metric", "group_set", "value", "unit", "as_of", "source", "note")
_REFUSALS = {
    "reports_reported_figure_unique": RuleViolation(
        gettext_lazy("This union already reported this figure for this day."),
        field="as_of",
        code="duplicate",
    ),
}


def record_figure(
    *,
    union: Union,
    metric: str,
    value: Decimal,
    unit: str,
    as_of: dt.date,
    source: str,
    group_set: GroupSet | None = None,
    note: str = "",
    actor: Actor,
    is_demo: bool = False,
) -> ReportedFigure:
    """Record what ``union`` says about itself, with its paper; a ratio lies between 0 and 1.

    It stands beside the register and is never added to it. Raises RuleViolation beside ``union``
    (out of scope), ``value``, ``source`` or ``as_of`` (reported already).
    """
    _check_value(value, unit)
    figure = ReportedFigure(
        union=union,
        metric=metric,
        group_set=group_set,
        value=value,
        unit=unit,
        as_of=as_of,
        source=required_text(source, "source"),
        note=note.strip(),
        is_demo=is_demo,
    )
    return insert_record(
        figure,
        permission="figures.change",
        action="figure.recorded",
        actor=actor,
        refusals=_REFUSALS,
        keeper_field="union",
    )


def update_figure(figure: ReportedFigure, *, actor: Actor, **changes: Any) -> ReportedFigure:
    """Change fields of ``figure``; refusals as for ``record_figure``."""
    refuse_unknown(changes, _FIELDS)
    if "source" in changes:
        changes["source"] = required_text(changes["source"], "source")
    # As stored: the one that was passed may be of a page that shows what somebody changed since.
    stored = ReportedFigure.objects.get(pk=figure.pk)
    _check_value(changes.get("value", stored.value), changes.get("unit", stored.unit))
    return change_record(
        figure,
        changes,
        permission="figures.change",
        action="figure.updated",
        actor=actor,
        refusals=_REFUSALS,
        keeper_field="union",
    )


def _check_value(value: Decimal, unit: str) -> None:
    if value < 0:
        raise RuleViolation(_("This cannot be negative."), field="value")
    if unit == ReportedFigure.Unit.RATIO:
        if value > 1:
            raise RuleViolation(
                _("A ratio lies between 0 and 1: enter 0.0636 for 6.36 %."), field="value"
            )
    elif unit != ReportedFigure.Unit.YUAN and value != int(value):
        raise RuleViolation(_("Enter a whole number."), field="value")
