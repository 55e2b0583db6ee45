"""The night checks its own books, and says where they do not agree.

What is small enough is checked every night: the memberships whose entries were posted, the unions
whose figures changed (all at the top, the next level once a week, a sample of the rest), and what
unions report of themselves. ``manage.py reconcile`` and the weekly check read everything.
"""

from __future__ import annotations

import datetime as dt
import logging
import random
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _, override

from accounts.models import User
from core.clock import local_day_end, local_day_start
from members.models import Membership
from members.reconciliation import Difference, membership_differences
from reports.counting.drifts import drift_of
from reports.counting.verifying import find_differences
from reports.keeping import forget_answers
from reports.models import Drift, ReportedFigure
from reports.models.counts import Metric
from reports.runs import last_published_day
from reports.selectors.counts import read_counts
from unions.models import PastPath

logger = logging.getLogger(__name__)

# At most so many memberships, and figures of unions of the lower levels, are checked in a night.
SAMPLE = 500
# Checked every night; those of the next level once a week, each on its day.
UPPER_LEVELS = 2
_DAY = dt.timedelta(days=1)

# Reported figures that the register counts in the same way, over everybody.
COMPARED = {"members": Metric.MEMBERS, "unions": Metric.UNIONS, "stations": Metric.STATIONS}

# Recorded from an instant of the day on, another one for every day; then those before it.
_POSTED = """
SELECT DISTINCT membership_id FROM (
    (SELECT id, membership_id FROM members_membershipevent
     WHERE recorded_at >= %(instant)s AND recorded_at < %(until)s
     ORDER BY recorded_at LIMIT %(sample)s)
    UNION ALL
    (SELECT id, membership_id FROM members_membershipevent
     WHERE recorded_at >= %(since)s AND recorded_at < %(instant)s
     ORDER BY recorded_at LIMIT %(sample)s)
    LIMIT %(sample)s
) e
WHERE NOT EXISTS (SELECT FROM reports_unpostedentry q WHERE q.event_id = e.id)
"""

_ROLL_UP = """
WITH RECURSIVE upper AS (
    SELECT id, 1 AS level FROM unions_union WHERE parent_id IS NULL
    UNION ALL
    SELECT u.id, upper.level + 1 FROM unions_union u JOIN upper ON u.parent_id = upper.id
    WHERE upper.level < %(levels)s
       OR (upper.level = %(levels)s AND (u.id + %(salt)s) %% 7 = 0)
),
changed AS MATERIALIZED (
    SELECT union_id AS id FROM reports_dailycount WHERE day = %(day)s
),
-- Neighbours, from another one on every night: their entries lie side by side in the index. So many
-- that with the unions right below them there are as many figures to look up as the sample has.
begin AS (
    SELECT id FROM changed ORDER BY hashint8extended(id, %(salt)s) LIMIT LEAST(%(sample)s, 1)
),
near AS MATERIALIZED (
    SELECT c.id, c.id < b.id AS is_before FROM changed c, begin b
    ORDER BY 2, 1 LIMIT %(sample)s
),
weighed AS (
    SELECT n.id, SUM(1 + below.unions) OVER (ORDER BY n.is_before, n.id) AS figures
    FROM near n
    CROSS JOIN LATERAL (
        SELECT COUNT(*) AS unions FROM unions_union child WHERE child.parent_id = n.id) below
),
touched AS MATERIALIZED (
    SELECT id FROM changed WHERE id IN (SELECT id FROM upper)
    UNION SELECT id FROM begin
    UNION SELECT id FROM weighed WHERE figures <= %(sample)s
),
waiting AS MATERIALIZED (
    SELECT union_id, SUM(members) AS members, SUM(retained) AS retained
    FROM reports_unpostedentry
    WHERE effective_on <= %(day)s AND union_id IN (SELECT id FROM touched)
    GROUP BY 1
)
SELECT t.id, m.metric, m.total, m.parts
FROM touched t
LEFT JOIN waiting q ON q.union_id = t.id
CROSS JOIN LATERAL (
    SELECT members, retained FROM reports_dailycount c
    WHERE c.union_id = t.id AND c.day <= %(day)s
    ORDER BY c.day DESC LIMIT 1) total
CROSS JOIN LATERAL (
    -- From the index alone; what is not posted yet is taken off again.
    SELECT COALESCE(SUM(e.active_change), 0) - COALESCE(q.members, 0) AS members,
           COALESCE(SUM(e.retained_change), 0) - COALESCE(q.retained, 0) AS retained
    FROM members_membershipevent e
    WHERE e.union_id = t.id AND e.effective_on <= %(day)s) own
CROSS JOIN LATERAL (
    SELECT COALESCE(SUM(v.members), 0) AS members, COALESCE(SUM(v.retained), 0) AS retained
    FROM unions_union child
    CROSS JOIN LATERAL (
        SELECT members, retained FROM reports_dailycount c
        WHERE c.union_id = child.id AND c.day <= %(day)s
        ORDER BY c.day DESC LIMIT 1) v
    WHERE child.parent_id = t.id) below
CROSS JOIN LATERAL (VALUES
    ('members', total.members, own.members + below.members),
    ('retained', total.retained, own.retained + below.retained)
) AS m(metric, total, parts)
WHERE m.total <> m.parts
"""


def check_books(day: dt.date) -> int:
    """Check what the night of ``day`` touched; the number of new drifts. Run in a transaction."""
    reported = list(_reported(day))
    _close(Drift.objects.filter(book=Drift.Book.REPORTED, day__lte=day), reported, by_day=True)
    return _keep([*_memberships(day), *_roll_ups(day), *reported])


