"""The register of a measurement: people, memberships, ledger, applications, made in the database.

Ten million members by Python would take hours. Names and encrypted numbers are taken in turn from a
small stock that is really encrypted; hashes are unlike for everybody.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from random import Random
from typing import Any

from django.db import connection

from core.copying import copy_rows
from members.enums import EVENT_EFFECTS, EventType
from members.models import Application, Member, Membership, MembershipEvent
from portal.demo.people import PERSON_COLUMNS, person_values
from reference.models import WorkerGroup

HISTORY_DAYS = 3 * 365
LEAVERS, RETAINED = 0.04, 0.02
PREFECTURE = "3715"
STOCK = 2_000
BATCH = 500_000
# From so many on, indexes are made after the rows.
MANY = 200_000
_TABLES = (Member, Membership, MembershipEvent, Application)

_STOCK_SQL = """
CREATE TEMP TABLE bench_stock (
    place int PRIMARY KEY, name text, id_type text, id_number_encrypted bytea,
    id_number_hash bytea, phone_encrypted bytea, phone_hash bytea, birth_date date, sex text
)
"""
_PLACES_SQL = """
CREATE TEMP TABLE bench_group AS
SELECT (row_number() OVER (ORDER BY code) - 1)::int AS place, code
FROM reference_workergroup WHERE is_active;
CREATE TEMP TABLE bench_union AS
SELECT (row_number() OVER (ORDER BY id) - 1)::int AS place, id, founded_on
FROM unions_union WHERE kind_id = 'grassroots_union';
ANALYZE bench_group, bench_union
"""

# One line for each person: number n, union, group, day of joining, and what became of them.
_LIVES = """
CREATE TEMP TABLE bench_life AS
SELECT d.n, d.n %% %(stock)s AS stock_place, u.id AS union_id, g.code AS worker_group_id,
       (ARRAY['qr', 'online', 'collective', 'mobile_window'])[1 + d.n %% 4] AS channel,
       d.joined, e.left_on,
       CASE WHEN e.left_on IS NULL THEN '' WHEN d.fate < %(leavers)s THEN 'withdrawn'
            ELSE 'retained' END AS fate
FROM (
    SELECT n, floor(random() * %(unions)s)::int AS union_place,
           floor(random() * %(groups)s)::int AS group_place,
           %(since)s::date + floor(random() * %(days)s)::int AS joined, random() AS fate,
           random() AS later
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
) d
JOIN bench_union u ON u.place = d.union_place
JOIN bench_group g ON g.place = d.group_place
CROSS JOIN LATERAL (SELECT CASE
    WHEN d.fate < %(leavers)s + %(retained)s AND %(until)s::date - d.joined > 1
    THEN d.joined + 1 + floor(d.later * (%(until)s::date - d.joined - 1))::int END AS left_on) e
"""

_MEMBERS = """
INSERT INTO members_member
    (id, name, id_type, id_number_encrypted, id_number_hash, phone_encrypted, phone_hash,
     birth_date, sex, created_at, is_demo, home_union_id)
SELECT %(member)s + l.n, s.name, s.id_type, s.id_number_encrypted,
       sha256(('id' || l.n)::bytea), s.phone_encrypted, sha256(('phone' || l.n)::bytea),
       s.birth_date, s.sex, l.joined, true, l.union_id
FROM bench_life l JOIN bench_stock s ON s.place = l.stock_place
"""

_MEMBERSHIPS = """
INSERT INTO members_membership
    (id, member_id, union_id, worker_group_id, channel, started_on, ended_on, status, employer_name)
SELECT %(membership)s + n, %(member)s + n, union_id, worker_group_id, channel, joined,
       CASE WHEN fate = 'withdrawn' THEN left_on - 1 END,
       CASE fate WHEN 'withdrawn' THEN 'ended' WHEN 'retained' THEN 'retained' ELSE 'active' END,
       ''
FROM bench_life
"""

_EVENTS = """
INSERT INTO members_membershipevent
    (membership_id, type, union_id, worker_group_id, channel, effective_on, recorded_at,
     active_change, retained_change, joined_change, rejoined_change, reason)
