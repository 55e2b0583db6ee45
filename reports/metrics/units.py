"""Unions and the units they cover. Domain: Trade Union Law, statistics on founding."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _, pgettext_lazy

from reports.metrics import sql
from reports.metrics.entry import Metric

_REGISTER = _("Union register")
_UNIONS = pgettext_lazy("unit", "unions")
_PERCENT = pgettext_lazy("unit", "percent")
_TWO_COVERAGES = _("Two full coverages: national plan 2023–2025 and plans of provinces and cities")

UNITS: tuple[Metric, ...] = (
    Metric(
        "unions",
        "units",
        pgettext_lazy("figure", "Unions"),
        _UNIONS,
        _(
            "Unions founded and not dissolved on the day, the union itself included. Covered "
            "unions are counted apart and never added; holding pools are no unions. By kind as the "
            "night of the day found it: no other past of kinds is kept."
        ),
        _("Trade Union Law, art. 11; union register"),
        sql.UNIONS,
        is_public=True,
    ),
    Metric(
        "unions_founded",
        "units",
        _("Unions founded"),
        _UNIONS,
        _("Unions founded in the period, dissolved ones too."),
        _REGISTER,
        sql.UNIONS_FOUNDED,
        is_public=True,
    ),
    Metric(
        "nef_unions",
        "units",
        _("Unions of new-form workers"),
        _UNIONS,
        _(
            "Unions marked as mainly for workers in new forms of employment, as the night of the "
            "day found the mark: no other past of it is kept, and the query takes today's."
        ),
        _REGISTER,
        sql.NEF_UNIONS,
        is_public=True,
    ),
    Metric(
        "nef_union_share",
        "units",
        _("Share of new-form unions"),
        _PERCENT,
        _(
            "By the register, and again by the reported counts of one day. A reported share that "
            "differs from its own counts after rounding to two decimals is marked."
        ),
        _("Practice of cities, e.g. Luoyang 2023; union register"),
        sql.NEF_UNION_SHARE,
        _("Unions of new-form workers"),
        _("All unions"),
        is_public=True,
    ),
    Metric(
        "coverage",
        "units",
        _("Covered unions"),
        _UNIONS,
        _(
            "Unions that federations of the subtree cover or guide on the day, each once. They "
            "stand elsewhere in the tree and are never added to it."
        ),
        _("Coverage relations of the union register; practice of Liaocheng 2023"),
        sql.COVERAGE,
    ),
    Metric(
        "establishment_rate",
        "units",
        _("Establishment rate"),
        _PERCENT,
        _(
            "Units with a union among all units of the register. Units are counted, not unions: a "
            "joint union covers many. A unit counts as covered when the union named as covering it "
            "stands on the day; a mark “has a union” without one that stood is told apart. Nothing "
            "registered, no rate. The register knows only the present: what the night of a day "
            "found stays the figure of that day, with its rows; the first night told the past from "
            "what it found."
        ),
        _("National statistics: units covered among the legal units of the economic census"),
        sql.ESTABLISHMENT_RATE,
        _("Units of the register whose covering union, single or joint, stands on the day"),
        _("All units of the register kept in the subtree"),
        is_public=True,
    ),
    Metric(
        "dual_coverage_firms",
        "units",
        _("Coverage of platform and leading firms"),
        _PERCENT,
        _(
            "The first of the two full coverages. Counted like the establishment rate. Nothing "
            "registered, no rate."
        ),
        _TWO_COVERAGES,
        sql.FIRM_RATE,
        _("Platform and leading firms whose covering union stands on the day"),
        _("Platform and leading firms of the register kept in the subtree"),
        is_public=True,
    ),
    Metric(
        "dual_coverage_workers",
        "units",
        _("Coverage of new-form workers"),
        _PERCENT,
        _(
            "The second of the two full coverages: the enrolment rate of the set of new forms of "
            "employment. No baseline, no rate."
        ),
        _TWO_COVERAGES,
        sql.NEF_WORKER_RATE,
        _("Members of the groups in the set of new forms of employment"),
        _(
            "Latest baseline up to the day, as recorded when the day was published: one made for "
            "the union before one for its region"
        ),
        is_public=True,
        version=2,
    ),
    Metric(
        "dual_coverage",
        "units",
        _("Two full coverages"),
        pgettext_lazy("unit", "yes or no"),
        _(
            "Yes when all platform and leading firms have a union and most new-form workers are "
            "members. The plans do not say what “most” is: here more than half, unless whoever "
            "runs the portal sets another share. Unknown while one of the two is."
        ),
        _TWO_COVERAGES,
        sql.DUAL_COVERAGE,
        version=2,
    ),
)
