"""The dashboard as a workbook: typed cells, so that a leader's office can go on calculating."""

from __future__ import annotations

import io
from collections.abc import Iterable

from django.utils.translation import gettext as _, pgettext
from openpyxl import Workbook

from reports.counting import DEFINITION_VERSION
from reports.metrics import METRICS, family_name, metric_of, reported_name
from reports.rate_sheets import all_rates, group_rows, key_rows, ranking_rows
from reports.ratios import rate_note, ratio
from reports.selectors.dashboard import Dashboard
from reports.selectors.marks import named_notes, rests_on
from reports.selectors.reported import Comparison, ShareFinding
from reports.sheets import CONTENT_TYPE, Cells, Sheet, head, safe_file_name

__all__ = ["CONTENT_TYPE", "file_name", "workbook_of"]

TREND_METRICS = ("members", "joined", "unions", "stations")


def file_name(dashboard: Dashboard, suffix: str = "xlsx") -> str:
    """Union and day, without anything a file system or a header could stumble over.

    Figures as they are known now say so: they are not those that were published.
    """
    parts = [dashboard.union.name, dashboard.as_of.day.isoformat()]
    if dashboard.known_now:
        parts.append(_("As known now"))
    return safe_file_name(*parts, suffix=suffix)


def workbook_of(dashboard: Dashboard) -> bytes:
    """The file's content. Headings in the active language."""
    book = Workbook(write_only=True)
    now, published = _versions(dashboard)
    Sheet(book, _("Figures"), (34, 18, 14, 60, 10, 24)).write(_figure_rows(dashboard))
    Sheet(book, _("Key figures"), (30, 14, 14, 14, 14, 14, 14, 14, 24, 18)).write(
        [*now, *key_rows(dashboard)]
    )
    Sheet(book, _("Rates and changes"), (36, 30, 12, 14, 14, 50, 26)).write(all_rates(dashboard))
    Sheet(book, _("Members by group"), (26, 12, 14, 14, 14, 14, 14, 14, 40, 24, 18)).write(
        [*now, *group_rows(dashboard)]
    )
    Sheet(book, _("Unions and stations"), (34, 40, 12, 16, 40)).write(
        [*published, *_union_rows(dashboard)]
    )
    Sheet(book, _("Ranking"), (8, 34, 20, 12, 14, 14, 14, 14, 14, 14, 20, 14, 60)).write(
        [*published, *ranking_rows(dashboard)]
    )
    Sheet(book, _("Campaigns"), (34, 26, 14, 12, 12, 16, 16, 12, 12, 10, 14, 50)).write(
        [*published, *_campaign_rows(dashboard)]
    )
    Sheet(book, _("Trend"), (12, 14, 14, 14, 14, 14, 50)).write([*now, *_trend_rows(dashboard)])
    Sheet(book, _("Applications"), (44, 14, 14)).write(_funnel_rows(dashboard))
    Sheet(book, _("Reported figures"), (34, 24, 16, 12, 12, 16, 16, 50, 50)).write(
        [*now, *_reported_rows(dashboard)]
    )
    Sheet(book, _("Definitions"), (22, 26, 12, 8, 60, 40, 40, 50, 80)).write(_definition_rows())
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _versions(dashboard: Dashboard) -> tuple[list[Cells], list[Cells]]:
    """What stands over a sheet of figures as known now, and over one of those as published; nothing
    in a file that holds but the published ones."""
    if not dashboard.known_now:
        return [], []
    kept = _("Unions and stations are as published.")
    return [[("text", _("As known now")), ("text", kept)]], [[("text", _("As published"))]]


