"""指标口径: the registry of metrics. What a figure means stands here and nowhere else.

Each metric has a name, a unit, a formula in words and in SQL, a source and a version. The page of
definitions, the workbook, docs/metrics.md and every definition link read it. A change of meaning is
a change here: raise the version and say what changed in docs/metrics.md.
"""

from __future__ import annotations

from reports.metrics.disclosure import SMALL_CELL, suppressed, suppressed_cells
from reports.metrics.entry import SECTIONS, Metric, Text
from reports.metrics.names import FAMILY_NAMES, REPORTED_NAMES, family_name, reported_name
from reports.metrics.people import PEOPLE
from reports.metrics.services import SERVICES
from reports.metrics.targets import TARGETS
from reports.metrics.units import UNITS

METRICS: tuple[Metric, ...] = (*PEOPLE, *UNITS, *SERVICES, *TARGETS)

_BY_CODE = {metric.code: metric for metric in METRICS}


def metric_of(code: str) -> Metric:
    """The metric with this code. Raises KeyError: a link to nothing is a mistake of the page."""
    return _BY_CODE[code]


def by_section(*, public_only: bool = False) -> list[tuple[Text, list[Metric]]]:
    """The metrics under the headings of the page, in their order; no heading over nothing."""
    metrics = [metric for metric in METRICS if metric.is_public or not public_only]
    sections = [
        (heading, [metric for metric in metrics if metric.section == section])
        for section, heading in SECTIONS.items()
    ]
    return [(heading, found) for heading, found in sections if found]


__all__ = [
    "FAMILY_NAMES",
    "METRICS",
    "REPORTED_NAMES",
    "SMALL_CELL",
    "Metric",
    "Text",
    "by_section",
    "family_name",
    "metric_of",
    "reported_name",
    "suppressed",
    "suppressed_cells",
]
