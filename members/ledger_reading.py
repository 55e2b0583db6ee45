"""What the ledger says: the state of a membership on any day, from its entries alone.

The columns of ``Membership`` are a reading of the ledger kept for fast lists; nothing here looks at
them. ``members.reconciliation`` compares the two.
"""

from __future__ import annotations

import datetime as dt

from django.db import connection
from django.db.models import Max

from core.clock import local_today
from members.enums import EventType, MembershipStatus
from members.models import Member, Membership, MembershipEvent

# One row a membership and day with entries: what the day changed and what it ended with. ``asked``
# is 1 while a transfer is under way. Entries of one day have no order: only their sum counts, so an
# entry and its correction on the same day leave nothing behind.
RUNNING = """
daily AS (
    SELECT membership_id, effective_on AS day,
           SUM(active_change) AS active, SUM(retained_change) AS retained,
           SUM(CASE type WHEN 'transfer_asked' THEN 1
                         WHEN 'transfer_dropped' THEN -1
                         WHEN 'transferred_out' THEN -1 ELSE 0 END) AS asked,
           SUM((type = 'unmerged')::int) AS unmerged
    FROM members_membershipevent
    {only}
    GROUP BY membership_id, effective_on
),
running AS (
    SELECT *, SUM(active + retained) OVER (PARTITION BY membership_id ORDER BY day) AS persons
    FROM daily
)
"""

_STATES = (
    "WITH "
    + RUNNING
    + """
SELECT membership_id,
       CASE WHEN NOT bool_or(persons > 0) THEN 'annulled'
            WHEN NOT COALESCE(bool_or(persons > 0) FILTER (WHERE day <= %(day)s), FALSE) THEN ''
            WHEN SUM(active + retained) FILTER (WHERE day <= %(day)s) <= 0 THEN 'ended'
            WHEN SUM(asked) FILTER (WHERE day <= %(day)s) > 0 THEN 'transferring'
            WHEN SUM(retained) FILTER (WHERE day <= %(day)s) > 0 THEN 'retained'
            ELSE 'active' END
FROM running
GROUP BY membership_id
"""
)


def state_on(membership: Membership, day: dt.date) -> MembershipStatus | None:
    """The state at the end of ``day``; None while the membership has not begun.

    An annulled membership is annulled on every day: it never counted. What was corrected reads as
    if the right entry had been there from the beginning.
    """
    return states_on(day, membership_ids=[membership.pk]).get(membership.pk)


def states_on(
    day: dt.date, *, membership_ids: list[int] | None = None
) -> dict[int, MembershipStatus]:
    """The state at the end of ``day`` by membership; those that have not begun are left out.

    Without ``membership_ids`` the whole ledger is read.
    """
    only = "" if membership_ids is None else "WHERE membership_id = ANY(%(keys)s)"
    with connection.cursor() as cursor:
        cursor.execute(_STATES.format(only=only), {"day": day, "keys": membership_ids})
        return {key: MembershipStatus(state) for key, state in cursor.fetchall() if state}


def standing_events(membership: Membership) -> list[MembershipEvent]:
    """The entries that stand (neither corrections nor corrected), in the order they count."""
    return list(
        membership.events.exclude(type=EventType.CORRECTED)
        .filter(corrections__isnull=True)
        .select_related("union", "counterpart", "decision")
        .order_by("effective_on", "id")
    )


def has_effect(event: MembershipEvent) -> bool:
    """Does the entry change any count? A transfer asked for or dropped does not."""
    return bool(event.active_change or event.retained_change or event.joined_change)


def last_change_on(membership: Membership) -> dt.date:
    """The day from which the newest standing entry counts; nothing may be recorded before it."""
    return max(
        (event.effective_on for event in standing_events(membership) if has_effect(event)),
        default=membership.started_on,
    )


def first_free_day(member: Member) -> dt.date:
    """The first day, today or later, on which a new spell of ``member`` may begin.

    Who leaves today is a member until midnight, so a new spell begins tomorrow: nobody counts twice
    on any day. The person's row is locked until the end of the transaction, so that no spell ends
    or is reopened meanwhile.
    """
    Member.objects.select_for_update().get(pk=member.pk)
    ended = member.memberships.exclude(status=MembershipStatus.ANNULLED).aggregate(
        last=Max("ended_on")
    )["last"]
    today = local_today()
    return max(today, ended + dt.timedelta(days=1)) if ended else today
