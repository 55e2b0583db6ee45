"""What a union says itself (上报数) beside what the register shows (实名数): never added."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from reports.models import ReportedFigure
from reports.ratios import percent, ratio
from reports.selectors.counts import Metric
from reports.selectors.figures import Figures
from reports.selectors.marks import Rests, rests_on
from unions.models import Union

# Reported codes → the kind of union they count.
_FLEXIBLE = {
    "flexible_joint_unions_township": "flexible_township",
    "flexible_joint_unions_village": "flexible_village",
    "flexible_joint_unions_community": "flexible_community",
}


@dataclass(frozen=True)
class Comparison:
    """A reported figure; ``register`` is None where the register knows no such figure, else it
    ``rests_on`` these counts."""

    figure: ReportedFigure
    register: Decimal | None
    rests_on: Rests = ()

    @property
    def difference(self) -> Decimal | None:
        """Register − reported."""
        return None if self.register is None else self.register - self.figure.value


@dataclass(frozen=True)
class ShareFinding:
    """A share of new-form unions or members: by the register, by the reported counts, as reported.

    ``part`` and ``whole`` are the reported counts the second one rests on.
    """

    metric: str
    register: Decimal | None
    part: ReportedFigure | None
    whole: ReportedFigure | None
    reported: ReportedFigure | None
    rests_on: Rests = ()  # the register's share

    @property
    def computed(self) -> Decimal | None:
        """Reported part ÷ reported whole."""
        if self.part is None or self.whole is None:
            return None
        return ratio(self.part.value, self.whole.value)

    @property
    def is_differing(self) -> bool:
        """The share the paper states is not what its own counts give, to two decimals."""
        if self.computed is None or self.reported is None or self.part is None:
            return False
        is_same_day = self.reported.as_of == self.part.as_of
        return is_same_day and percent(self.computed) != percent(self.reported.value)


def reported_figures(union: Union, day: dt.date) -> list[ReportedFigure]:
    """Everything ``union`` reported up to ``day``, the newest first."""
    return list(
        ReportedFigure.objects.filter(union=union, as_of__lte=day)
        .select_related("group_set")
        .order_by("-as_of", "id")
    )


def compare(rows: list[ReportedFigure], figures: Figures, covered: int) -> list[Comparison]:
    """Each reported figure beside the register's of the day shown; ``covered`` by federations."""
    return [Comparison(row, *_in_register(row, figures, covered)) for row in rows]


def latest(rows: list[Comparison], metric: str, *, group_set: str = "") -> Comparison | None:
    """The newest reported value of ``metric`` (over the whole, or a set of groups)."""
    for row in rows:
        code = row.figure.group_set.code if row.figure.group_set else ""
        if row.figure.metric == metric and code == group_set:
            return row
    return None


def share_findings(rows: list[ReportedFigure], figures: Figures) -> list[ShareFinding]:
    """The shares of new-form unions and of new-form members."""
    return [
        _share(rows, "nef_union_share", "nef_unions", "unions", figures),
        _share(rows, "nef_member_share", "nef_members", "members", figures),
    ]


def _share(
    rows: list[ReportedFigure], metric: str, part: str, whole: str, figures: Figures
) -> ShareFinding:
    # Rows come newest first. Counts of another day than the stated share prove nothing about it,
    # so the counts of its own day go before newer ones.
    reported = next((row for row in rows if row.metric == metric), None)
    parts = [row for row in rows if row.metric == part]
    wholes = {row.as_of: row for row in rows if row.metric == whole and row.group_set_id is None}
    pairs = [(row, wholes[row.as_of]) for row in parts if row.as_of in wholes]
    if reported is not None:
        pairs.sort(key=lambda pair: pair[0].as_of != reported.as_of)
    first = pairs[0] if pairs else (None, None)
    register, behind = _plain(figures)[metric]
    return ShareFinding(metric, _decimal(register), first[0], first[1], reported, behind)


# A figure of the register and the counts behind it.
_Told = tuple[Decimal | int | None, Rests]


def _in_register(
    row: ReportedFigure, figures: Figures, covered: int
) -> tuple[Decimal | None, Rests]:
    """The register's figure of the same definition on the day shown."""
    if row.metric in ("members", "nef_members") and row.group_set_id is not None:
        value: Decimal | int | None = figures.set_members.get(row.group_set_id)
        behind = rests_on(Metric.MEMBERS, figures.set_groups.get(row.group_set_id, ()))
    elif row.metric in _FLEXIBLE:
        kind = _FLEXIBLE[row.metric]
        value, behind = figures.flexible_unions[kind], rests_on(Metric.UNIONS, kind)
    elif row.metric == "nef_unions_covered":
        value, behind = covered, ()  # counted from the papers themselves
    else:
        value, behind = _plain(figures).get(row.metric, (None, ()))
    return _decimal(value), behind


def _plain(figures: Figures) -> dict[str, _Told]:
    nef = next((row.groups for row in figures.sets if row.code == "nef"), ())
    nef_members = rests_on(Metric.MEMBERS, nef)
    members, unions = rests_on(Metric.MEMBERS), rests_on(Metric.UNIONS)
    nef_unions = rests_on(Metric.NEF_UNIONS)
    return {
        "members": (figures.members, members),
        "nef_members": (figures.nef_members, nef_members),
        "unions": (figures.unions, unions),
        "nef_unions": (figures.nef_unions, nef_unions),
        "stations": (figures.stations, rests_on(Metric.STATIONS)),
        "nef_union_share": (figures.nef_union_share, nef_unions + unions),
        "nef_member_share": (figures.nef_member_share, nef_members + members),
    }


def _decimal(value: Decimal | int | None) -> Decimal | None:
    return None if value is None else Decimal(value)
