"""Which figures are marked because the books behind them do not agree.

A figure says which counts it rests on (``Rests``); ``Marks`` knows whose counts are in doubt, and
from which day on, until it is mended:

- a difference in a union's own count puts that count (metric and breakdown) in doubt, of that union
  alone: the counts of the unions above it are compared by themselves;
- a membership that its ledger tells otherwise puts the counts of persons in doubt, of everybody and
  of its group, at its union and at all above it, which count it too.

The establishment rate stands under its code, with its sums as breakdowns. In tables a share beside
the number it is taken of, and the difference of two figures beside them, are not marked again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TypeVar

from django.db.models import JSONField, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _, pgettext

from campaigns.models import Metric as IndicatorMetric
from core.replica import reading_connection
from reports.models import Drift
from reports.models.counts import PERSON_METRICS, Metric
from reports.selectors.counts import Key
from reports.selectors.groups import Groups
from unions.models import Union

UnionsT = TypeVar("UnionsT", bound="QuerySet[Union, Union]")

# The counts behind a figure.
Rests = tuple[Key, ...]

# In place of a metric: all counts of persons.
LEDGER = Drift.Book.LEDGER.value
ESTABLISHMENT = "establishment_rate"

# From open drifts to the counts in doubt. There may be many of a union's own counts, where unions
# report other numbers than the register has; of memberships there are few, however many unions are
# asked for. Where the membership is gone its group is not known: then it is all of them.
_IN_DOUBT = f"""
SELECT f.union_id, f.metric, f.breakdown, MIN(f.day) AS since
FROM (
    SELECT union_id, metric, breakdown, day
    FROM reports_drift WHERE mended_at IS NULL AND book <> '{LEDGER}'
    UNION ALL
    SELECT line.id, '{LEDGER}', part.code, d.day
    FROM reports_drift d
    JOIN unions_union place ON place.id = d.union_id
    LEFT JOIN members_membership m ON m.id = substring(d.metric FROM '#([0-9]+)$')::bigint
    LEFT JOIN unions_union told ON left(d.metric, 6) = 'union#'
        AND told.id = substring(d.expected FROM '^[0-9]+$')::bigint
    CROSS JOIN unnest(string_to_array(
        rtrim(place.path || COALESCE(told.path, ''), '/'), '/')::bigint[]) AS line(id)
    CROSS JOIN LATERAL (
        SELECT '' AS code
        UNION ALL
        SELECT g.code FROM reference_workergroup g
        WHERE m.id IS NULL OR g.code IN (m.worker_group_id, d.stored, d.expected)
    ) AS part
    WHERE d.mended_at IS NULL AND d.book = '{LEDGER}'
) AS f
WHERE {{of}}
GROUP BY 1, 2, 3
"""
_ASKED = _IN_DOUBT.format(
    of="""f.union_id = ANY(%(unions)s::bigint[])
        OR f.union_id IN (SELECT id FROM unions_union WHERE parent_id = %(below)s)"""
)
_OF_ONE = f"""
SELECT jsonb_agg(jsonb_build_array(metric, breakdown, since))
FROM ({_IN_DOUBT.format(of='f.union_id = "unions_union"."id"')}) AS in_doubt
"""
_COMES_ALONG = "open_drifts"


class Marks:
    """Whose counts are in doubt, from which day on. What was not asked for counts as sound."""

    def __init__(self, rows: Iterable[tuple[int, str, str, dt.date]] = ()) -> None:
        self._since: dict[int, dict[Key, dt.date]] = {}
        for union_id, metric, breakdown, since in rows:
            known = self._since.setdefault(union_id, {})
            for counted in (LEDGER, *PERSON_METRICS) if metric == LEDGER else (metric,):
                key = (str(counted), breakdown)
                known[key] = min(since, known.get(key, since))

    @property
    def unions(self) -> list[int]:
        """The keys of the unions of which a count is in doubt."""
        return list(self._since)

    def since(self, unions: int | Iterable[int], rests_on: Iterable[Key]) -> dt.date | None:
        """The first day with a doubt about one of the counts ``rests_on`` of one of ``unions``."""
        wanted = {(str(metric), breakdown) for metric, breakdown in rests_on}
        days = [
            day
            for union_id in ([unions] if isinstance(unions, int) else unions)
            for key, day in self._since.get(union_id, {}).items()
            if key in wanted
        ]
        return min(days, default=None)

    def differ(self, unions: int | Iterable[int], rests_on: Iterable[Key], day: dt.date) -> bool:
        """Is a figure of ``day`` to be marked that rests on these counts of ``unions``?"""
        since = self.since(unions, rests_on)
        return since is not None and since <= day

    def anything_by(self, day: dt.date) -> bool:
        """Is any count in doubt on ``day``?"""
        return any(since <= day for known in self._since.values() for since in known.values())


def marks_of(unions: Sequence[int], *, below: Union | None = None) -> Marks:
    """The marks of ``unions`` (keys), and of the unions right below ``below``: one query, whatever
    their number. The caller has fetched them in the viewer's scope."""
    values = {"unions": list(unions), "below": None if below is None else below.pk}
    with reading_connection().cursor() as cursor:
        cursor.execute(_ASKED, values)
        return Marks(cursor.fetchall())


