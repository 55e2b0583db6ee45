"""The terms of a briefing: numbers of sections, dates, values, names of indicators and periods."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.utils import formats
from django.utils.translation import get_language, gettext as _, pgettext

from campaigns.models import Unit
from reports.briefings.content import Briefing, Sheet
from reports.templatetags.reports_figures import DASH, number, percent_text, unit_word

_NUMERALS = "一二三四五六七八九十"
LONGEST_TITLE_LINE = 21  # characters of 22 pt on a line of 156 mm


def is_chinese() -> bool:
    """The page is in Chinese: numbers and units stand together, sections count 一, 二, 三."""
    return (get_language() or "zh").startswith("zh")


def numeral(count: int) -> str:
    """The number of a section: 一 … 九十九, or 1, 2, 3."""
    if not is_chinese():
        return str(count)
    tens, ones = divmod(count, 10)
    if not tens:
        return _NUMERALS[ones - 1]
    return ("" if tens == 1 else _NUMERALS[tens - 1]) + "十" + (_NUMERALS[ones - 1] if ones else "")


def heading(count: int, text: str) -> str:
    """A heading of the first order: 一、总体进展."""
    return f"{numeral(count)}、{text}" if is_chinese() else f"{count}. {text}"


def subheading(count: int, text: str) -> str:
    """A heading of the second order: （一）新发展会员."""
    return f"（{numeral(count)}）{text}" if is_chinese() else f"({count}) {text}"


def date_text(day: dt.date) -> str:
    """2024年3月15日, or 15 March 2024."""
    if is_chinese():
        return f"{day.year}年{day.month}月{day.day}日"
    return formats.date_format(day, "j F Y")


def amount(value: Decimal | int | None, unit: str) -> str:
    """A value with its unit: 12,000人, 80.00%."""
    if value is None:
        return DASH
    if unit == Unit.RATIO:
        return percent_text(Decimal(value))
    return f"{number(value)}{'' if is_chinese() else ' '}{unit_word(unit)}"


def title(briefing: Briefing) -> str:
    """What the circular is about."""
    return _("Briefing on the progress of “%(name)s”") % {"name": briefing.campaign.name}


def as_of_text(briefing: Briefing) -> str:
    """Up to which day the figures go."""
    return _("(as of %(day)s)") % {"day": date_text(briefing.day)}


def title_lines(briefing: Briefing) -> list[str]:
    """A long title breaks behind the name of the campaign, as titles of circulars do."""
    text = title(briefing)
    head, quote, tail = text.rpartition("”")
    if len(text) <= LONGEST_TITLE_LINE or not tail:
        return [text]
    return [head + quote, tail.strip()]


def indicator_name(sheet: Sheet) -> str:
    """The indicator, and its groups where the name does not hold them."""
    indicator = sheet.indicator
    if indicator.group_set is None or indicator.group_set.name in indicator.name:
        return indicator.name
    return _brackets(indicator.name, indicator.group_set.name)


def period_text(sheet: Sheet) -> str:
    """2024年度, 2023—2025年, or both days."""
    first, last = sheet.period_start, sheet.period_end
    if (first.month, first.day, last.month, last.day) == (1, 1, 12, 31):
        if first.year == last.year:
            return pgettext("period", "%(year)s") % {"year": first.year}
        return pgettext("period", "%(first)s–%(last)s") % {"first": first.year, "last": last.year}
    return _("%(first)s to %(last)s") % {"first": date_text(first), "last": date_text(last)}


def sheet_name(sheet: Sheet) -> str:
    """The indicator and its period."""
    return _brackets(sheet.indicator.name, period_text(sheet))


def full_name(sheet: Sheet) -> str:
    """The indicator, its groups and its period."""
    if indicator_name(sheet) == sheet.indicator.name or sheet.indicator.group_set is None:
        return sheet_name(sheet)
    comma = "，" if is_chinese() else ", "
    return _brackets(
        sheet.indicator.name, f"{sheet.indicator.group_set.name}{comma}{period_text(sheet)}"
    )


def _brackets(text: str, inside: str) -> str:
    return f"{text}（{inside}）" if is_chinese() else f"{text} ({inside})"
