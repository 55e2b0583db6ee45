"""The night and the dashboard while a register grows: the curves of docs/scale.md.

One database grows in stages up to ``--members`` over the same unions; at each stage the whole
ledger is counted, nights of ``EVENTS`` joinings are run, one of them by a real worker, and the
dashboard of the top is read. At the last one, readers look while a night runs. Floor of the seconds
of a night: the memberships read once and grouped, with the memory that the full count has.
"""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from django.conf import settings
from django.db import connection, transaction
from django.test import Client as DjangoClient, override_settings

from portal.benchmarks import dataset
from portal.benchmarks.dataset import Sizes
from portal.benchmarks.memory import PeakMemory
from portal.benchmarks.readers import (
    Look,
    Read,
    Reader,
    blocks_made,
    front_again_and_again,
    looks_of,
    read,
    readers_of_levels,
    top_readers,
)
from portal.benchmarks.rows import Row, best_seconds, percentile, seconds_of
from portal.benchmarks.suites.nightly import (
    EVENTS,
    WAYS,
    newest_day,
    read_memberships,
    recount,
    storage,
    worker_memory,
)
from portal.benchmarks.web import served
from reports.counting.history import forget_figures
from reports.models import ReportRun, SignalRule
from reports.nightly import STEPS, run_nightly
from reports.preparing import prepare_figures
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
# A page with its blocks is ten requests, and more to look at.
MIXED_LOOKS_EACH = 12
MIXED_PAUSE = 5.0
ONE_DAY = dt.timedelta(days=1)
FIRST_OF_THE_NIGHTS = 1_000_000_000  # number of the first person who joins on a measured day