SELECT %(membership)s + n, %(type)s, union_id, worker_group_id, channel, {day},
       ({day} + time '09:00' + random() * interval '7 hours') AT TIME ZONE 'Asia/Shanghai',
       %(active)s, %(retained_change)s, %(joined_change)s, 0, ''
FROM bench_life WHERE {which}
"""

# Those who joined in the last year of the history sent an application in the days before.
_APPLICATIONS = """
INSERT INTO members_application
    (name, id_type, id_number_encrypted, id_number_hash, phone_encrypted, phone_hash, birth_date,
     sex, receipt_number, employer_name, channel, status, submitted_at, phone_proven_at, decided_at,
     decision_note, is_demo, union_id, worker_group_id)
SELECT s.name, s.id_type, s.id_number_encrypted, sha256(('id' || l.n)::bytea), s.phone_encrypted,
       sha256(('phone' || l.n)::bytea), s.birth_date, s.sex, {receipt}, '', l.channel, {status},
       t.sent, t.sent + interval '5 minutes', {decided}, '', true, l.union_id, l.worker_group_id
FROM bench_life l JOIN bench_stock s ON s.place = l.stock_place
CROSS JOIN LATERAL (SELECT ({last} - random() * interval '9 days') AS sent) t
WHERE {which}
"""
_DECIDED = _APPLICATIONS.format(
    receipt="'M' || lpad(l.n::text, 12, '0')",
    status="'approved'",
    last="(l.joined + time '09:00') AT TIME ZONE 'Asia/Shanghai'",
    decided="(l.joined + time '09:00') AT TIME ZONE 'Asia/Shanghai'",
    which="l.joined > %(year_ago)s",
)
_EMPLOYERS = """
INSERT INTO enterprises_employer
    (name, uscc, region_id, keeper_id, covering_union_id, founding_state, is_platform, is_head,
     affiliate_type, staff_count, is_demo)
SELECT 'Employer ' || n, '', k.region_id, k.id, CASE WHEN n %% 5 < 3 THEN g.id END,
       CASE WHEN n %% 5 < 4 THEN 'Y' ELSE 'N' END, n %% 50 = 0, n %% 40 = 0, '',
       CASE WHEN n %% 10 < 9 THEN 5 + n %% 200 END, true
FROM generate_series(%(first)s::int, %(last)s::int) n
JOIN (SELECT id, region_id, row_number() OVER (ORDER BY id) - 1 AS place
      FROM unions_union WHERE kind_id <> 'grassroots_union') k
  ON k.place = n %% (SELECT COUNT(*) FROM unions_union WHERE kind_id <> 'grassroots_union')
JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place
      FROM unions_union WHERE kind_id = 'grassroots_union') g
  ON g.place = n %% (SELECT COUNT(*) FROM unions_union WHERE kind_id = 'grassroots_union')