def with_drifts(unions: UnionsT) -> UnionsT:
    """``unions``, each with what ``marks_with`` reads: their marks then cost no further query."""
    drifts = RawSQL(_OF_ONE, (), output_field=JSONField())  # noqa: S611 (no value of anybody's)
    return unions.annotate(**{_COMES_ALONG: drifts})


def marks_with(unions: Sequence[Union]) -> Marks:
    """The marks of ``unions``, none for those fetched ``with_drifts``, else in one query."""
    if not all(_COMES_ALONG in union.__dict__ for union in unions):
        return marks_of([union.pk for union in unions])
    found: list[tuple[int, list[list[str]]]] = [
        (union.pk, union.__dict__[_COMES_ALONG] or []) for union in unions
    ]
    return Marks(
        (pk, metric, breakdown, dt.date.fromisoformat(since))
        for pk, rows in found
        for metric, breakdown, since in rows
    )


def rests_on(metric: str, breakdowns: str | Iterable[str] = "") -> Rests:
    """A figure that is the count of ``metric``, or the sum over several ``breakdowns``."""
    parts = [breakdowns] if isinstance(breakdowns, str) else breakdowns
    return tuple((str(metric), part) for part in parts)


# What an indicator counts, as the night does; others have no records.
_COUNTED = {
    IndicatorMetric.NEW_MEMBERS: Metric.JOINED,
    IndicatorMetric.ENROLMENT_RATE: Metric.MEMBERS,
    IndicatorMetric.UNIONS_ESTABLISHED: Metric.UNIONS_FOUNDED,
    IndicatorMetric.STATIONS: Metric.STATIONS,
}


def indicator_rests_on(metric: str | None, groups: Iterable[str] | None) -> Rests:
    """What is reached of an indicator; ``groups`` are those of its set, None for all persons."""
    counted = _COUNTED.get(IndicatorMetric(metric)) if metric else None
    if counted is None:
        return ()
    return rests_on(counted, groups if groups and counted in PERSON_METRICS else "")


def columns_rest_on(
    groups: Groups, indicator: str | None, parts: Iterable[str] | None
) -> dict[str, Rests]:
    """The columns of the ranking, which are the figures of the map too; ``indicator`` (of the
    groups ``parts``) is the one whose pace is compared."""
    return {
        "members": rests_on(Metric.MEMBERS),
        "month": rests_on(Metric.JOINED),
        "year": rests_on(Metric.JOINED),
        "set4": rests_on(Metric.MEMBERS, groups.codes_of("set4")),
        "nef": rests_on(Metric.MEMBERS, groups.codes_of("nef")),
        "pace": indicator_rests_on(indicator, parts),
    }


def _in_sql(metrics: Iterable[str]) -> str:
    return ", ".join(f"'{metric}'" for metric in metrics)


# Of the targets ``%(targets)s``: from which day on what was reached is in doubt.
DOUBTED_TARGETS_SQL = f"""
SELECT t.id AS target_id, MIN(f.since) AS since
FROM campaigns_target t
JOIN campaigns_indicator i ON i.id = t.indicator_id
JOIN (VALUES {", ".join(f"('{one}', '{counted}')" for one, counted in _COUNTED.items())})
    AS c(indicator, metric) ON c.indicator = i.metric
LEFT JOIN reference_groupset_groups g ON g.groupset_id = i.group_set_id
    AND c.metric IN ({_in_sql(PERSON_METRICS)})
JOIN ({
    _IN_DOUBT.format(
        of='''f.union_id IN (
    SELECT union_id FROM campaigns_target WHERE id = ANY(%(targets)s::bigint[]))'''
    )
}) AS f
    ON f.union_id = t.union_id AND f.breakdown = COALESCE(g.workergroup_id, '')
    AND (f.metric = c.metric
         OR f.metric = '{LEDGER}' AND c.metric IN ({_in_sql(PERSON_METRICS)}))
WHERE t.id = ANY(%(targets)s::bigint[])
GROUP BY 1
"""


def own_count_differs_sql(metric: str, *, union: str, group_set: str, day: str) -> str:
    """Is the own count of a union in doubt, of the groups of a set or (null) of all; SQL.

    The arguments are SQL expressions. Memberships further down are not looked at.
    """
    return f"""EXISTS (
        SELECT FROM reports_drift d
        WHERE d.union_id = {union} AND d.mended_at IS NULL AND d.book <> '{LEDGER}'
          AND d.metric = '{Metric(metric).value}' AND d.day <= {day}
          AND CASE WHEN {group_set} IS NULL THEN d.breakdown = '' ELSE d.breakdown IN (
              SELECT workergroup_id FROM reference_groupset_groups WHERE groupset_id = {group_set}
          ) END)"""


def books_note(differ: bool) -> str:
    """The mark in words; "" for a figure whose books agree."""
    return _("books differ") if differ else ""


def named_notes(notes: Iterable[tuple[object, str]]) -> str:
    """Each remark behind the name of its figure; "" where there is none."""
    colon = pgettext("before a message", ": ")
    return " · ".join(f"{name}{colon}{note}" for name, note in notes if note)
