"""Take over existing members from a table."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table as Grid

from core.errors import RuleViolation
from members.services.importing import HEADINGS, Outcome, import_members
from unions.models import Union
from unions.tabular.files import read_table

MOST_ROWS = 2_000_000
LARGEST_FILE = 1024**3  # bytes
FAULTS_SHOWN = 50


class Command(BaseCommand):
    help = (
        "Enter the people of an .xlsx or .csv file as members of one union. All rows or none;"
        " running it again changes nothing. Columns: " + ", ".join(HEADINGS) + "."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--union", required=True, metavar="CODE", help="code of the union")
        parser.add_argument("--dry-run", action="store_true", help="check only, write nothing")
        parser.add_argument(
            "--skip-errors",
            action="store_true",
            help="write the sound rows and leave the others out",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(highlight=False)
        union = Union.objects.select_related("kind").filter(code=options["union"]).first()
        if union is None:
            raise CommandError("There is no union of this code.")
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError("There is no such file.")
        begun = time.perf_counter()
        try:
            table = read_table(
                path.name, path.read_bytes(), row_limit=MOST_ROWS, file_limit=LARGEST_FILE
            )
            with Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=console,
                transient=True,
            ) as bar:
                task = bar.add_task("Checking", total=len(table.rows))
                outcome = import_members(
                    union,
                    table,
                    dry_run=options["dry_run"],
                    skip_errors=options["skip_errors"],
                    actor=None,
                    on_progress=lambda done, _total: bar.update(task, completed=done),
                )
        except RuleViolation as refusal:
            raise CommandError(str(refusal.message)) from refusal
        except IntegrityError as error:
            # Its text may hold a row: it is not shown.
            raise CommandError(
                "Somebody changed the same people meanwhile; nothing was written. Run it again."
            ) from error
        self._report(console, outcome, time.perf_counter() - begun)
        if outcome.faults and not options["skip_errors"]:
            raise CommandError("Nothing was written: mend the rows above, or use --skip-errors.")

    def _report(self, console: Console, outcome: Outcome, seconds: float) -> None:
        if outcome.faults:
            grid = Grid("Row", "Column", "What is wrong")
            for fault in outcome.faults[:FAULTS_SHOWN]:
                grid.add_row(str(fault.line), fault.column, fault.text)
            console.print(grid)
            if len(outcome.faults) > FAULTS_SHOWN:
                console.print(f"… and {len(outcome.faults) - FAULTS_SHOWN} more.")
        verb = "imported" if outcome.is_written else "would be imported"
        rate = round(outcome.rows / seconds) if seconds else outcome.rows
        console.print(
            f"{outcome.rows} rows: {outcome.imported} {verb}, {outcome.unchanged} there already,"
            f" {len(outcome.faults)} refused; {rate} rows a second."
        )
