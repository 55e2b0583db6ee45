"""Claiming the steps of the night: a lease, a fence, and no lock that outlives its holder.

A step is claimed by a conditional update (idiom: healthchecks, zulip's ``FillState``). The claim
carries a token; a step's own transaction ends by checking that the token still stands, so that a
worker that lost its lease while it slept cannot publish over its successor.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from collections.abc import Callable
from typing import NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from core.clock import local_day_end
from core.errors import RuleViolation
from reports.models import ReportRun

# The step whose run says that a day is out.
PUBLISH = "publish"
# The step whose run says up to when entries of a day, and baselines for it, were read.
DELTAS = "deltas"
# Code of a refusal: what is asked for must wait until a night is over.
NIGHT_UNDER_WAY = "night_under_way"
# The cut-off of the publication that a day rests on, in SQL: its own, or that of the first day
# published after it; days before the opening rest on the first of all. {day}: SQL of the day.
PUBLISHED_BY_SQL = f"""COALESCE((
        SELECT r.cut_off FROM reports_reportrun r
        WHERE r.report = '{PUBLISH}' AND r.cut_off IS NOT NULL AND r.day >= {{day}}
        ORDER BY r.day LIMIT 1), 'infinity')"""


class LeaseLost(Exception):
    """Somebody else took the step over while this worker was at it; nothing was written."""


class Written(NamedTuple):
    """What a step wrote: rows, and a checksum over them (0 where there is none)."""

    rows: int
    checksum: int = 0


class StepOutcome(NamedTuple):
    """What became of a step: ``done``, ``already_done``, ``running_elsewhere`` or ``failed``."""

    step: str
    day: dt.date
    state: str
    row_count: int
    seconds: float


def run_step(
    step: str,
    day: dt.date,
    work: Callable[[dt.date], int | Written],
    *,
    again: bool = False,
    in_one: bool = True,
    cut_off: dt.datetime | None = None,
    hurried: bool = False,
) -> StepOutcome:
    """Claim ``step`` for ``day``, do ``work`` in one transaction, publish, release.

    ``work(day)`` says what it wrote. A step done for a finished day is not done twice unless
    ``again``; one done before its day was over is. If ``work`` raises, nothing of it is written,
    the run is marked failed, and the exception goes on. Without ``in_one`` the work commits as it
    goes and must stand being done twice. ``cut_off``: up to which instant entries were read, where
    that is not the beginning of this step. ``hurried``: does not wait for the disk, see
    ``do_not_wait_for_the_disk``.
    """
    claim = _claim(step, day, again=again, hurried=hurried)
    if claim is None:
        run = ReportRun.objects.get(report=step, day=day)
        state = "already_done" if run.status == ReportRun.Status.DONE else "running_elsewhere"
        return StepOutcome(step, day, state, run.row_count, 0.0)
    started = timezone.now()
    mine = ReportRun.objects.filter(report=step, day=day, claim=claim)
    try:
        with transaction.atomic() if in_one else contextlib.nullcontext():
            if hurried and in_one:
                do_not_wait_for_the_disk()
            result = work(day)
            written = result if isinstance(result, Written) else Written(result)
            finished = timezone.now()
            published = mine.filter(status=ReportRun.Status.RUNNING).update(
                status=ReportRun.Status.DONE,
                finished_at=finished,
                cut_off=cut_off or started,
                row_count=written.rows,
                checksum=written.checksum,
                seconds=(finished - started).total_seconds(),
                claim=None,
                lease_until=None,
            )
            if published != 1:
                raise LeaseLost(f"{step} {day}")
    except Exception as error:
        mine.update(
            status=ReportRun.Status.FAILED,
            error=type(error).__name__,
            claim=None,
            lease_until=None,
        )
        raise
    seconds = (timezone.now() - started).total_seconds()
    return StepOutcome(step, day, "done", written.rows, seconds)


def do_not_wait_for_the_disk() -> None:
    """Let the transaction, which must be open, end before it is on the disk.

    Nothing is torn: the log is written in order, and a later transaction that waits for the disk,
    as that which publishes a day does, waits for all before it. If the machine stops, the last
    steps may be due again, with all that they wrote undone.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")


@transaction.atomic
def _claim(step: str, day: dt.date, *, again: bool, hurried: bool) -> uuid.UUID | None:
    """A token when the step is ours to do now, None when it is done or in other hands."""
    if hurried:
        do_not_wait_for_the_disk()
    now = timezone.now()
    run, _created = ReportRun.objects.get_or_create(report=step, day=day)
    free = (
        Q(status__in=[ReportRun.Status.DUE, ReportRun.Status.FAILED])
        | Q(status=ReportRun.Status.RUNNING, lease_until__lt=now)
        | Q(status=ReportRun.Status.DONE, cut_off__lt=local_day_end(day))
    )
    if again:
        free |= Q(status=ReportRun.Status.DONE)
    token = uuid.uuid4()
    claimed = ReportRun.objects.filter(free, pk=run.pk).update(
        status=ReportRun.Status.RUNNING,
        claim=token,
        lease_until=now + dt.timedelta(seconds=settings.NIGHTLY_LEASE_SECONDS),
        attempts=F("attempts") + 1,
        started_at=now,
        error="",
    )
    return token if claimed == 1 else None


def rows_of_finished(day: dt.date) -> dict[str, int]:
    """The steps that are done for ``day`` for good, after it was over, each with the rows it wrote;
    nothing is claimed."""
    done = ReportRun.objects.filter(
        day=day, status=ReportRun.Status.DONE, cut_off__gte=local_day_end(day)
    )
    return dict(done.values_list("report", "row_count"))


def cut_off_of(step: str, day: dt.date) -> dt.datetime | None:
    """Up to which instant ``step`` read entries for ``day``; None if it never did."""
    return ReportRun.objects.filter(report=step, day=day).values_list("cut_off", flat=True).first()


def require_settled_books(day: dt.date) -> None:
    """Refuse while the night of a day has posted entries and has not published its figures: what
    stands and what is posted do not belong together then, also where that night broke off. So it
    is with the figures of ``day`` once those of a later one are out.

    Raises RuleViolation (``night_under_way``). To be asked while no night can post.
    """
    cut_offs = ReportRun.objects.filter(report=DELTAS, cut_off__isnull=False).order_by("-day")
    posted = cut_offs.first()
    if posted is None or posted.cut_off is None:
        return
    published = cut_off_of(PUBLISH, posted.day)
    if published is None or published < posted.cut_off:
        raise RuleViolation(
            f"The night of {posted.day} is not over: its figures are not published yet.",
            code=NIGHT_UNDER_WAY,
        )
    if posted.day > day:
        raise RuleViolation(
            f"The figures of {posted.day} are out: those of {day} are not compared any more.",
            code=NIGHT_UNDER_WAY,
        )


def last_published_day(*, up_to: dt.date | None = None) -> dt.date | None:
    """The newest day (≤ ``up_to``) that has been published at least once."""
    runs = ReportRun.objects.filter(report=PUBLISH, cut_off__isnull=False)
    if up_to is not None:
        runs = runs.filter(day__lte=up_to)
    return runs.order_by("-day").values_list("day", flat=True).first()


def last_closed_day(*, before: dt.date) -> dt.date | None:
    """The newest day < ``before`` that was published after it was over."""
    runs = ReportRun.objects.filter(report=PUBLISH, cut_off__isnull=False, day__lt=before)
    for run in runs.order_by("-day")[:400]:
        if run.cut_off is not None and run.cut_off >= local_day_end(run.day):
            return run.day
    return None
