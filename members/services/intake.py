"""One application into the database: one statement, one round trip, one commit.

This is what every sign-up at a crowded stand waits for. The parts (application, consents, answers,
audit entry) are written together or not at all, as in any service; only the form differs.

Where an application of this person, phone and union waits already, what was typed is kept as a
``RepeatedSending`` of it, with a receipt of its own: who sent the first is not known, and the
receipt must not open the other's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from weakref import WeakSet

from django.db import DEFAULT_DB_ALIAS, ProgrammingError, connections
from django.db.backends.utils import CursorWrapper

from audit.services import entries_from
from core.clock import CHINA

# The code and its union are looked at once more here: a page that was loaded before a code was
# closed must not get anybody in. ON CONFLICT waits for a twin sent at the same moment (a double
# click); what it then left out is found by ``found``, or, if it was written after this statement
# began, by the next round; so too if the one found was decided or taken back at this moment (FOR
# SHARE waits and looks again). A repeated sending is written with an entry like a new application:
# the time of the answer does not tell the two apart.
_STATEMENT = f"""
WITH code AS (
    SELECT j.id, j.code, j.channel, j.union_id, j.employer_id, u.path, u.region_id
    FROM members_joincode j
    JOIN unions_union u ON u.id = j.union_id
    WHERE j.id = %(join_code)s AND j.is_active AND u.status = 'active'
      AND (j.valid_until IS NULL
           OR j.valid_until >= (%(now)s::timestamptz AT TIME ZONE '{CHINA.key}')::date)
),
employer AS (
    SELECT e.id
    FROM enterprises_employer e, code
    WHERE %(employer_name)s <> '' AND e.name = %(employer_name)s
      AND (e.covering_union_id = code.union_id OR e.keeper_id = code.union_id
           OR e.region_id LIKE left(code.region_id, 6) || '%%' OR e.id = code.employer_id)
    ORDER BY e.id <> code.employer_id, e.name, e.id
    LIMIT 1
),
taken AS (
    INSERT INTO members_application (
        receipt_number, union_id, worker_group_id, employer_id, employer_name, channel,
        join_code_id, status, submitted_at, decision_note, is_demo,
        name, id_type, id_number_encrypted, id_number_hash, phone_encrypted, phone_hash,
        birth_date, sex)
    SELECT %(receipt_number)s, code.union_id, %(worker_group)s, (SELECT id FROM employer),
           %(employer_name)s, code.channel, code.id, 'submitted', %(now)s::timestamptz, '', FALSE,
           %(name)s, %(id_type)s, %(id_number_encrypted)s::bytea, %(id_number_hash)s::bytea,
           %(phone_encrypted)s::bytea, %(phone_hash)s::bytea, %(birth_date)s::date, %(sex)s
    FROM code
    ON CONFLICT DO NOTHING
    RETURNING id, receipt_number, submitted_at, union_id, employer_id, channel
),
consents AS (
    INSERT INTO members_consent (application_id, text_id, given_at)
    SELECT taken.id, text_id, %(now)s::timestamptz
    FROM taken, unnest(%(texts)s::bigint[]) AS text_id
),
answers AS (
    INSERT INTO members_extraanswer (application_id, question_id, value)
    SELECT taken.id, question_id, value
    FROM taken, unnest(%(questions)s::bigint[], %(answers)s::text[]) AS answer (question_id, value)
),
found AS (
    SELECT a.id, a.receipt_number, a.submitted_at, a.union_id, a.employer_id, a.channel,
           code.id AS code_id
    FROM members_application a, code
    WHERE a.id_number_hash = %(id_number_hash)s::bytea AND a.phone_hash = %(phone_hash)s::bytea
      AND a.union_id = code.union_id AND a.status = 'submitted' AND a.resubmitted_at IS NULL
    FOR SHARE OF a
),
repeated AS (
    INSERT INTO members_repeatedsending (
        receipt_number, application_id, join_code_id, sent_at, name, worker_group_id,
        employer_name, text_ids, answers)
    SELECT %(receipt_number)s, found.id, found.code_id, %(now)s::timestamptz, %(name)s,
           %(worker_group)s, %(employer_name)s, to_jsonb(%(texts)s::bigint[]),
           (SELECT COALESCE(jsonb_object_agg(question_id, value), '{{}}')
            FROM unnest(%(questions)s::bigint[], %(answers)s::text[])
                AS answer (question_id, value))
    FROM found
    WHERE NOT EXISTS (SELECT FROM taken)
    ON CONFLICT (receipt_number) DO NOTHING
    RETURNING application_id, receipt_number
),
entry AS (
    {
    entries_from('''
        SELECT %(now)s::timestamptz, NULL::bigint, sent.action, 'members.application',
               sent.id::text, code.path,
               jsonb_build_object('join_code', code.code, 'channel', code.channel)
        FROM code, (
            SELECT id, 'application.submitted' AS action FROM taken
            UNION ALL
            SELECT application_id, 'application.sent_again' FROM repeated
        ) AS sent
    ''')
}
)
SELECT TRUE, receipt_number, id, receipt_number, submitted_at, union_id, employer_id, channel
FROM taken
UNION ALL
SELECT FALSE, repeated.receipt_number, found.id, found.receipt_number, found.submitted_at,
       found.union_id, found.employer_id, found.channel