def _figure_rows(dashboard: Dashboard) -> Iterable[Cells]:
    figures, as_of = dashboard.front.figures, dashboard.as_of
    papers = dashboard.papers
    register = _("Register")
    yield [("text", _("Union")), ("text", dashboard.union.name)]
    yield [("text", _("Union code")), ("text", dashboard.union.code)]
    yield [("text", _("Number in the portal")), ("id", dashboard.union.pk)]
    yield [("text", _("As of")), ("date", as_of.day)]
    if as_of.is_provisional:
        yield [("text", _("Provisional")), ("text", _("Counted before the day was over."))]
    if dashboard.known_now:
        yield [
            ("text", _("Version of the figures")),
            ("text", _("As known now")),
            ("text", None),
            (
                "text",
                _("As known now: entries recorded late are counted on the day they belong to."),
            ),
        ]
        yield [
            ("text", None), ("text", None), ("text", None),
            ("text", _("Unions, stations, campaigns and the ranking are as published.")),
        ]  # fmt: skip
    if as_of.note:
        yield [("text", _("As of")), ("text", as_of.note)]
    yield [("text", _("Version of the definitions")), ("count", DEFINITION_VERSION)]
    yield []
    yield head(_("Figure"), _("Value"), _("As of"), _("Source"), _("Note"), _("Definition"))
    nef = next((row.groups for row in figures.sets if row.code == "nef"), ())
    for name, value, code in (
        (_("Members (register)"), figures.members, "members"),
        (_("Retained members"), figures.retained, "retained"),
        (_("New members this month"), figures.joined_this_month, "joined"),
        (_("New members this year"), figures.joined_this_year, "joined"),
        (_("New-form members"), figures.nef_members, "nef_members"),
        (pgettext("figure", "Unions"), figures.unions, "unions"),
        (_("Unions of new-form workers"), figures.nef_unions, "nef_unions"),
        (_("Covered unions"), dashboard.structure.coverage.covered, "coverage"),
        (pgettext("figure", "Stations"), figures.stations, "stations"),
    ):
        yield [
            ("text", name),
            ("count", value),
            ("date", as_of.day),
            ("text", register),
            (
                "text",
                dashboard.mark(
                    rests_on("members", nef) if code == "nef_members" else rests_on(code)
                ),
            ),
            ("text", metric_of(code).code),
        ]
    if found := papers.reported_members:
        row = found.figure
        yield [
            ("text", _("Members (reported)")),
            ("count", row.value),
            ("date", row.as_of),
            ("text", row.source),
        ]
        yield [("text", _("Register minus reported")), ("signed", found.difference)]
    for share in papers.shares:
        yield from _share_rows(share, dashboard)


def _share_rows(share: ShareFinding, dashboard: Dashboard) -> Iterable[Cells]:
    name = str(reported_name(share.metric))
    yield [
        ("text", name + " · " + _("register")),
        ("percent", share.register),
        ("date", dashboard.as_of.day),
        ("text", _("Register")),
        ("text", dashboard.mark(share.rests_on)),
        ("text", metric_of(share.metric).code),
    ]
    if share.computed is not None and share.part is not None:
        yield [
            ("text", name + " · " + _("computed from reported counts")),
            ("percent", share.computed),
            ("date", share.part.as_of),
            ("text", share.part.source),
        ]
    if share.reported is not None:
        yield [
            ("text", name + " · " + _("as reported")),
            ("percent", share.reported.value),
            ("date", share.reported.as_of),
            ("text", share.reported.source),
            ("text", _("differs") if share.is_differing else ""),
        ]


def _trend_rows(dashboard: Dashboard) -> Iterable[Cells]:
    names = (
        _("Members"), _("New members"), pgettext("figure", "Unions"), pgettext("figure", "Stations")
    )  # fmt: skip
    yield head(
        _("Month"), _("Last day"), *names, _("Note"),
    )  # fmt: skip
    for row in dashboard.months:
        marks = [
            (name, dashboard.mark(rests_on(metric), row.last_day))
            for name, metric in zip(names, TREND_METRICS, strict=True)
        ]
        yield [
            ("text", f"{row.month:%Y-%m}"),
            ("date", row.last_day),
            ("count", row.members),
            ("count", row.joined),
            ("count", row.unions),
            ("count", row.stations),
            ("text", named_notes(marks)),
        ]


def _funnel_rows(dashboard: Dashboard) -> Iterable[Cells]:
    funnel = dashboard.funnel
    yield [("text", _("Sent in from")), ("date", funnel.first)]
    yield [("text", _("to")), ("date", funnel.last)]
    yield head(_("Applications"), _("Number"), _("Share"))
    for name, value in (
        (_("Sent in"), funnel.sent),
        (_("Phone proven"), funnel.proven),
        (_("Decided"), funnel.decided),
        (_("Approved"), funnel.approved),
        (_("Not approved"), funnel.refused),
        (_("Taken back"), funnel.cancelled),
        (_("Still waiting"), funnel.waiting),
        (_("Asked to correct"), funnel.corrected),
    ):
        yield [("text", name), ("count", value), ("percent", ratio(value, funnel.sent))]
    yield [("text", _("Median days to the decision")), ("pace", funnel.median_days)]
    yield []
    yield head(_("Reasons for refusal"), _("Number"), _("Share"))
    for refusal in funnel.refusals:
        yield [
            ("text", refusal.reason or _("no reason given")),
            ("count", refusal.value),
            ("percent", refusal.share),
        ]


