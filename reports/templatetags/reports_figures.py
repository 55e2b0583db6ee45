"""Numbers and links as the dashboard shows them."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import pgettext

from campaigns.models import Metric as IndicatorMetric
from reports import metrics
from reports.ratios import percent, rate_note

register = template.Library()

DASH, MINUS = "—", "−"  # longer than the hyphen of programs


@register.filter
def number(value: Decimal | int | None) -> str:
    """1234567 → "1,234,567", −1 → "−1"; a dash for None. Decimals keep what they have, without
    idle zeros."""
    if value is None:
        return DASH
    if isinstance(value, Decimal):
        value = value.normalize() if value != value.to_integral_value() else int(value)
    return f"{value:,}".replace("-", MINUS)


@register.filter
def signed(value: Decimal | int | None) -> str:
    """+12, −3, 0; a dash for None."""
    if value is None:
        return DASH
    return f"+{number(value)}" if value > 0 else number(value)


@register.filter(name="percent")
def percent_text(share: Decimal | None) -> str:
    """0.06381 → "6.38%"; a dash for None."""
    return DASH if share is None else f"{percent(share):,}%".replace("-", MINUS)


def rate_text(rate: Decimal | None) -> str:
    """A rate with its mark or its reason: "52.10%", "200.00% · over 100%", "— no baseline"."""
    note = rate_note(rate)
    if rate is None:
        return f"{DASH} {note}"
    return f"{percent_text(rate)} · {note}" if note else percent_text(rate)


@register.filter
def rate_marked(rate: Decimal | None) -> str | SafeString:
    """What ``rate_text`` says, with the mark as a tag and the reason in grey."""
    note = rate_note(rate)
    if rate is None:
        return format_html('<span class="soft">{} {}</span>', DASH, note)
    if not note:
        return percent_text(rate)
    return format_html('{} <span class="tag tag-warning">{}</span>', percent_text(rate), note)


@register.filter
def whole_percent(share: Decimal | None) -> str:
    """0.8 → "80%", halves up; a dash for None."""
    if share is None:
        return DASH
    return f"{(share * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP):,}%"


@register.filter
def signed_points(share: Decimal | None) -> str:
    """A difference of ratios in percentage points: −0.0014 → "−0.14"."""
    return DASH if share is None else signed(percent(share))


@register.filter
def bar(share: Decimal | None) -> str:
    """A ratio as the width of a bar in percent, 0–100, with a point as CSS wants it."""
    if share is None:
        return "0"
    return str(min(max(percent(share), Decimal(0)), Decimal(100)))


@register.filter
def css(value: Decimal | None) -> str:
    """A number for a style attribute, whatever the language."""
    return "0" if value is None else str(value)


@register.filter
def pace(value: Decimal | None) -> str:
    """A pace with two decimals; a dash for None."""
    return DASH if value is None else f"{value:.2f}"


@register.filter
def quantity(value: Decimal | int | None, unit: str) -> str:
    """A value with its unit: "12,000 persons", "80.00%"."""
    if value is None:
        return DASH
    if unit == "ratio":
        return percent_text(Decimal(value))
    return f"{number(value)} {unit_word(unit)}"


@register.filter
def difference(value: Decimal | None, unit: str) -> str:
    """A difference with its sign; of ratios in percentage points."""
    return signed_points(value) if unit == "ratio" else signed(value)


@register.filter
def unit_word(unit: str) -> str:
    """The short word after a number."""
    words = {
        "person": pgettext("after a number", "persons"),
        "union": pgettext("after a number", "unions"),
        "station": pgettext("after a number", "stations"),
        "enterprise": pgettext("after a number", "enterprises"),
        "checkup": pgettext("after a number", "check-ups"),
        "yuan": pgettext("after a number", "yuan"),
    }
    return words.get(unit, unit)


@register.inclusion_tag("reports/_metric_link.html")
def metric_link(code: str) -> dict[str, Any]:
    """The little link beside a figure that leads to its definition.

    Raises KeyError for a code that is not in the registry.
    """
    return {"metric": metrics.metric_of(code)}


# What an indicator of a campaign counts → the figure of the registry. Others have no records here.
_COUNTED_AS = {
    IndicatorMetric.NEW_MEMBERS: "joined",
    IndicatorMetric.ENROLMENT_RATE: "enrolment_rate",
    IndicatorMetric.UNIONS_ESTABLISHED: "unions_founded",
    IndicatorMetric.STATIONS: "stations",
}


@register.inclusion_tag("reports/_definitions.html")
def indicator_definition(metric: str) -> dict[str, Any]:
    """The definition of what an indicator counts, where there is one."""
    code = _COUNTED_AS.get(IndicatorMetric(metric))
    return {"metrics": [metrics.metric_of(code)] if code else [], "is_bare": True}


@register.inclusion_tag("reports/_definitions.html")
def definitions(*codes: str) -> dict[str, Any]:
    """What the figures of a block mean, a link for each. Raises KeyError like ``metric_link``."""
    return {"metrics": [metrics.metric_of(code) for code in codes]}


# What a union reports under another word than the figure has here.
_REPORTED_AS = {"members": "reported_members"}


@register.inclusion_tag("reports/_definitions.html")
def reported_definition(metric: str) -> dict[str, Any]:
    """The definition of a reported figure, where the registry has it."""
    code = _REPORTED_AS.get(metric, metric)
    return {"metrics": [one for one in metrics.METRICS if one.code == code], "is_bare": True}


@register.simple_tag
def reported_name(metric: str) -> metrics.Text:
    """The name of a reported metric."""
    return metrics.reported_name(metric)


@register.simple_tag
def family_name(code: str) -> metrics.Text:
    """The name of a family of union kinds."""
    return metrics.family_name(code)


@register.simple_tag
def rows_url(union_id: int, day: dt.date, metric: str, **narrowed: Any) -> str:
    """The address of the rows behind a figure; ``narrowed``: breakdown, group_set, since."""
    given = {key: str(value) for key, value in narrowed.items() if value}
    query = {"union": str(union_id), "day": day.isoformat(), "metric": metric, **given}
    return f"{reverse('reports:rows')}?{urlencode(query)}"


@register.simple_tag
def dashboard_url(union_id: int, day: dt.date, newest: dt.date | None = None) -> str:
    """The dashboard of a union on the same day; the newest day needs no mention."""
    query: dict[str, Any] = {"union": union_id}
    if day != newest:
        query["day"] = day.isoformat()
    return f"{reverse('reports:dashboard')}?{urlencode(query)}"


@register.simple_tag
def quality_url(
    union_id: int, day: dt.date | None = None, newest: dt.date | None = None, kind: str = ""
) -> str:
    """The page of a union's quality signals, on the same day and of the same kind."""
    query: dict[str, Any] = {"union": union_id}
    if day != newest and day is not None:
        query["day"] = day.isoformat()
    if kind:
        query["signal"] = kind
    return f"{reverse('reports:quality')}?{urlencode(query)}"


@register.inclusion_tag("reports/_sort_header.html", takes_context=True)
def sort_header(context: template.Context, key: str, label: str, current: str) -> dict[str, Any]:
    """A column heading that sorts the table by ``key``: a link, so that it needs no script."""
    request = context["request"]
    is_current = current.removeprefix("-") == key
    is_descending = is_current and current.startswith("-")
    # Figures are asked for from the top, names from A.
    first = key if key in ("name", "union", "period", "indicator") else f"-{key}"
    wanted = (key if is_descending else f"-{key}") if is_current else first
    query = request.GET.copy()
    query["sort"] = wanted
    query.pop("page", None)
    return {
        "label": label,
        "url": f"?{query.urlencode()}#{context.get('sorted_table', '')}",
        "state": ("descending" if is_descending else "ascending") if is_current else "none",
        "is_numeric": key not in ("name", "union", "period", "indicator"),
    }
