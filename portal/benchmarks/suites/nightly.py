"""The night: the whole history, one more day, twice the members, and the worker's memory.

Times are the best of the runs.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
import time
from collections.abc import Iterator

import psutil
from django.conf import settings
from django.db import connection, transaction

from portal.benchmarks import dataset
from portal.benchmarks.dataset import Sizes
from portal.benchmarks.rows import Row, best_seconds, seconds_of
from portal.embedded.errors import EngineError
from portal.embedded.processes import Child, wait_until
from reports.models import ReportRun
from reports.nightly import COUNTS, PROGRESS, run_nightly
from reports.tasks import run_nightly_task

SUITE = "nightly"
TIMES = 2
DAYS = 3
MEGABYTE = 1024 * 1024

# What any count has to do at least: read the ledger once and group it.
_FLOOR = """
SELECT union_id, worker_group_id, count(*) FROM members_membershipevent
GROUP BY union_id, worker_group_id
"""


def run(sizes: Sizes) -> Iterator[Row]:
    """``nightly_full`` and ``_incremental`` (seconds), ``worker_rss_mb``, ``nightly_growth``."""
    day = dataset.last_day()
    floor = best_seconds(_read_ledger, times=10)
    full = _recount(day)
    yield Row(SUITE, "nightly_full", full, "s", floor, sizes.members)

    one_day = max(1, sizes.members // 1_000)
    nights = []
    for number in range(1, DAYS + 1):
        tonight = day + dt.timedelta(days=number)
        with transaction.atomic():
            dataset.add_members(
                one_day, first=2 * sizes.members + number * one_day, days=(tonight, tonight)
            )
        nights.append(seconds_of(lambda tonight=tonight: run_nightly(tonight)))  # type: ignore[misc]
    yield Row(SUITE, "nightly_incremental", min(nights), "s", floor, sizes.members)

    newest = day + dt.timedelta(days=DAYS)
    yield Row(SUITE, "worker_rss_mb", _worker_memory(newest), "MB", None, sizes.members)

    dataset.grow_to_double(sizes)
    doubled = _recount(newest)
    yield Row(SUITE, "nightly_growth", doubled / full, "×", 2.0, 2 * sizes.members)


def _recount(day: dt.date) -> float:
    """Seconds for the whole history, each time over a table without the remains of the last."""
    return min(_recount_once(day) for _ in range(TIMES))


def _recount_once(day: dt.date) -> float:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) reports_dailycount")
    return seconds_of(lambda: run_nightly(day, full=True))


def _read_ledger() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_FLOOR)
        cursor.fetchall()


def _worker_memory(day: dt.date) -> float:
    """The most that a process of a real worker held (resident) while it ran the whole night."""
    command = [sys.executable, "-m", "celery", "--quiet", "--workdir", str(settings.BASE_DIR)]
    command += ["--app", "portal.celery", "worker", "--concurrency", "1", "--without-gossip"]
    command += [
        "--without-mingle",
        "--loglevel",
        "WARNING",
        "--hostname",
        f"bench-{os.getpid()}@%h",
    ]
    before = dict(ReportRun.objects.filter(day=day).values_list("report", "attempts"))
    worker = Child("worker", command, environment=os.environ)
    peak = 0.0
    try:
        run_nightly_task.delay(day.isoformat(), full=True)
        process = psutil.Process(worker.pid)

        def is_done() -> bool:
            nonlocal peak
            for one in (process, *process.children(recursive=True)):
                try:
                    peak = max(peak, one.memory_info().rss / MEGABYTE)
                except psutil.NoSuchProcess:
                    continue
            done = ReportRun.objects.filter(day=day, status=ReportRun.Status.DONE)
            attempts = dict(done.values_list("report", "attempts"))
            return all(attempts.get(step, 0) > before.get(step, 0) for step in (COUNTS, PROGRESS))

        if not wait_until(is_done, seconds=300, child=worker):
            raise EngineError("The worker did not finish the night:\n" + "\n".join(worker.lines))
        time.sleep(0.2)
        is_done()
    finally:
        worker.stop()
    return peak