def check_everything() -> int:
    """The weekly check: the whole ledger against memberships and figures; new drifts.

    What was noticed before and is not found any more was mended since. Run in a transaction.
    """
    day = last_published_day()
    if day is None:
        return 0
    memberships = [_of_membership(row, day) for row in membership_differences()]
    counts = [drift_of(row, day) for row in find_differences(day)]
    _close(Drift.objects.filter(book=Drift.Book.LEDGER), memberships)
    _close(Drift.objects.filter(book=Drift.Book.COUNTS), counts)
    # A union agrees with those below it where all figures of the metric are what the ledger gives.
    wrong = {row.metric for row in counts}
    roll_ups = Drift.objects.filter(book=Drift.Book.ROLL_UP, mended_at=None)
    roll_ups.exclude(metric__in=wrong).update(mended_at=timezone.now())
    transaction.on_commit(forget_answers)
    return _keep([*memberships, *counts])


def _memberships(day: dt.date) -> Iterable[Drift]:
    begin = local_day_start(day)
    values: dict[str, Any] = {
        "since": begin,
        "until": local_day_end(day + _DAY),
        "instant": begin + _DAY * random.Random(day.toordinal()).random(),  # noqa: S311
        "sample": SAMPLE,
    }
    with connection.cursor() as cursor:
        cursor.execute(_POSTED, values)
        keys = [key for (key,) in cursor.fetchall()]
    return [_of_membership(row, day) for row in membership_differences(keys)] if keys else []


def _of_membership(row: Difference, day: dt.date) -> Drift:
    """Counted for the union of the membership; which one it is, is in the metric."""
    return Drift(
        day=day,
        union_id=Membership.objects.values_list("union", flat=True).get(pk=row.id),
        book=Drift.Book.LEDGER,
        metric=f"{row.metric}#{row.id}",
        stored=row.stored or "",
        expected=row.ledger or "",
    )


def _roll_ups(day: dt.date) -> Iterable[Drift]:
    if PastPath.objects.filter(until__gte=day).exists():
        return []  # the tree is no longer that of the day; the next night checks again
    values: dict[str, Any] = {
        "day": day,
        "levels": UPPER_LEVELS,
        "sample": SAMPLE,
        "salt": day.toordinal(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_ROLL_UP, values)
        return [
            Drift(
                day=day,
                union_id=union_id,
                book=Drift.Book.ROLL_UP,
                metric=metric,
                stored=str(total),
                expected=str(parts),
            )
            for union_id, metric, total, parts in cursor.fetchall()
        ]


def _reported(day: dt.date) -> Iterable[Drift]:
    """Newest reports that the register does not bear out within ``REPORTED_TOLERANCE`` (ratio)."""
    newest = (
        ReportedFigure.objects.filter(metric__in=COMPARED, group_set=None, as_of__lte=day)
        .order_by("union_id", "metric", "-as_of")
        .distinct("union_id", "metric")
    )
    drifts = []
    for figure in newest:
        metric = COMPARED[figure.metric]
        counts = read_counts([figure.union_id], [(metric, "")], [figure.as_of])
        register = counts.at(figure.union_id, metric, "", figure.as_of)
        if abs(figure.value - register) > Decimal(settings.REPORTED_TOLERANCE) * max(register, 1):
            drifts.append(
                Drift(
                    day=figure.as_of,
                    union_id=figure.union_id,
                    book=Drift.Book.REPORTED,
                    metric=figure.metric,
                    stored=str(int(figure.value)),
                    expected=str(register),
                )
            )
    return drifts


def _close(known: QuerySet[Drift], found: Iterable[Drift], *, by_day: bool = False) -> None:
    """Of those ``known`` and open, mark as mended what is not among ``found``: on whatever day it
    was noticed, or ``by_day`` where each day has a figure of its own."""
    still = {_key(row, by_day) for row in found}
    gone = [row.pk for row in known.filter(mended_at=None) if _key(row, by_day) not in still]
    Drift.objects.filter(pk__in=gone).update(mended_at=timezone.now())


def _key(row: Drift, by_day: bool = True) -> tuple[object, ...]:
    return row.union_id, row.book, row.metric, row.breakdown, row.day if by_day else None


def _keep(found: list[Drift]) -> int:
    """Write the drifts that were not known, or were thought to be mended; tell the operators of
    those in our own books."""
    days = {row.day for row in found}
    before = {_key(row) for row in Drift.objects.filter(day__in=days, mended_at=None)}
    # One row for each key, however many ways the ledger differs in.
    new = list({_key(row): row for row in found if _key(row) not in before}.values())
    Drift.objects.bulk_create(
        new,
        update_conflicts=True,
        unique_fields=["union", "day", "book", "metric", "breakdown"],
        update_fields=["stored", "expected", "mended_at"],
    )
    own = [row for row in new if row.book != Drift.Book.REPORTED]
    if own:
        _tell_operators(len(own), own[0].day)
    return len(new)


def _tell_operators(count: int, day: dt.date) -> None:
    """A letter; the mail server being away does not stop the night: the page shows it, too."""
    logger.error("books do not agree", extra={"drifts": count, "day": day.isoformat()})
    operators = User.objects.filter(is_superuser=True, is_active=True).exclude(email="")
    with override("zh-hans"):
        letter = EmailMessage(
            subject=_("The books of %(day)s do not agree") % {"day": day},
            body=_("%(count)d differences were found. They are listed in the admin under drifts.")
            % {"count": count},
            to=list(operators.values_list("email", flat=True)),
        )
    if letter.to:
        letter.send(fail_silently=True)
