"""The night and the dashboard while a register grows: the curves of docs/scale.md.

One database grows in stages up to ``--members`` over the same unions; at each stage the whole
ledger is counted, nights of ``EVENTS`` joinings are run and the dashboard of the top is read. At
the last one, readers look while a night runs. Floor of the seconds of a night: the memberships read
once and grouped, with the memory that the full count has.
"""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

from django.conf import settings
from django.db import connection, transaction
from django.test import Client as DjangoClient, override_settings

from portal.benchmarks import dataset
from portal.benchmarks.dataset import Sizes
from portal.benchmarks.rows import Row, best_seconds, percentile, seconds_of
from portal.benchmarks.suites.nightly import (
    EVENTS,
    newest_day,
    read_memberships,
    recount,
    storage,
)
from portal.benchmarks.web import Client, gunicorn
from reports.counting.history import forget_figures
from reports.models import ReportRun, SignalRule
from reports.nightly import STEPS, run_nightly
from reports.quality import find_signals

SUITE = "scale"
FIRST_STAGE = 10_000  # members
NIGHTS = 3
PAGES = 15
ADDRESS = "/dashboard/"
READERS = 16
BUSY_UNIONS = 3_000  # a campaign's day: ten joinings in each of so many unions
PAGES_EACH = 20
PAUSE = 1.0  # seconds between two pages of a reader who reads
ONE_DAY = dt.timedelta(days=1)
FIRST_OF_THE_NIGHTS = 1_000_000_000  # number of the first person who joins on a measured day