def _union_rows(dashboard: Dashboard) -> Iterable[Cells]:
    figures, structure = dashboard.front.figures, dashboard.structure
    names = _("Unions"), _("Of new-form workers")

    def note(kind: str = "") -> tuple[str, str]:
        marks = [dashboard.mark(rests_on(metric, kind)) for metric in ("unions", "nef_unions")]
        return "text", named_notes(zip(names, marks, strict=True))

    yield head(_("Family"), _("Kind"), *names, _("Note"))
    for family in structure.families:
        for kind in family.kinds:
            yield [
                ("text", str(family_name(family.code))),
                ("text", kind.name),
                ("count", kind.value),
                ("count", kind.nef),
                note(kind.code),
            ]
    yield [
        ("text", _("Total")),
        ("text", ""),
        ("count", figures.unions),
        ("count", figures.nef_unions),
        note(),
    ]
    yield []
    yield head(_("Covered unions, not part of the total"), _("Federation"), _("Unions"))
    for union, value in structure.coverage.by_federation:
        yield [("text", ""), ("text", union.name), ("count", value)]
    yield [("text", _("Total, each once")), ("text", ""), ("count", structure.coverage.covered)]
    yield []
    yield head("", _("Kind of station"), _("Stations"), "", _("Note"))
    for station_kind in structure.station_kinds:
        mark = dashboard.mark(rests_on("stations", station_kind.code))
        yield [
            ("text", ""), ("text", station_kind.name), ("count", station_kind.value),
            ("text", None), ("text", mark),
        ]  # fmt: skip
    mark = dashboard.mark(rests_on("stations"))
    yield [
        ("text", _("Total")), ("text", ""), ("count", figures.stations), ("text", None),
        ("text", mark),
    ]  # fmt: skip


def _campaign_rows(dashboard: Dashboard) -> Iterable[Cells]:
    yield head(
        _("Campaign"), _("Indicator"), _("Unit"), _("From"), _("To"),
        pgettext("towards a target", "Value"), _("Target"),
        _("Share of target"), _("Time elapsed"), _("Pace"), _("Status"), _("Note"),
    )  # fmt: skip
    for course in dashboard.courses:
        view = course.view
        for row in view.targets:
            indicator = row.target.indicator
            kind = "percent" if indicator.unit == "ratio" else "count"
            note = rate_note(row.value) if kind == "percent" and row.progress else ""
            note = " · ".join(filter(None, (note, row.remark)))
            yield [
                ("text", view.campaign.name),
                ("text", indicator.name),
                ("text", indicator.get_unit_display()),
                ("date", row.target.period_start),
                ("date", row.target.period_end),
                (kind, row.value),
                (kind, row.target_value),
                ("percent", row.share),
                ("percent", row.time_elapsed),
                ("pace", row.pace),
                ("text", row.status_label),
                ("text", " ".join(filter(None, (note, row.target.note, view.campaign.note)))),
            ]


def _reported_rows(dashboard: Dashboard) -> Iterable[Cells]:
    yield head(
        _("Figure"), _("Group set"), _("Reported"), _("Unit"), _("As of"), _("Register"),
        _("Difference"), _("Source"), _("Note"),
    )  # fmt: skip
    for row in dashboard.papers.reported:
        figure = row.figure
        is_ratio = figure.unit == "ratio"
        kind = "percent" if is_ratio else "count"
        yield [
            ("text", str(reported_name(figure.metric))),
            ("text", figure.group_set.name if figure.group_set else ""),
            (kind, figure.value),
            ("text", figure.get_unit_display()),
            ("date", figure.as_of),
            (kind, row.register),
            (kind if is_ratio else "signed", row.difference),
            ("text", figure.source),
            ("text", " · ".join(filter(None, (_register_note(row, dashboard), figure.note)))),
        ]


def _register_note(row: Comparison, dashboard: Dashboard) -> str:
    return "" if row.register is None else dashboard.mark(row.rests_on)


def _definition_rows() -> Iterable[Cells]:
    yield head(
        pgettext("of a metric", "Code"), _("Figure"), _("Unit"), _("Version"), _("Definition"),
        _("Numerator"), _("Denominator"), _("Source"), "SQL",
    )  # fmt: skip
    for metric in METRICS:
        yield [
            ("text", metric.code),
            ("text", metric.name),
            ("text", metric.unit),
            ("count", metric.version),
            ("text", metric.formula),
            ("text", metric.numerator),
            ("text", metric.denominator),
            ("text", metric.source),
            ("text", metric.sql),
        ]
