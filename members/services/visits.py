"""How often the form behind a code is opened: a number a day, and nothing about anybody."""

from __future__ import annotations

import datetime as dt

import structlog
from django.db import Error, connection

from core.clock import local_today
from members.enums import FORM_ELSEWHERE
from members.models import JoinCode

logger = structlog.get_logger("members.visits")

# Who waits longer for the row of a crowded stand is not counted.
WAIT_MILLISECONDS = 200

# One statement, one round trip. The settings hold until its end: without a flush the row is free
# again at once for the next phone, and a crash of the server may cost the last openings.
_COUNT = """
WITH courtesy AS MATERIALIZED (
    SELECT set_config('synchronous_commit', 'off', true),
        set_config('lock_timeout', %(wait)s, true)
)
INSERT INTO members_joincodevisit AS v (code_id, day, count)
SELECT %(code)s, %(day)s, 1 FROM courtesy
ON CONFLICT (code_id, day) DO UPDATE SET count = v.count + 1
"""


def count_visit(code: JoinCode) -> None:
    """The form of ``code`` was opened once more today (China's day).

    A courtesy: where it cannot be written, nothing is counted and nobody is told but the log.
    Outside of a transaction, as a failed statement would spoil it. No entry in the trail: nobody
    did anything that others have to answer for.
    """
    if code.channel in FORM_ELSEWHERE:
        return
    values: dict[str, int | str | dt.date] = {
        "code": code.pk,
        "day": local_today(),
        "wait": str(WAIT_MILLISECONDS),
    }
    try:
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, values)
    except Error as error:
        logger.warning("visit_not_counted", reason=type(error).__name__)
