"""What a ranking says of itself: which target its pace is of, which filters leave unions out, and
which figures are marked because the books behind them do not agree."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

from django.utils.translation import gettext as _

from reports.models import CampaignProgress
from reports.selectors.marks import Marks
from reports.selectors.ranking import Ranking
from reports.selectors.ranking_rows import RankedUnion
from unions.models import Union

# The figures of a row by column, as in ``Ranking.rests_on``. A share of the whole is not marked
# again beside the members.
FIGURES: dict[str, Callable[[RankedUnion], Decimal | int | None]] = {
    "members": lambda row: row.members,
    "month": lambda row: row.joined_this_month,
    "year": lambda row: row.joined_this_year,
    "set4": lambda row: row.rate_set4,
    "nef": lambda row: row.rate_nef,
    "pace": lambda row: row.pace_value,
}
SUMS = ("members", "month", "year")


def filters_of(ranking: Ranking) -> list[tuple[str, str]]:
    """The filters that leave unions out, by name, in words."""
    wanted, found = ranking.wanted, []
    if wanted.kind:
        names = [kind.name for kind in ranking.kinds if kind.pk == wanted.kind]
        found.append((_("Kind"), names[0] if names else wanted.kind))
    if wanted.status:
        found.append((_("Status"), str(CampaignProgress.Status(wanted.status).label)))
    return found


def pace_of(ranking: Ranking) -> str:
    """The campaign, indicator and period that the pace is of; "" where none is told."""
    if (column := ranking.pace) is None:
        return ""
    period = f"{column.period_start.isoformat()} – {column.period_end.isoformat()}"
    return " · ".join((column.indicator.campaign.name, column.indicator.name, period))


def marked_columns(ranking: Ranking, row: RankedUnion, marks: Marks, day: dt.date) -> list[str]:
    """The columns in which the figure of ``row`` is marked; where there is none, nothing is."""
    return [
        column
        for column, value in FIGURES.items()
        if value(row) is not None and marks.differ(row.union.pk, ranking.rests_on[column], day)
    ]


def marked_sums(ranking: Ranking, union: Union, marks: Marks, day: dt.date) -> list[str]:
    """The columns whose sums are marked, of the ranking below ``union``; see ``summed``."""
    unions = summed(ranking, union, marks)
    return [column for column in SUMS if marks.differ(unions, ranking.rests_on[column], day)]


def summed(ranking: Ranking, union: Union, marks: Marks) -> list[int]:
    """The unions (keys) whose ``marks`` the sums of the ranking below ``union`` bear.

    Of a ranking of several pages all that stand in ``marks``, also where the filters leave some of
    them out: the others' pages have not been read.
    """
    if ranking.page_count == 1:
        return [row.union.pk for row in ranking.rows]
    return [pk for pk in marks.unions if pk != union.pk]