def stages_of(members: int) -> list[int]:
    """Members at each stage: some thousands, then a tenth, a quarter, half, all."""
    parts = (members // 10, members // 4, members // 2, members)
    return [FIRST_STAGE, *(part for part in parts if part > FIRST_STAGE)]


def run(sizes: Sizes) -> Iterator[Row]:
    """``first_night``, the floor by both ``WAYS``, ``full``, ``incremental``, ``least_night``,
    ``night_of_nothing``, ``one_worker``, a row for each step of the night, ``worker_rss_mb``,
    ``dashboard_ms`` at each stage; ``bytes_…``, ``sweep``, ``readers_…`` and ``web_rss_mb`` at the
    last.

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
        for way in WAYS:
            by_way = best_seconds(partial(read_memberships, way), times=2)
            yield Row(SUITE, way, by_way, "s", floor, members)
        yield Row(SUITE, "full", best_seconds(recount, times=3), "s", floor, members)
        seconds, steps = _best_night(workers=2)
        yield Row(SUITE, "incremental", seconds, "s", floor, members)
        for step, of_step in steps.items():
            yield Row(SUITE, f"step_{step}", of_step, "s", floor, members)
        yield Row(SUITE, "least_night", min(_least() for _ in range(NIGHTS)), "s", floor, members)
        nothing = min(_night(0) for _ in range(NIGHTS))
        yield Row(SUITE, "night_of_nothing", nothing, "s", floor, members)
        busy = min(_night(EVENTS, within=BUSY_UNIONS) for _ in range(NIGHTS))
        yield Row(SUITE, "incremental_busy", busy, "s", floor, members)
        alone, _steps = _best_night(workers=1)
        yield Row(SUITE, "one_worker", alone, "s", seconds, members)
        yield Row(SUITE, "worker_rss_mb", _heaviest_night(), "MB", None, members)
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
    if count:
        with transaction.atomic():
            dataset.add_members(count, first=first, days=(tonight, tonight), within=within)
    SignalRule.objects.update(swept_on=tonight - ONE_DAY)  # not tonight
    return tonight


def _heaviest_night() -> float:
    """The memory (MB) of a worker in the night of a week's end: joinings, the whole ledger counted
    anew, the whole register gone through for quality signals."""
    tonight = _join(EVENTS)
    SignalRule.objects.update(swept_on=None)
    return worker_memory(tonight)


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


# A night without counting: the latest row of each union that has joinings, and of those above it,
# is laid ready, and is written again as it stands, to an empty table of the same shape: what is
# taken back would leave gaps in that of the figures. Of unions that have no row yet nothing is.
_FIGURES_OF_JOININGS = """
CREATE TEMP TABLE least ON COMMIT DROP AS
SELECT c.* FROM (
    SELECT DISTINCT unnest(string_to_array(rtrim(path, '/'), '/')::bigint[]) AS union_id
    FROM unions_union WHERE id IN (SELECT union_id FROM reports_unpostedentry)) u
CROSS JOIN LATERAL (
    SELECT * FROM reports_dailycount r WHERE r.union_id = u.union_id ORDER BY day DESC LIMIT 1) c
ORDER BY union_id;
UPDATE least SET day = %s;
CREATE TABLE least_written (LIKE reports_dailycount INCLUDING ALL)
"""
_TAKE_AND_WRITE = """
DELETE FROM reports_unpostedentry;
INSERT INTO least_written SELECT * FROM least
"""


def _least() -> float:
    """Seconds of what no night can do without, taken back afterwards: to take the entries from
    their queue, and to write a row for each union that changed; without the commit. The night is
    run then."""
    tonight = _join(EVENTS)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_FIGURES_OF_JOININGS, [tonight])
        seconds = seconds_of(lambda: cursor.execute(_TAKE_AND_WRITE))
        transaction.set_rollback(True)
    run_nightly(tonight)
    return seconds


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
    """95 % of the answers came within, before a night and during it, for readers of the front page
    who read, for those in a hurry, and for readers of many pages; the memory of the web meanwhile.
    Floor of what is measured at night: the same before it."""
    at_top, mixed = top_readers(READERS), readers_of_levels()
    fronts = [front_again_and_again() for _reader in at_top]
    with served("portal.wsgi", "/healthz") as server, PeakMemory(server.pid) as web:
        port = server.port
        read(port, at_top, fronts, pause=0.0, each=PAGES_EACH)  # templates and caches
        for name, pause in (("readers_p95_ms", PAUSE), ("hurried_p95_ms", 0.0)):
            before = _p95_ms(read(port, at_top, fronts, pause=pause, each=PAGES_EACH))
            yield Row(SUITE, name, before, "ms", None, members)
            during, seconds = _during_a_night(port, at_top, fronts, pause)
            yield Row(SUITE, f"{name}_at_night", _p95_ms(during), "ms", before, members)
            yield Row(SUITE, f"{name}_night_s", seconds, "s", None, members)
        yield from _read_mixed(port, mixed, members)
    yield Row(SUITE, "web_rss_mb", web.megabytes, "MB", None, members)


def _read_mixed(port: int, readers: Sequence[Reader], members: int) -> Iterator[Row]:
    """Readers at unions of three levels, of pages, blocks and maps in the shares of ``SHARES``; and
    the share of what may lie on the shelf that did."""
    name = "readers_mixed_p95_ms"
    looks = [looks_of(reader, seed) for seed, reader in enumerate(readers)]
    prepare_figures(newest_day())  # as a worker does after each night
    made = blocks_made()
    before = read(port, readers, looks, pause=MIXED_PAUSE, each=MIXED_LOOKS_EACH)
    kept = _share_kept(before, blocks_made() - made)
    yield Row(SUITE, name, _p95_ms(before), "ms", None, members)
    yield Row(SUITE, "readers_mixed_kept_share", kept, "share", None, before.shelved)
    made = blocks_made()
    during, seconds = _during_a_night(port, readers, looks, MIXED_PAUSE)
    kept_then = _share_kept(during, blocks_made() - made)
    yield Row(SUITE, f"{name}_at_night", _p95_ms(during), "ms", _p95_ms(before), members)
    yield Row(SUITE, f"{name}_night_s", seconds, "s", None, members)
    yield Row(SUITE, "readers_mixed_kept_share_at_night", kept_then, "share", kept, during.shelved)


def _during_a_night(
    port: int, readers: Sequence[Reader], looks: Sequence[Iterator[Look]], pause: float
) -> tuple[Read, float]:
    """What readers got while one more night ran, and how many seconds it took."""
    day = _join(EVENTS)
    started = time.perf_counter()
    night = _start_night(day)
    done = read(port, readers, looks, pause=pause, until=night)
    seconds = time.perf_counter() - started
    if night.wait() != 0:
        raise RuntimeError("the night failed")
    return done, seconds


def _p95_ms(done: Read) -> float:
    return percentile(done.times, 0.95) * 1000


def _share_kept(done: Read, made: int) -> float:
    return 1 - made / done.shelved


def _start_night(day: dt.date) -> subprocess.Popen[bytes]:
    command = [sys.executable, "manage.py", "nightly", "--date", day.isoformat()]
    return subprocess.Popen(
        command, cwd=settings.BASE_DIR, env=os.environ, stdout=subprocess.DEVNULL
    )
