"""The leader's dashboard at the top of the tree."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator

from django.conf import settings
from django.db import connection, transaction
from django.test import Client as DjangoClient, override_settings
from django.test.utils import CaptureQueriesContext

from portal.benchmarks import dataset
from portal.benchmarks.dataset import Sizes
from portal.benchmarks.rows import Row, best_seconds, percentile
from portal.benchmarks.web import Client, gunicorn
from reports.counting.history import forget_figures
from reports.nightly import run_nightly

SUITE = "dashboard"
ADDRESS = "/dashboard/"
TIMES = 15
REQUESTS_OVER_HTTP = 100
LEADERS = 2  # who look at the same time


def run(sizes: Sizes) -> Iterator[Row]:
    """``dashboard_queries``, ``dashboard_p95_ms`` over gunicorn, ``dashboard_anew_ms`` and
    ``dashboard_kept_ms`` without a web server, ``dashboard_growth``."""
    client = DjangoClient(SERVER_NAME="127.0.0.1")
    client.force_login(dataset.leader())

    def show() -> None:
        response = client.get(ADDRESS)
        if response.status_code != 200:
            raise RuntimeError(f"{ADDRESS} answers {response.status_code}")

    with CaptureQueriesContext(connection) as captured:
        show()
    yield Row(SUITE, "dashboard_queries", len(captured), "queries", None, sizes.members)

    cookies = {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}
    with gunicorn("portal.wsgi", "/healthz") as port:
        times = _times_over_http(port, cookies)
    yield Row(SUITE, "dashboard_p95_ms", percentile(times, 0.95) * 1000, "ms", None, len(times))

    with override_settings(FIGURES_KEPT_SECONDS=0):  # each page made anew
        once = best_seconds(show, times=TIMES)
    yield Row(SUITE, "dashboard_anew_ms", once * 1000, "ms", None, sizes.members)
    kept = best_seconds(show, times=TIMES)
    yield Row(SUITE, "dashboard_kept_ms", kept * 1000, "ms", once * 1000, sizes.members)
    dataset.grow_to_double(sizes)
    with transaction.atomic():
        forget_figures()
    run_nightly(dataset.last_day(), opening=dataset.last_day())
    with override_settings(FIGURES_KEPT_SECONDS=0):
        twice = best_seconds(show, times=TIMES)
    yield Row(SUITE, "dashboard_growth", twice / once, "×", 1.0, 2 * sizes.members)


def _times_over_http(port: int, cookies: dict[str, str]) -> list[float]:
    times: list[float] = []
    failures: list[object] = []

    def look() -> None:
        client = Client(port, cookies)
        for number in range(REQUESTS_OVER_HTTP // LEADERS + 2):
            started = time.perf_counter()
            status, _ = client.request("GET", ADDRESS)
            if status != 200:
                failures.append(status)
                return
            if number >= 2:  # each thread's first pages load templates
                times.append(time.perf_counter() - started)
        client.close()

    threads = [threading.Thread(target=look, daemon=True) for _ in range(LEADERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures or statistics.median(times) <= 0:
        raise RuntimeError(f"{ADDRESS} answers {failures}")
    return times
