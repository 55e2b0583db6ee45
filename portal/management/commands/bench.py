"""``manage.py bench``: measurements in a database of their own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.benchmarks.place import Place, find_place
from portal.benchmarks.runner import BUILD
from portal.benchmarks.suites import NAMES, PRODUCT, SCALE
from portal.embedded.errors import EngineError

# Designed, but what they measure is not part of this version.
TO_COME = ("import",)
HEADINGS = ("suite", "name", "value", "unit", "floor", "ratio", "n")


class Command(BaseCommand):
    """Builds a template database, runs each suite in a copy of it, drops both."""

    help = (
        "Measure what the portal does beside what the engine could do. The data are synthetic and "
        "live in databases of their own, dropped at the end; nothing of the portal's is touched."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Suites and sizes."""
        parser.add_argument(
            "suites", nargs="*", metavar="SUITE", help=f"{', '.join(NAMES)}; default: {PRODUCT}"
        )
        parser.add_argument("--members", type=int, default=20_000)
        parser.add_argument("--unions", type=int, default=500)
        parser.add_argument("--json", action="store_true", help="one JSON object a line")
        parser.add_argument("--keep", action="store_true", help="leave the databases there")
        parser.add_argument(
            "--time-limit", type=float, default=900, help="seconds after which it gives up"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Measure and print."""
        suites = _chosen(options["suites"])
        if options["members"] < 100 or options["unions"] < 10:
            raise CommandError("at least 100 members and 10 unions are needed")
        deadline = time.monotonic() + options["time_limit"]
        before = _stop_on_signals()
        try:
            with find_place() as place:
                self._measure(place, suites, options, deadline)
        except EngineError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt as error:
            raise CommandError("stopped") from error
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _measure(
        self, place: Place, suites: list[str], options: dict[str, Any], deadline: float
    ) -> None:
        sizes = ["--members", str(options["members"]), "--unions", str(options["unions"])]
        made = [place.template]
        self._note(
            f"PostgreSQL {place.version()}, {os.cpu_count()} cores, "
            f"{options['members']} members, {options['unions']} unions"
        )
        if not options["json"]:
            self._print(dict(zip(HEADINGS, HEADINGS, strict=True)))
        try:
            place.create(place.template)
            started = time.monotonic()
            grows = suites == [SCALE]
            for _line in _run_step(
                place, place.template, [BUILD, *sizes, *(["--grows"] if grows else [])], deadline
            ):
                pass
            self._note(f"data built in {time.monotonic() - started:.1f} s")
            for suite in suites:
                database = place.template if grows else f"{place.template}_{suite}"
                if not grows:
                    made.append(database)
                    place.create(database, template=place.template)
                for line in _run_step(place, database, [suite, *sizes], deadline):
                    if options["json"]:
                        self.stdout.write(line)
                        self.stdout.flush()
                    else:
                        self._print(json.loads(line))
        finally:
            if options["keep"]:
                self._note(f"kept: {', '.join(made)}")
            else:
                for database in reversed(made):
                    place.drop(database)

    def _print(self, row: dict[str, Any]) -> None:
        cells = ["" if row[name] is None else str(row[name]) for name in HEADINGS]
        widths = (10, 20, 10, 8, 10, 8, 9)
        self.stdout.write(
            " ".join(
                cell.rjust(width) if name in {"value", "floor", "ratio", "n"} else cell.ljust(width)
                for name, cell, width in zip(HEADINGS, cells, widths, strict=True)
            ).rstrip()
        )
        self.stdout.flush()

    def _note(self, text: str) -> None:
        self.stderr.write(text, style_func=str)


def _chosen(names: list[str]) -> list[str]:
    for name in names:
        if name in TO_COME:
            raise CommandError(f"there is no suite “{name}” yet: what it measures is still to come")
        if name not in NAMES:
            raise CommandError(f"no suite “{name}”; there are {', '.join(NAMES)}")
    if SCALE in names and len(names) > 1:
        raise CommandError("“scale” grows its database: measure it alone")
    return names or list(PRODUCT)


def _run_step(place: Place, database: str, arguments: list[str], deadline: float) -> Iterator[str]:
    """The lines a step prints. It is stopped, with all it started, when it is not let finish."""
    process = subprocess.Popen(
        [sys.executable, "-m", "portal.benchmarks.runner", *arguments],
        cwd=settings.BASE_DIR,
        env=place.environment(database),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    alarm = threading.Timer(max(0.0, deadline - time.monotonic()), _interrupt, [process])
    alarm.daemon = True
    alarm.start()
    try:
        assert process.stdout is not None
        for line in process.stdout:
            yield line.rstrip("\n")
        code = process.wait()
    finally:
        alarm.cancel()
        _stop(process)
    if time.monotonic() >= deadline:
        raise CommandError("the time limit is over (--time-limit)")
    if code != 0:
        raise CommandError(f"{arguments[0]} failed, see above")


def _stop(process: subprocess.Popen[str]) -> None:
    """SIGINT lets the step stop its own servers; SIGKILL for what is left after that."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _stop_on_signals() -> dict[int, Any]:
    """Make SIGTERM clean up like Ctrl-C, and SIGINT stop the steps: they would inherit it as
    ignored from whoever started this so (a shell's background, a process of tests).

    The handlers to put back; none outside the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        return {}

    def interrupt(_number: int, _frame: Any) -> None:
        raise KeyboardInterrupt

    before = {
        number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGINT)
    }
    return {number: handler for number, handler in before.items() if handler is not None}


def _interrupt(process: subprocess.Popen[str]) -> None:
    """SIGINT until it has ended: one that comes while Python is still importing may be lost. After
    a minute it is killed."""
    for _ in range(12):
        if process.poll() is not None:
            return
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
    process.kill()
