"""Addresses that keep the state of a dashboard, and key figures as text."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext

from campaigns.models import Metric as Indicated
from reports.asking import NOW, state_of
from reports.models.counts import PERSON_METRICS, Metric
from reports.selectors.groups import word_of
from reports.selectors.key_figures import KeyFigure, RowsAsked, Value
from reports.selectors.marks import ESTABLISHMENT
from reports.selectors.progress import TargetProgress
from reports.templatetags.reports_figures import (
    DASH,
    number,
    percent_text,
    quantity,
    rate_marked,
    rate_text,
    rows_url,
    signed,
    signed_points,
    unit_word,
)
from unions.models import Union

if TYPE_CHECKING:
    from reports.comparing import Side

register = template.Library()

# As in ``reports/progress.py``: what is counted, and whether in the period of the target.
_COUNTED_ROWS: dict[str, tuple[Metric, bool]] = {
    Indicated.NEW_MEMBERS: (Metric.JOINED, True),
    Indicated.ENROLMENT_RATE: (Metric.MEMBERS, False),
    Indicated.UNIONS_ESTABLISHED: (Metric.UNIONS_FOUNDED, True),
    Indicated.STATIONS: (Metric.STATIONS, False),
}


@register.simple_tag(takes_context=True)
def keep(context: template.Context, **changed: Any) -> str:
    """The state of this page as a query, with some words changed; "" takes a word out."""
    return state_of(context["request"].GET, **changed)


@register.simple_tag(takes_context=True)
def here(context: template.Context, **changed: Any) -> str:
    """The dashboard in the state of this page, its ranking on the first page again."""
    query = state_of(context["request"].GET, **{"page": "", **changed})
    return f"{reverse('reports:dashboard')}?{query}" if query else reverse("reports:dashboard")


@register.simple_tag(takes_context=True)
def below(context: template.Context, union_id: int) -> str:
    """The dashboard of another union in the same state; filters were meant for this one."""
    return str(here(context, union=union_id, kind="", status=""))


@register.simple_tag(takes_context=True)
def rows_of(context: template.Context, rows: RowsAsked) -> str:
    """The rows behind a key figure of the page's union and day."""
    return _rows(context, context["union"], context["as_of"].day, rows)


@register.simple_tag(takes_context=True)
def rows_on(
    context: template.Context, day: dt.date, metric: str, since: dt.date | None = None
) -> str:
    """The rows behind a figure of the page's union on another day than the page's."""
    return _rows(context, context["union"], day, RowsAsked(metric, since))


@register.simple_tag(takes_context=True)
def applications_link(
    context: template.Context, step: str, value: int, reason: str = ""
) -> str | SafeString:
    """A figure of the funnel as a link to its applications; plain where there are none."""
    text = number(value)
    if not value:
        return text
    day = context["as_of"].day.isoformat()
    query = keep(context, union=context["union"].pk, day=day, page="", step=step, reason=reason)
    address = f"{reverse('reports:applications')}?{query}"
    return format_html('<a href="{}" data-state>{}</a>', address, text)


@register.simple_tag(takes_context=True)
def led_to(context: template.Context, side: Side, rows: RowsAsked, text: str) -> str | SafeString:
    """A figure of one side of a comparison as a link to its rows.

    Plain where the set of groups was another on that day: then the rows of the day are others.
    """
    if rows.group_set and rows.group_set not in side.sets:
        return text
    return format_html('<a href="{}">{}</a>', _rows(context, side.union, side.day, rows), text)


@register.simple_tag(takes_context=True)
def key_of_side(context: template.Context, side: Side, key: KeyFigure) -> str | SafeString:
    """A key figure of one side of a comparison, with its unit or mark, as a link to its rows."""
    text = key_marked(key)
    if key.value is None:
        return text
    if key.code == ESTABLISHMENT:
        query = keep(context, union=side.union.pk, day=side.day.isoformat(), page="")
        return format_html('<a href="{}?{}">{}</a>', reverse("reports:units"), query, text)
    return led_to(context, side, key.rows, text) if key.rows else text