"""

_WAITING = _APPLICATIONS.format(
    receipt="'Q' || lpad(l.n::text, 12, '0')",
    status="'submitted'",
    last="now()",
    decided="NULL",
    which="true",
)


def add_lives(
    count: int, *, first: int, since: dt.date, until: dt.date, within: int | None = None
) -> None:
    """Add ``count`` people, numbered from ``first``, who joined in the days from ``since`` to
    ``until`` (both included); some have left or retired since. No number twice in a database.

    ``within``: all of them in the first so many grassroots unions."""
    with _indexes_afterwards(count), connection.cursor() as cursor:
        for values in _batches(cursor, count, first, since, until, within):
            count_now = values["last"] - values["first"] + 1
            for model, key in ((Member, "member"), (Membership, "membership")):
                values[key] = _reserve(cursor, model._meta.db_table, count_now) - values["first"]
            cursor.execute(_MEMBERS, values)
            cursor.execute(_MEMBERSHIPS, values)
            _write_events(cursor, EventType.JOINED, "joined", "true", values)
            for fate in (EventType.WITHDRAWN, EventType.RETAINED):
                _write_events(cursor, fate, "left_on", f"fate = '{fate.value}'", values)
            cursor.execute(_DECIDED, values | {"year_ago": until - dt.timedelta(days=365)})


def add_waiting(count: int, *, first: int, day: dt.date) -> None:
    """Add ``count`` applications of the last nine days that nobody has decided."""
    with _indexes_afterwards(count), connection.cursor() as cursor:
        for values in _batches(cursor, count, first, day, day):
            cursor.execute(_WAITING, values)


def add_employers(count: int, *, first: int) -> None:
    """Add ``count`` employers, numbered from ``first``, kept by the unions above the grassroots in
    turn; of five three are covered by a grassroots union."""
    with connection.cursor() as cursor:
        cursor.execute(_EMPLOYERS, {"first": first, "last": first + count - 1})


def _batches(
    cursor: Any,
    count: int,
    first: int,
    since: dt.date,
    until: dt.date,
    within: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Numbers of one batch after another, each with its lives in ``bench_life``."""
    cursor.execute("DROP TABLE IF EXISTS bench_stock, bench_group, bench_union")
    cursor.execute(_STOCK_SQL)
    copy_rows("bench_stock", ["place", *PERSON_COLUMNS], _stock())
    cursor.execute(_PLACES_SQL)
    cursor.execute("SELECT (SELECT COUNT(*) FROM bench_union), (SELECT COUNT(*) FROM bench_group)")
    unions, groups = cursor.fetchone()
    cursor.execute("SELECT setseed(%s)", [first % 1_000_003 / 1_000_003])
    values = {
        "stock": STOCK,
        "unions": min(unions, within or unions),
        "groups": groups,
        "since": since,
        "until": until,
        "days": (until - since).days + 1,
        "leavers": LEAVERS,
        "retained": RETAINED,
    }
    for start in range(first, first + count, BATCH):
        batch = {"first": start, "last": min(start + BATCH, first + count) - 1}
        cursor.execute("DROP TABLE IF EXISTS bench_life")
        cursor.execute(_LIVES, values | batch)
        cursor.execute("ANALYZE bench_life")
        yield values | batch


def _stock() -> list[tuple[object, ...]]:
    random = Random("bench-stock")  # noqa: S311 -- synthetic data
    groups = list(WorkerGroup.objects.filter(is_active=True).values_list("pk", flat=True))
    return [
        (place, *person_values(random, PREFECTURE, place, place, random.choice(groups)))
        for place in range(STOCK)
    ]


def _write_events(
    cursor: Any, event: EventType, day: str, which: str, values: dict[str, Any]
) -> None:
    active, retained, joined = EVENT_EFFECTS[event]
    effect = {"active": active, "retained_change": retained, "joined_change": joined}
    cursor.execute(_EVENTS.format(day=day, which=which), {**values, **effect, "type": event.value})


def _reserve(cursor: Any, table: str, count: int) -> int:
    """The first of ``count`` keys that nobody else gets."""
    cursor.execute(
        "SELECT setval(q.name, nextval(q.name) + %s - 1) - %s + 1 "
        "FROM (SELECT pg_get_serial_sequence(%s, 'id') AS name) q",
        [count, count, table],
    )
    return int(cursor.fetchone()[0])


@contextlib.contextmanager
def _indexes_afterwards(count: int) -> Iterator[None]:
    """For many rows: without indexes, foreign keys and triggers, which are there again afterwards.

    Foreign keys come back without a check of the rows that are there. Primary keys stay.
    """
    if count < MANY:
        yield
        return
    tables = [model._meta.db_table for model in _TABLES]
    connection.check_constraints()  # what was put off would stand in the way
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid), "
            "contype = 'f' FROM pg_constraint "
            "WHERE conrelid = ANY(%s::regclass[]) AND contype IN ('f', 'u') ORDER BY contype DESC",
            [tables],
        )
        constraints = cursor.fetchall()
        cursor.execute(
            "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i "
            "WHERE i.indrelid = ANY(%s::regclass[]) AND NOT EXISTS "
            "(SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype <> 'f')",
            [tables],
        )
        indexes = cursor.fetchall()
        for table, name, _definition, _is_foreign in constraints:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {name}")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '1GB'")
        for _name, definition in indexes:
            cursor.execute(definition)
        for table, name, definition, is_foreign in constraints:
            end = " NOT VALID" if is_foreign and "NOT VALID" not in definition else ""
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}{end}")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        cursor.execute("RESET maintenance_work_mem")