def stages_of(members: int) -> list[int]:
    """Members at each stage: some thousands, then a tenth, a quarter, half, all."""
    parts = (members // 10, members // 4, members // 2, members)
    return [FIRST_STAGE, *(part for part in parts if part > FIRST_STAGE)]


def run(sizes: Sizes) -> Iterator[Row]:
    """``first_night``, ``full``, ``incremental``, ``one_worker``, a row for each step of the night,
    ``dashboard_ms`` at each stage; ``bytes_…``, ``sweep`` and ``readers_…`` at the last.

    Once a week the night goes through the register for quality signals, after the figures are out.
    The nights measured are those without; what it takes is ``sweep``.
    """
    page_at_first: float | None = None
    night_before: float | None = None
    members = FIRST_STAGE
    for stage in stages_of(sizes.members):
        if stage > members:
            first_night = _grow(members, stage)
            yield Row(SUITE, "first_night", first_night, "s", None, stage)
            members = stage
        with override_settings(FIGURES_KEPT_SECONDS=0):  # each page made anew
            page = best_seconds(_page_of(dataset.leader()), times=PAGES) * 1000
        yield Row(SUITE, "dashboard_ms", page, "ms", page_at_first, members)
        page_at_first = page_at_first or page
        if stage == FIRST_STAGE:
            continue
        floor = best_seconds(read_memberships, times=3)
        yield Row(SUITE, "full", best_seconds(recount, times=2), "s", floor, members)
        seconds, steps = _best_night(workers=2)
        yield Row(SUITE, "incremental", seconds, "s", floor, members)
        for step, of_step in steps.items():
            yield Row(SUITE, f"step_{step}", of_step, "s", floor, members)
        busy = min(_night(EVENTS, within=BUSY_UNIONS) for _ in range(NIGHTS))
        yield Row(SUITE, "incremental_busy", busy, "s", floor, members)
        alone, _steps = _best_night(workers=1)
        yield Row(SUITE, "one_worker", alone, "s", seconds, members)
        if night_before is not None:
            yield Row(SUITE, "growth", seconds / night_before, "×", 1.0, members)
        night_before = seconds
    yield from storage(SUITE, _night, EVENTS)
    yield Row(SUITE, "sweep", _sweep(), "s", floor, members)
    yield from _read_while_counting(members)


def _grow(members: int, stage: int) -> float:
    """Add people up to ``stage``, forget the figures, count anew up to the same day; seconds of
    that first night."""
    day = newest_day()
    with transaction.atomic():
        dataset.add_register(stage - members, first=members)
    with transaction.atomic():
        forget_figures()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    return seconds_of(lambda: run_nightly(day, opening=day - dataset.OPENED_BEFORE))


def _join(count: int, within: int | None = None) -> dt.date:
    """Let ``count`` people join on the day after the last that was counted; that day."""
    tonight = newest_day() + ONE_DAY
    first = FIRST_OF_THE_NIGHTS + (tonight - dataset.last_day()).days * EVENTS
    with transaction.atomic():
        dataset.add_members(count, first=first, days=(tonight, tonight), within=within)
    SignalRule.objects.update(swept_on=tonight - ONE_DAY)  # not tonight
    return tonight


def _sweep() -> float:
    """Seconds of going through the whole register for quality signals, as once a week."""
    SignalRule.objects.update(swept_on=None)

    def find() -> None:
        with transaction.atomic():
            find_signals(newest_day())

    return seconds_of(find)


def _night(count: int, workers: int = 2, within: int | None = None) -> float:
    tonight = _join(count, within)
    with override_settings(NIGHTLY_WORKERS=workers):
        return seconds_of(lambda: run_nightly(tonight))


def _best_night(*, workers: int) -> tuple[float, dict[str, float]]:
    """Seconds of the shortest of some nights, and of its steps; the first warms the memory up."""
    _night(EVENTS, workers)
    seconds, day = min((_night(EVENTS, workers), newest_day()) for _ in range(NIGHTS))
    runs = ReportRun.objects.filter(day=day, report__in=STEPS)
    taken = dict(runs.values_list("report", "seconds"))
    return seconds, {step: float(taken[step] or 0) for step in STEPS}


def _page_of(user: object) -> Callable[[], None]:
    client = DjangoClient(SERVER_NAME="127.0.0.1")
    client.force_login(user)  # type: ignore[arg-type]

    def show() -> None:
        response = client.get(ADDRESS)
        if response.status_code != 200:
            raise RuntimeError(f"{ADDRESS} answers {response.status_code}")

    show()
    return show


def _read_while_counting(members: int) -> Iterator[Row]:
    """95 % of the pages came within, for readers who read and for readers in a hurry, before a
    night and during it. Floor of the latter: the former."""
    cookies = []
    for leader in dataset.leaders(READERS):
        client = DjangoClient()
        client.force_login(leader)
        name = settings.SESSION_COOKIE_NAME
        cookies.append({name: client.cookies[name].value})
    with gunicorn("portal.wsgi", "/healthz") as port:
        _read(port, cookies, 0.0, until=None)  # templates and caches
        for name, pause in (("readers_p95_ms", PAUSE), ("hurried_p95_ms", 0.0)):
            before = percentile(_read(port, cookies, pause, until=None), 0.95) * 1000
            yield Row(SUITE, name, before, "ms", None, members)
            day = _join(EVENTS)
            started = time.perf_counter()
            night = _start_night(day)
            times = _read(port, cookies, pause, until=night)
            seconds = time.perf_counter() - started
            if night.wait() != 0:
                raise RuntimeError("the night failed")
            during = percentile(times, 0.95) * 1000
            yield Row(SUITE, f"{name}_at_night", during, "ms", before, members)
            yield Row(SUITE, f"{name}_night_s", seconds, "s", None, members)


def _start_night(day: dt.date) -> subprocess.Popen[bytes]:
    command = [sys.executable, "manage.py", "nightly", "--date", day.isoformat()]
    return subprocess.Popen(
        command, cwd=settings.BASE_DIR, env=os.environ, stdout=subprocess.DEVNULL
    )


def _read(
    port: int,
    cookies: list[dict[str, str]],
    pause: float,
    until: subprocess.Popen[bytes] | None,
) -> list[float]:
    """Seconds of each page that the readers got: ``PAGES_EACH``, or ``until`` a night is over."""
    times: list[float] = []
    failures: list[int] = []

    def look(place: int, own: dict[str, str]) -> None:
        client = Client(port, own)
        time.sleep(pause * place / len(cookies))  # they did not come at the same moment
        seen = 0
        while seen < PAGES_EACH if until is None else until.poll() is None:
            started = time.perf_counter()
            status, _ = client.request("GET", ADDRESS)
            times.append(time.perf_counter() - started)
            if status != 200:
                failures.append(status)
                return
            seen += 1
            time.sleep(pause)
        client.close()

    threads = [
        threading.Thread(target=look, args=(place, own), daemon=True)
        for place, own in enumerate(cookies)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError(f"{ADDRESS} answers {failures}")
    return times
