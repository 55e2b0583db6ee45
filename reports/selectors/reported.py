"""What a union says itself (上报数) beside what the register shows (实名数): never added."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from reports.models import ReportedFigure
from reports.ratios import percent, ratio
from reports.selectors.figures import Figures
from unions.models import Union

# Reported codes → the kind of union they count.
_FLEXIBLE = {
    "flexible_joint_unions_township": "flexible_township",
    "flexible_joint_unions_village": "flexible_village",
    "flexible_joint_unions_community": "flexible_community",
}


@dataclass(frozen=True)
class Comparison:
    """A reported figure; ``register`` is None where the register knows no such figure."""

    figure: ReportedFigure
    register: Decimal | None

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
    return [Comparison(row, _register_value(row, figures, covered)) for row in rows]


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
        _share(rows, "nef_union_share", "nef_unions", "unions", figures.nef_union_share),
        _share(rows, "nef_member_share", "nef_members", "members", figures.nef_member_share),
    ]


def _share(
    rows: list[ReportedFigure], metric: str, part: str, whole: str, register: Decimal | None
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
    return ShareFinding(metric, register, first[0], first[1], reported)


def _register_value(row: ReportedFigure, figures: Figures, covered: int) -> Decimal | None:
    """The register's figure of the same definition on the day shown."""
    value = _same_definition(row, figures, covered)
    return None if value is None else Decimal(value)


def _same_definition(row: ReportedFigure, figures: Figures, covered: int) -> Decimal | int | None:
    if row.metric in ("members", "nef_members"):
        if row.group_set_id is not None:
            return figures.set_members.get(row.group_set_id)
        return figures.members if row.metric == "members" else figures.nef_members
    if row.metric in _FLEXIBLE:
        return figures.flexible_unions[_FLEXIBLE[row.metric]]
    plain: dict[str, Decimal | int | None] = {
        "unions": figures.unions,
        "nef_unions": figures.nef_unions,
        "stations": figures.stations,
        "nef_unions_covered": covered,
        "nef_union_share": figures.nef_union_share,
        "nef_member_share": figures.nef_member_share,
    }
    return plain.get(row.metric)
