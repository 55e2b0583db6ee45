"""The sentences of a briefing: exact figures, the same words every time."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.utils.translation import gettext as _, ngettext, pgettext

from campaigns.models import Unit
from reports.briefings.content import MISSED, Briefing, Line, Sheet
from reports.briefings.terms import amount, date_text, is_chinese
from reports.metrics import metric_of
from reports.models import CampaignProgress
from reports.templatetags.reports_figures import number, pace, percent_text

EARLIER = "†"  # in the tables, behind a value that was measured before the day
# What the definitions at the end explain.
EXPLAINED = ("target_share", "time_elapsed", "pace")


def opening(briefing: Briefing) -> str:
    """Who reports what, and from where the figures come."""
    campaign = briefing.campaign
    has_rates = any(sheet.indicator.unit == Unit.RATIO for sheet in briefing.sheets)
    return _(
        "%(owner)s runs “%(name)s” from %(first)s to %(last)s. The progress of all units as of "
        "%(day)s is made known below. All figures are computed from the register by the "
        "definitions at the end; %(besides)s"
    ) % {
        "besides": _("rates are divided by the workers that were counted (baseline).")
        if has_rates
        else _("none was reported by hand."),
        "owner": campaign.owner.name,
        "name": campaign.name,
        "first": date_text(campaign.starts_on),
        "last": date_text(campaign.ends_on),
        "day": date_text(briefing.day),
    }


def overview(sheet: Sheet, day: dt.date, *, has_signs: bool) -> list[str]:
    """The sentences on one indicator and period. ``has_signs``: tables sign by ``EARLIER`` what was
    measured before the day, others say it in a note."""
    return [
        text
        for text in (
            _own(sheet, day),
            _working_days(sheet.own) if sheet.own else "",
            _sum_below(sheet),
            _left(sheet),
            _states(sheet),
            _doubts(sheet),
            _earlier(sheet, EARLIER if has_signs else str(_("see the notes"))),
            _outlook(sheet.own, sheet.indicator.unit) if sheet.own else "",
        )
        if text
    ]


def _own(sheet: Sheet, day: dt.date) -> str:
    passed = (min(day, sheet.period_end) - sheet.period_start).days + 1
    if sheet.own is None:
        return _(
            "The issuing union has set itself no target here. %(passed)d of %(days)d days have "
            "passed, %(time)s of the time."
        ) % {
            "passed": passed,
            "days": sheet.days,
            "time": percent_text(Decimal(passed) / sheet.days),
        }
    row = sheet.own.progress
    if row.progress is None:
        return _(
            "Target %(target)s. Nothing has been measured yet: the night counts it. %(passed)d of "
            "%(days)d days have passed, %(time)s of the time."
        ) % {
            "target": amount(sheet.own.target_value, sheet.indicator.unit),
            "passed": passed,
            "days": sheet.days,
            "time": percent_text(row.time_elapsed),
        }
    if row.value is None:
        return _(
            "Target %(target)s. How far it is cannot be said: there is no baseline, or no record "
            "of it in this portal yet. %(passed)d of %(days)d days have passed, %(time)s of the "
            "time."
        ) % {
            "target": amount(sheet.own.target_value, sheet.indicator.unit),
            "passed": passed,
            "days": sheet.days,
            "time": percent_text(row.time_elapsed),
        }
    if row.share is None:
        return _(
            "Target %(target)s, reached %(value)s: of a target of 0 there is no share. %(passed)d "
            "of %(days)d days have passed, %(time)s of the time."
        ) % {
            "target": amount(sheet.own.target_value, sheet.indicator.unit),
            "value": amount(row.value, sheet.indicator.unit),
            "passed": passed,
            "days": sheet.days,
            "time": percent_text(row.time_elapsed),
        }
    return _(
        "Target %(target)s, reached %(value)s: %(share)s of the target. %(passed)d of %(days)d "
        "days have passed, %(time)s of the time. Pace %(pace)s, status: %(status)s."
    ) % {
        "target": amount(sheet.own.target_value, sheet.indicator.unit),
        "value": amount(row.value, sheet.indicator.unit),
        "share": percent_text(row.share),
        "passed": passed,
        "days": sheet.days,
        "time": percent_text(row.time_elapsed),
        "pace": pace(row.pace),
        "status": row.status_label,
    }


def _sum_below(sheet: Sheet) -> str:
    if sheet.promised is None or sheet.done is None:
        return ""
    unit = sheet.indicator.unit
    texts = [
        ngettext(
            "Next below, %(count)d unit has a target: %(promised)s, of which %(done)s have been "
            "reached (%(share)s).",
            "Next below, %(count)d units have targets: %(promised)s together, of which %(done)s "
            "have been reached (%(share)s).",
            len(sheet.next_below),
        )
        % {
            "count": len(sheet.next_below),
            "promised": amount(sheet.promised, unit),
            "done": amount(sheet.done, unit),
            "share": percent_text(sheet.done_share),
        }
    ]
    # Where targets are left out nothing can be said of the sum of all.
    if sheet.own and not sheet.left:
        texts.append(_difference(sheet.promised - sheet.own.target_value, unit))
    return ("" if is_chinese() else " ").join(texts)


def _difference(difference: Decimal, unit: str) -> str:
    if difference > 0:
        text = _("Their targets come to %(difference)s more than the one above.")
    elif difference < 0:
        text = _("Their targets come to %(difference)s less than the one above.")
    else:
        text = _("Their targets come to the one above.")
    return text % {"difference": amount(abs(difference), unit)}


def _left(sheet: Sheet) -> str:
    """Those who stood below on the day, but of whom the reader may not read any more."""
    if not sheet.left:
        return ""
    return ngettext(
        "%(count)d unit that stood below on that day has left the reader's area since; it is left "
        "out.",
        "%(count)d units that stood below on that day have left the reader's area since; they are "
        "left out.",
        sheet.left,
    ) % {"count": sheet.left}


def without_targets(briefing: Briefing) -> str:
    """Why there is nothing to tell of; "" where there is something."""
    if briefing.sheets:
        return ""
    if not briefing.knows_targets:
        return _("By this day no target of this campaign had been set.")
    return _("No target of this campaign has begun.")


def _states(sheet: Sheet) -> str:
    if not sheet.lines:
        return _("No unit below has a target here.")
    separator = "、" if is_chinese() else ", "
    return ngettext(
        "Of the %(count)d unit of the table: %(states)s.",
        "Of the %(count)d units of the table: %(states)s.",
        len(sheet.lines),
    ) % {
        "count": len(sheet.lines),
        "states": separator.join(
            _("%(state)s %(count)d") % {"state": label, "count": count}
            for _state, label, count in sheet.states
        ),
    }


def _doubts(sheet: Sheet) -> str:
    """Whose figures are marked, in a sentence each."""
    texts = []
    if sheet.own and sheet.own.progress.books_differ:
        texts.append(_("Books behind what has been reached did not agree when they were checked."))
    if count := len(sheet.doubted):
        texts.append(
            ngettext(
                "Books differ at %(count)d unit of the table; its figure is marked.",
                "Books differ at %(count)d units of the table; their figures are marked.",
                count,
            )
            % {"count": count}
        )
    return ("" if is_chinese() else " ").join(texts)


def _earlier(sheet: Sheet, sign: str) -> str:
    """What was measured before the day: a night was missed, or has not come yet."""
    texts = []
    own = sheet.own.progress if sheet.own else None
    if own and own.value is not None and (day := own.measured_earlier):
        said = _("What has been reached is as measured on %(day)s.")
        texts.append(said % {"day": date_text(day)})
    if (found := sheet.earlier) and (day := found[0].progress.measured_earlier):
        texts.append(
            ngettext(
                "What %(count)d unit of the table has reached is as measured on %(day)s "
                "(%(sign)s).",
                "What %(count)d units of the table have reached was measured earlier, on %(day)s "
                "at the earliest (%(sign)s).",
                len(found),
            )
            % {"count": len(found), "day": date_text(day), "sign": sign}
        )
    return ("" if is_chinese() else " ").join(texts)


def _working_days(line: Line) -> str:
    """The same by working days, where the holidays of the whole period are known."""
    share = line.forecast.shares.working
    if share is None or line.forecast.working_pace is None:
        return ""
    return _("By working days: %(time)s of the time, pace %(pace)s.") % {
        "time": percent_text(share),
        "pace": pace(line.forecast.working_pace),
    }


def _outlook(line: Line, unit: str) -> str:
    """What the forecast says, and what each day must bring."""
    found = line.forecast
    if found.forecast is None:
        return ""
    parts = []
    if found.has_expectation:
        text = _(
            "If the recent days go on, %(expected)s are expected by %(end)s; with a probability of "
            "%(confidence)s it will be between %(low)s and %(high)s."
        ) % {
            "expected": amount(found.expected, unit),
            "end": date_text(found.target.period_end),
            "confidence": f"{number((found.forecast.confidence * 100).normalize())}%",
            "low": amount(found.low, unit),
            "high": amount(found.high, unit),
        }
        parts += [text, found.verdict]
    else:
        parts.append(_("There are too few days for a forecast."))
    if found.needed_per_day is not None:
        parts.append(
            _("To reach the target each remaining day must bring %(needed)s.")
            % {"needed": amount(found.needed_per_day, unit)}
        )
    return ("" if is_chinese() else " ").join(filter(None, parts))


def _nobody_lags(sheet: Sheet) -> str:
    unknown = sum(line.state == CampaignProgress.Status.NO_DATA for line in sheet.lines)
    if not sheet.lines:
        return _("No unit below has a target here.")
    if unknown == len(sheet.lines):
        return _("There is no figure of any unit: whether one lags behind is not known.")
    if unknown:
        return ngettext(
            "None of the measured units lags behind; of %(count)d unit there is no figure.",
            "None of the measured units lags behind; of %(count)d units there is no figure.",
            unknown,
        ) % {"count": unknown}
    return _("No unit lags behind.")


def lagging(sheet: Sheet, shown: int) -> str:
    """How many units lag, and that the list may be cut; what is not known is not said."""
    count = len(sheet.laggards)
    if not count:
        return _nobody_lags(sheet)
    if sheet.laggards[0].state == MISSED:
        text = ngettext(
            "%(count)d unit has missed its target.",
            "%(count)d units have missed their targets.",
            count,
        )
    else:
        text = ngettext(
            "%(count)d unit is behind or at risk.", "%(count)d units are behind or at risk.", count
        )
    text %= {"count": count}
    if count > shown:
        joined = "" if is_chinese() else " "
        text += joined + _("The %(shown)d slowest are listed; all stand in the annex.") % {
            "shown": shown
        }
    return text


def explanations(briefing: Briefing) -> list[str]:
    """What the figures mean, by which thresholds, and up to which instant entries were read."""
    colon = "：" if is_chinese() else ": "
    texts = []
    for code in EXPLAINED:
        metric = metric_of(code)
        ratio_text = f"{metric.numerator} ÷ {metric.denominator}" if metric.denominator else ""
        if code == "pace":
            ratio_text = f"{metric.numerator} ÷ {metric_of('time_elapsed').name}"
        version = pgettext("of a definition", "version %(version)d") % {"version": metric.version}
        stop = "。" if is_chinese() else ". "
        texts.append(f"{metric.name}（{version}）{colon}{ratio_text}{stop}{metric.formula}")
    separator = "；" if is_chinese() else "; "
    limits = separator.join(
        (_("%(state)s from pace %(pace)s") if row.minimum_pace else _("%(state)s below"))
        % {"state": row.get_status_display(), "pace": pace(row.minimum_pace)}
        for row in briefing.thresholds
    )
    if limits:
        texts.append(
            _(
                "Status: reached at 100%% of the target; else by pace, with the limits of today: "
                "%(limits)s."
            )
            % {"limits": limits}
        )
    texts.append(
        _(
            "Places are those among the units whose targets stand next below that of the same "
            "unit, by the share of the target."
        )
    )
    if briefing.as_of and briefing.as_of.is_provisional:
        texts.append(_("The day was counted before it was over: the figures are provisional."))
    if briefing.campaign.note:
        texts.append(briefing.campaign.note)
    return texts
