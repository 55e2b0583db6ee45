"""The night: a recount of the whole ledger, one more day, growth, storage, workers, memory.

Floor of all seconds: the ledger's memberships read once and grouped by union and worker group.
The figures are opened with a balance of everything before the last day of the history, so that a
register of ten million is ready in minutes; what a night costs does not depend on the days before.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Callable, Iterator

from django.conf import settings
from django.db import connection, transaction
from django.test import override_settings

from portal.benchmarks import dataset
from portal.benchmarks.dataset import Sizes
from portal.benchmarks.memory import PeakMemory
from portal.benchmarks.rows import Row, best_seconds, seconds_of
from portal.embedded.errors import EngineError
from portal.embedded.processes import Child, wait_until
from reports.counting.history import forget_figures
from reports.counting.shares import MEMORY
from reports.models import ReportRun
from reports.nightly import RECOUNTED, STEPS, run_nightly
from reports.runs import last_published_day
from reports.tasks import run_nightly_task

SUITE = "nightly"
NIGHTS = 3
EVENTS = 30_000
NIGHT_AT_MOST = 1800  # seconds, of a worker
ONE_DAY = dt.timedelta(days=1)

_FLOOR = """
SELECT union_id, worker_group_id, count(*) FROM members_membership
GROUP BY union_id, worker_group_id
"""
# The planner takes one of two ways, and where their costs are near, now this one and now that.
WAYS = {
    "floor_hashed": "SET LOCAL enable_indexonlyscan = off",
    "floor_by_index": "SET LOCAL enable_hashagg = off",
}
_TABLES = ("reports_dailycount", "reports_dailyunitcount", "reports_latecount")


def run(sizes: Sizes) -> Iterator[Row]:
    """``nightly_full``, ``_incremental``, ``_two_workers``, ``_bytes_…``, ``worker_rss_mb``,
    ``nightly_growth``; a night has ``EVENTS`` joinings, or a tenth of the members."""
    events = max(1, min(EVENTS, sizes.members // 10))
    floor = best_seconds(read_memberships, times=3)
    full = best_seconds(recount, times=3)
    yield Row(SUITE, "nightly_full", full, "s", floor, sizes.members)

    numbers = iter(range(1, 1_000))

    def night(count: int, workers: int = 2) -> float:
        """Seconds of a night with ``count`` joinings that day."""
        tonight = newest_day() + ONE_DAY
        first = 4 * sizes.members + next(numbers) * EVENTS * 4
        with transaction.atomic():
            dataset.add_members(count, first=first, days=(tonight, tonight))
        with override_settings(NIGHTLY_WORKERS=workers):
            return seconds_of(lambda: run_nightly(tonight))

    night(events)  # the first one finds nothing in the cache
    two = min(night(events) for _ in range(NIGHTS))
    yield Row(SUITE, "nightly_incremental", two, "s", floor, events)
    one = min(night(events, workers=1) for _ in range(NIGHTS))
    yield Row(SUITE, "nightly_one_worker", one, "s", two, events)
    yield from storage(SUITE, night, events, prefix="nightly_")
    yield Row(
        SUITE, "worker_rss_mb", worker_memory(newest_day() + ONE_DAY), "MB", None, sizes.members
    )

    dataset.grow_to_double(sizes)
    day = newest_day()
    with transaction.atomic():
        forget_figures()
    run_nightly(day, opening=day)
    _vacuum()
    night(events)
    doubled = min(night(events) for _ in range(NIGHTS))
    yield Row(SUITE, "nightly_growth", doubled / two, "×", 1.0, 2 * sizes.members)


def storage(
    suite: str, night: Callable[[int], float], events: int, *, prefix: str = ""
) -> Iterator[Row]:
    """Bytes that a night of 1×, 2× and 4× so many joinings adds, each beside the first."""
    least = max(1, events // 4)
    first = None
    for times in (1, 2, 4):
        before = _bytes()
        night(least * times)
        grown = float(_bytes() - before)
        yield Row(suite, f"{prefix}bytes_{times}x", grown, "B", first, least * times)
        first = first or grown


def newest_day() -> dt.date:
    """The last day that has been counted; EngineError if there is none."""
    day = last_published_day()
    if day is None:
        raise EngineError("nothing has been counted")
    return day


def recount() -> None:
    """The whole ledger against the figures that stand; EngineError unless they agree."""
    outcomes = [o for o in run_nightly(newest_day(), full=True) if o.step in RECOUNTED]
    if {o.step: (o.state, o.row_count) for o in outcomes} != dict.fromkeys(RECOUNTED, ("done", 0)):
        raise EngineError(f"the books did not agree: {outcomes}")


def read_memberships(way: str = "") -> None:
    """The floor: what the engine needs to count the memberships, with a full count's memory; as the
    planner chooses, or in one of ``WAYS``."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = %s", [MEMORY])
        if way:
            cursor.execute(WAYS[way])
        cursor.execute(_FLOOR)
        cursor.fetchall()


def _vacuum() -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def _bytes() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT SUM(pg_total_relation_size(name::regclass)) FROM unnest(%s) AS t(name)",
            [list(_TABLES)],
        )
        return int(cursor.fetchone()[0])


def worker_memory(tonight: dt.date) -> float:
    """The most that a process of a real worker held (resident, MB) while it ran the whole night of
    ``tonight`` and counted everything anew besides."""
    command = [sys.executable, "-m", "celery", "--quiet", "--workdir", str(settings.BASE_DIR)]
    command += ["--app", "portal.celery", "worker", "--concurrency", "1", "--without-gossip"]
    command += ["--without-mingle", "--loglevel", "WARNING"]
    command += ["--hostname", f"bench-{os.getpid()}@%h"]
    worker = Child("worker", command, environment=os.environ)
    wanted = {*STEPS, *RECOUNTED}

    def is_done() -> bool:
        done = ReportRun.objects.filter(
            day=tonight, status=ReportRun.Status.DONE, report__in=wanted
        )
        return done.count() == len(wanted)

    try:
        run_nightly_task.delay(tonight.isoformat(), full=True)
        with PeakMemory(worker.pid) as peak:
            if not wait_until(is_done, seconds=NIGHT_AT_MOST, child=worker):
                raise EngineError(
                    "The worker did not finish the night:\n" + "\n".join(worker.lines)
                )
    finally:
        worker.stop()
    return peak.megabytes