@register.simple_tag(takes_context=True)
def rows_as_seen(
    context: template.Context, union_id: int, day: dt.date, metric: str, **narrowed: Any
) -> str:
    """As ``rows_url``, of the figure as the page tells it: published, or known now."""
    now = NOW if context["request"].GET.get("view") == NOW else ""
    return str(rows_url(union_id, day, metric, **narrowed, view=now))


def _rows(context: template.Context, union: Union, day: dt.date, rows: RowsAsked) -> str:
    narrowed = {
        "since": rows.since, "breakdown": rows.breakdown, "group_set": rows.group_set,
    }  # fmt: skip
    return rows_as_seen(context, union.pk, day, rows.metric, **narrowed)


@register.filter
def shown(value: Value, unit: str) -> str:
    """A key figure without its unit: "57,768", "+120", "52.10%", "3.41"."""
    if value is None:
        return DASH
    if unit == "ratio":
        return percent_text(Decimal(value))
    if unit == "per_10000":
        return f"{value:,.2f}"
    return signed(value) if unit == "change" else number(value)


@register.filter
def with_unit(value: Value, unit: str) -> str:
    """A smaller figure with its unit: "120 persons", "52.10%"."""
    if unit in ("per_10000", "change"):
        return shown(value, unit)
    return quantity(value, unit)


@register.filter
def changed(value: Value, unit: str) -> str:
    """A difference of key figures with its sign; of ratios in percentage points."""
    if value is None:
        return DASH
    if unit == "ratio":
        return signed_points(Decimal(value))
    if unit == "per_10000":
        return signed(round(Decimal(value), 2))
    return signed(value)


@register.filter
def word_after(unit: str) -> str:
    """The word after a key figure; "" where the figure speaks for itself."""
    if unit == "change":
        return unit_word("person")
    return "" if unit in ("ratio", "per_10000") else unit_word(unit)


@register.filter
def key_marked(key: KeyFigure) -> str | SafeString:
    """A key figure with its unit; a rate with its mark, an unknown figure with the reason."""
    if key.value is None:
        return format_html('<span class="soft">{} {}</span>', DASH, key.missing)
    if key.unit == "ratio":
        return rate_marked(Decimal(key.value))
    return f"{shown(key.value, key.unit)} {word_after(key.unit)}".rstrip()


@register.filter
def reached(row: TargetProgress) -> str:
    """What a target has reached, with its unit; a rate with its mark or its reason."""
    unit = row.target.indicator.unit
    # What was never measured may have a baseline.
    if unit == "ratio" and row.progress is not None:
        return rate_text(row.value)
    return quantity(row.value, unit)


@register.simple_tag
def reached_rows(row: TargetProgress) -> str:
    """The address of the rows behind what a target has reached, on the day it was measured for; ""
    where nothing was, or no records stand for it. Of a rate those of its numerator; of groups those
    of the set's version that the indicator names."""
    target, progress = row.target, row.progress
    counted = _COUNTED_ROWS.get(target.indicator.metric)
    if progress is None or row.value is None or counted is None:
        return ""
    metric, is_of_period = counted
    group_set = target.indicator.group_set
    return str(
        rows_url(
            target.union_id,
            min(progress.day, target.period_end),
            metric,
            group_set=word_of(group_set) if group_set and metric in PERSON_METRICS else "",
            since=target.period_start if is_of_period else None,
        )
    )


@register.filter
def plain(value: Value) -> str:
    """A number for a script: no separators, a point; "" for None."""
    return "" if value is None else format(value, "f") if isinstance(value, Decimal) else str(value)


@register.filter
def duration(days: Decimal | None) -> str:
    """Days as people say them: whole minutes below an hour, hours below two days; a dash for
    None."""
    if days is None:
        return DASH
    hours = days * 24
    if hours * 60 < 1:
        return gettext("under a minute")
    if hours < 1:
        value, word = round(hours * 60, 0), pgettext("after a number", "min")
    elif hours < 48:
        value, word = round(hours, 1), pgettext("after a number", "h")
    else:
        value, word = round(days, 1), pgettext("after a number", "days")
    return f"{number(value)} {word}"


@register.filter
def rounded(value: Value, unit: str) -> str:
    """A computed value to whole units; a dash for None."""
    if value is None or unit == "ratio":
        return shown(value, "ratio")
    return quantity(round(Decimal(value)), unit)