FROM found JOIN repeated ON repeated.application_id = found.id
UNION ALL
SELECT FALSE, NULL, NULL, NULL, NULL, NULL, NULL, NULL WHERE NOT EXISTS (SELECT FROM code)
"""  # noqa: S608 -- put together of constants alone


class TakenIn(NamedTuple):
    """What the statement found or wrote: the receipt to hand out, and its application."""

    is_new: bool
    handed_out: str
    id: int
    receipt_number: str
    submitted_at: dt.datetime
    union_id: int
    employer_id: int | None
    channel: str


class CodeClosedError(Exception):
    """The join code, or its union, takes no more applications."""


# Planning the statement takes as long as running it, so each connection plans it once. Not inside a
# transaction: there a failure would spoil what the caller has done.
_PREPARED_NAME = "members_take_in"
_PARAMETERS = {
    "join_code": "bigint",
    "receipt_number": "text",
    "now": "timestamptz",
    "worker_group": "text",
    "employer_name": "text",
    "texts": "bigint[]",
    "questions": "bigint[]",
    "answers": "text[]",
    "name": "text",
    "id_type": "text",
    "id_number_encrypted": "bytea",
    "id_number_hash": "bytea",
    "phone_encrypted": "bytea",
    "phone_hash": "bytea",
    "birth_date": "date",
    "sex": "text",
}
_PREPARE = f"PREPARE {_PREPARED_NAME} ({', '.join(_PARAMETERS.values())}) AS " + _STATEMENT % {
    name: f"${place}" for place, name in enumerate(_PARAMETERS, start=1)
}
_EXECUTE = f"EXECUTE {_PREPARED_NAME} ({', '.join(f'%({name})s' for name in _PARAMETERS)})"
# The connections on which it is prepared. Behind a pooler that hands one server connection to many
# clients preparing may fail; then the plain statement serves.
_prepared: WeakSet[Any] = WeakSet()


def _run(values: Mapping[str, Any]) -> tuple[Any, ...] | None:
    connection = connections[DEFAULT_DB_ALIAS]
    with connection.cursor() as cursor:
        if not connection.in_atomic_block and _is_prepared(cursor):
            cursor.execute(_EXECUTE, values)
        else:
            cursor.execute(_STATEMENT, values)
        row: tuple[Any, ...] | None = cursor.fetchone()
    return row


def _is_prepared(cursor: CursorWrapper) -> bool:
    raw = cursor.connection
    if raw not in _prepared:
        try:
            cursor.execute(_PREPARE)
        except ProgrammingError:
            return False
        _prepared.add(raw)
    return True


def _plain(value: Any) -> str | None:
    """As PostgreSQL reads it out of a text: the driver has an adapter for bytes and one for dates,
    and each takes longer than one for text (ADR 7)."""
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    return None if value is None else str(value)


def _numbers(numbers: Iterable[int]) -> str:
    return "{" + ",".join(map(str, numbers)) + "}"


def take_in(
    *,
    join_code_id: int,
    receipt_number: str,
    now: dt.datetime,
    person: Mapping[str, Any],
    worker_group_id: str,
    employer_name: str,
    text_ids: list[int],
    answers: Mapping[int, str],
) -> TakenIn | None:
    """Write the application, or a further sending of the waiting one of this person and phone.

    ``person`` holds the columns of ``PersonalData``, ``answers`` extra answers by question. None if
    neither came about (a twin is being written, or the receipt number is taken): try once more.
    Raises CodeClosedError.
    """
    values = {
        **{column: _plain(value) for column, value in person.items()},
        "join_code": join_code_id,
        "receipt_number": receipt_number,
        "now": now.isoformat(),
        "worker_group": worker_group_id,
        "employer_name": employer_name,
        "texts": _numbers(text_ids),
        "questions": _numbers(answers),
        "answers": list(answers.values()) or "{}",
    }
    row = _run(values)
    if row is None:
        return None
    if row[2] is None:
        raise CodeClosedError
    return TakenIn(*row)
