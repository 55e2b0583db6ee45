"""The night: what Celery beat starts at 02:00 and ``manage.py nightly`` runs by hand.

Each day goes through ``STEPS`` in order, each step with its own ``ReportRun``. A crash anywhere is
finished by the next run: what a step has written stands, what it had not is done.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from core.clock import local_today
from core.errors import RuleViolation
from reports.brief import send_briefs
from reports.checking import check_books
from reports.checksums import with_checksum
from reports.counting.establishment import (
    STEP as ESTABLISHMENT,
    count_establishment,
    count_establishment_history,
    is_counted,
    mend_establishment,
    overlooked,
)
from reports.counting.history import THE_BEGINNING, count_history
from reports.counting.posting import post_changes
from reports.counting.rolling import count_crown, count_next_part, parts_left
from reports.counting.shares import Shares
from reports.counting.verifying import mend_counts
from reports.counting.verifying_units import mend_unit_counts
from reports.crew import Crew
from reports.forecasting.writing import fit_weights, forecast_targets
from reports.keeping import forget_answers
from reports.models import (
    CampaignForecast,
    CampaignProgress,
    DailyEstablishment,
    NightDelta,
    NightPart,
    QualitySignal,
    ReportRun,
    UnpostedEntry,
)
from reports.progress import measure_history, measure_progress
from reports.quality import find_signals
from reports.runs import (
    DELTAS,
    PUBLISH,
    StepOutcome,
    Written,
    cut_off_of,
    last_closed_day,
    last_published_day,
    rows_of_finished,
    run_step,
)
from unions.tree import lock_tree

CLOSE = "close"
WEIGHTS = "weights"
LEAVES = "leaves"
ROLL_UP = "roll_up"
PROGRESS = "progress"
FORECASTS = "forecasts"
RECONCILE = "reconcile"
SIGNALS = "signals"
NOTIFY = "notify"
STEPS = (
    CLOSE,
    WEIGHTS,
    DELTAS,
    LEAVES,
    ROLL_UP,
    ESTABLISHMENT,
    PROGRESS,
    FORECASTS,
    RECONCILE,
    PUBLISH,
    SIGNALS,
    NOTIFY,
)
# The steps that write what is published.
FIGURES = (LEAVES, ROLL_UP, ESTABLISHMENT, PROGRESS, FORECASTS)
RECOUNT = "recount"
RECOUNT_UNITS = "recount_units"
RECOUNT_ESTABLISHMENT = "recount_establishment"
RECOUNTED = (RECOUNT, RECOUNT_UNITS, RECOUNT_ESTABLISHMENT)
_WAIT_SECONDS = 0.2

logger = logging.getLogger(__name__)


def run_nightly(
    day: dt.date | None = None,
    *,
    since: dt.date | None = None,
    full: bool = False,
    opening: dt.date = THE_BEGINNING,
) -> list[StepOutcome]:
    """Count and publish ``day`` (default: yesterday, Asia/Shanghai), missed days before it too.

    Idempotent: a finished day that is published is left alone, a day counted before it was over is
    counted again. The first night counts the whole history, from ``opening`` on. ``since`` names
    the first of the days to fill, to be sure of it: RuleViolation if days before it are missing.
    ``full`` counts the newest day from the whole ledger besides, and mends what differs. Safe to
    kill at any moment, and to run twice at once.
    """
    wanted = day or local_today() - dt.timedelta(days=1)
    outcomes: list[StepOutcome] = []
    with Crew(settings.NIGHTLY_WORKERS) as crew:
        for one in _days(wanted, since):
            try:
                outcomes += _run_day(one, opening, crew)
            finally:
                transaction.on_commit(forget_answers)
            if any(outcome.state == "running_elsewhere" for outcome in outcomes):
                return outcomes
        newest = last_published_day()
        if full and newest is not None:
            try:
                outcomes += _recount(crew, newest)
            finally:
                transaction.on_commit(forget_answers)
    return outcomes


def _days(wanted: dt.date, since: dt.date | None) -> list[dt.date]:
    """The days to run, in order: those after the last one that was published after it was over."""
    newest = last_published_day()
    if newest is None or newest > wanted:
        return [wanted]
    closed = last_closed_day(before=wanted)
    first = closed + dt.timedelta(days=1) if closed else newest
    if since is not None and since > first:
        raise RuleViolation(
            f"Days before {since} have not been counted: begin with {first}.", code="gap"
        )
    return [first + dt.timedelta(days=n) for n in range((wanted - first).days + 1)]


def _run_day(day: dt.date, opening: dt.date, crew: Crew) -> list[StepOutcome]:
    newest = last_published_day()
    if newest is not None and newest > day:
        # A day of the past has its figures: nothing of it is counted again.
        return [StepOutcome(step, day, "already_done", 0, 0.0) for step in STEPS]
    finished = rows_of_finished(day)
    if finished.keys() >= set(STEPS):
        return [StepOutcome(step, day, "already_done", finished[step], 0.0) for step in STEPS]
    is_first = newest is None
    outcomes: list[StepOutcome] = []
    # All that follows rests on what was read then, and is done again with it: where that was before
    # midnight, the rest may end after it.
    posted_at: dt.datetime | None = None

    def note_posted() -> bool:
        nonlocal posted_at
        posted_at = cut_off_of(DELTAS, day)
        return True

    def step(
        name: str,
        work: Callable[[dt.date], int | Written],
        *,
        may_fail: bool = False,
        in_one: bool = True,
    ) -> bool:
        cut_off = posted_at if STEPS.index(name) > STEPS.index(DELTAS) else None
        hurried = STEPS.index(name) < STEPS.index(PUBLISH)
        try:
            outcome = run_step(name, day, work, cut_off=cut_off, in_one=in_one, hurried=hurried)
        except Exception:
            if not may_fail:
                raise
            # The figures come out all the same; the run says "failed", the next night tries again.
            logger.exception("a step of the night failed", extra={"step": name})
            outcome = StepOutcome(name, day, "failed", 0, 0.0)
        outcomes.append(outcome)
        return outcome.state != "running_elsewhere"

    deltas = partial(count_history, first=opening) if is_first else post_changes
    # Books begun before there was this step have none of it.
    establishment = (
        count_establishment if is_counted() else partial(count_establishment_history, first=opening)
    )
    progress = measure_history if is_first else measure_progress
    (
        step(CLOSE, _close)
        # What is fitted rests on the days before, and is fitted while entries are posted.
        and all(
            crew.at_once(
                partial(step, WEIGHTS, fit_weights, may_fail=True),
                partial(step, DELTAS, with_checksum(deltas, NightDelta)),
            )
        )
        and note_posted()
        and step(LEAVES, partial(_count_parts, crew), in_one=False)
        and step(ROLL_UP, _count_crown)
        # The books are checked while what rests on them is computed.
        and all(
            crew.at_once(
                partial(step, RECONCILE, check_books, may_fail=True),
                lambda: (
                    step(ESTABLISHMENT, with_checksum(establishment, DailyEstablishment))
                    and step(PROGRESS, with_checksum(progress, CampaignProgress))
                    and step(
                        FORECASTS,
                        with_checksum(forecast_targets, CampaignForecast),
                        may_fail=True,
                    )
                ),
            )
        )
        and step(PUBLISH, _publish)
        and step(SIGNALS, with_checksum(find_signals, QualitySignal), may_fail=True)
        and step(NOTIFY, send_briefs, in_one=False)
    )
    return sorted(outcomes, key=lambda outcome: STEPS.index(outcome.step))


def _close(day: dt.date) -> int:
    """Put all steps down as due; the entries that wait to be posted by ``day``.

    A union that is being moved over midnight is waited for: the tree of the day is settled.
    """
    lock_tree()
    ReportRun.objects.bulk_create(
        [ReportRun(report=name, day=day) for name in STEPS if name != CLOSE],
        ignore_conflicts=True,
    )
    return UnpostedEntry.objects.filter(effective_on__lte=day).count()


def _recount(crew: Crew, day: dt.date) -> list[StepOutcome]:
    """Everything of ``day`` counted anew, by the whole crew: the shares first, so that nobody is
    idle while one puts together what they bring; employers last.

    Where somebody else is at the persons, the rest is left to them, too. Where persons fail, the
    rest is counted if there is a crew.
    """
    shares, employers = Shares(), overlooked()
    outcomes: list[StepOutcome] = []

    def step(name: str, work: Callable[[dt.date], int]) -> None:
        if not any(outcome.state == "running_elsewhere" for outcome in outcomes):
            outcomes.append(run_step(name, day, work, again=True))

    def help_only() -> None:
        shares.help()
        employers.help()

    def help_and_units() -> None:
        try:
            shares.help()
        finally:
            step(RECOUNT_UNITS, mend_unit_counts)
        employers.help()

    def persons_then_establishment() -> None:
        try:
            with shares:
                step(RECOUNT, partial(mend_counts, shares=shares))
        finally:
            with employers:
                step(RECOUNT_ESTABLISHMENT, partial(mend_establishment, employers=employers))

    tasks = [*[help_only] * (crew.size - 2), help_and_units, persons_then_establishment]
    if crew.size == 1:
        tasks.reverse()  # nobody helps but afterwards
    crew.at_once(*tasks)
    return outcomes


def _publish(day: dt.date) -> Written:
    """The figures of the day are out; the checksum is that over all of their rows."""
    counted = ReportRun.objects.filter(day=day, report__in=FIGURES)
    rows, checksum = 0, 0
    for run in counted:
        rows += run.row_count
        checksum ^= run.checksum
    return Written(rows, checksum)


def _count_parts(crew: Crew, day: dt.date) -> Written:
    """Count all parts of the tree, with the whole crew at once; others may help."""
    crew.at_once(*[partial(help_count, day)] * crew.size)
    while parts_left(day):
        # Somebody else is at what is left; if they die, their part is free again.
        if count_next_part(day) is None:
            time.sleep(_WAIT_SECONDS)
    done = NightPart.objects.filter(day=day)
    checksum = 0
    for part in done:
        checksum ^= part.checksum
    return Written(done.aggregate(rows=Sum("rows"))["rows"] or 0, checksum)


def help_count(day: dt.date) -> int:
    """Count parts of ``day`` until none is free; how many. For further workers."""
    parts = 0
    while count_next_part(day) is not None:
        parts += 1
    return parts


def _count_crown(day: dt.date) -> Written:
    rolled = count_crown(day)
    return Written(rolled.rows, rolled.checksum)
