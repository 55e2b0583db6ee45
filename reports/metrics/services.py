"""Stations, legal help, grants and duties."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _, pgettext_lazy

from reports.metrics import sql
from reports.metrics.entry import Metric

_COMES = _(
    "Comes with its records, which this portal does not keep yet. Until then the figure that the "
    "union itself reported last stands here, with its day and paper; without one there is none."
)

SERVICES: tuple[Metric, ...] = (
    Metric(
        "stations",
        "services",
        pgettext_lazy("figure", "Stations"),
        pgettext_lazy("unit", "stations"),
        _("Service stations opened and not closed for good on the day."),
        _("Station register"),
        sql.STATIONS,
        is_public=True,
    ),
    Metric(
        "stations_per_10000",
        "services",
        _("Stations per 10,000 workers"),
        pgettext_lazy("unit", "stations per 10,000 workers"),
        _(
            "Service stations for every 10,000 workers of the four focus groups. No baseline, no "
            "figure."
        ),
        _("National plan of stations (15-minute circle); station register, workforce baselines"),
        sql.STATIONS_PER_10000,
        _("Stations on the day, times 10,000"),
        _(
            "Latest baseline of the four focus groups up to the day, as recorded when the day was "
            "published"
        ),
        is_public=True,
        version=2,
    ),
    Metric(
        "legal_checkups",
        "services",
        _("Legal check-ups"),
        pgettext_lazy("unit", "check-ups"),
        _COMES,
        _("Press conference of Liaocheng, 6 September 2023; reported figures"),
        sql.reported("legal_checkups"),
        is_awaited=True,
    ),
    Metric(
        "grants_paid",
        "services",
        _("Grants paid"),
        pgettext_lazy("unit", "yuan"),
        _COMES,
        _("Plan of Gansu 2021: at least 20,000 yuan a year for each new-form union"),
        sql.reported("grants_paid"),
        is_awaited=True,
    ),
    Metric(
        "duty_scorecard",
        "services",
        _("Scorecard of yearly duties"),
        pgettext_lazy("unit", "of 4 duties"),
        _(
            "Each year of a new-form union: one training, one congress, one large activity and "
            "one assessment at least. Comes with its records, which this portal does not keep yet; "
            "nothing stands in for it."
        ),
        _("Plan of Gansu 2021: yearly obligations of new-form unions"),
        is_awaited=True,
    ),
)
