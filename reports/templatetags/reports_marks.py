"""The mark of a figure whose books do not agree: words in a tag, the same on every page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from reports.selectors.marks import Marks, Rests, books_note, rests_on

register = template.Library()

# In the tables of a paper stands this behind a marked figure; below it, what it means.
SIGN = "※"


def signed_as(differ: object) -> str:
    """The sign of a figure whose books differ, else ""."""
    return SIGN if differ else ""


def sign_note(texts: Iterable[object]) -> str:
    """What the sign means, if it stands in one of ``texts``; else ""."""
    if not any(SIGN in str(text) for text in texts):
        return ""
    return _("%(sign)s Books differ: those behind the figure did not agree when checked.") % {
        "sign": SIGN
    }


@register.filter
def books_tag(differ: bool) -> str | SafeString:
    """The mark behind a figure; "" where its books agree."""
    note = books_note(differ)
    return format_html(' <span class="tag tag-danger books">{}</span>', note) if note else ""


@register.simple_tag(takes_context=True)
def mark(
    context: template.Context,
    unions: int | Iterable[int],
    behind: str | Rests,
    breakdowns: str | Iterable[str] = "",
    *,
    day: dt.date | None = None,
) -> str | SafeString:
    """The mark of a figure of ``unions`` on ``day`` (default: that of the page), if it has one.

    ``behind``: what it rests on, or a metric, of one or more ``breakdowns``. Raises KeyError on a
    page without ``marks``: nothing goes unmarked because nobody looked.
    """
    marks: Marks = context["marks"]
    on = day or _day_of(context)
    counts = rests_on(behind, breakdowns) if isinstance(behind, str) else behind
    return books_tag(marks.differ(unions, counts, on))


@register.inclusion_tag("reports/_books.html", takes_context=True)
def books_notice(context: template.Context, differ: bool | None = None) -> dict[str, Any]:
    """Says what the mark means, where anything on the page may bear it."""
    if differ is None:
        differ = context["marks"].anything_by(_day_of(context))
    return {"differ": differ}


def _day_of(context: template.Context) -> dt.date:
    day: dt.date = context["as_of"].day
    return day
