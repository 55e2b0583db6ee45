"""``manage.py purge``: reports what has had its time; does only what an operator confirmed."""

from __future__ import annotations

import datetime as dt
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.errors import RuleViolation
from members.models import PurgeRun
from members.services.retention import report_purge, run_purge, total_of


class Command(BaseCommand):
    """Without ``--run`` nothing is erased."""

    help = (
        "Report which data have had their time (an operator confirms the report in the admin); "
        "with --run do, or go on with, what was confirmed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """``--date``, ``--run``."""
        parser.add_argument(
            "--date",
            help="report as of this ISO date (default: today); one to come is for looking only",
        )
        parser.add_argument("--run", type=int, metavar="ID", help="do a confirmed purge")

    def handle(self, *args: Any, **options: Any) -> None:
        """Report, or do."""
        try:
            if options["run"] is not None:
                run = run_purge(options["run"])
                for code, rows in run.erased.items():
                    self.stdout.write(f"{code}: {rows}")
                self.stdout.write(f"purge {run.pk} is done")
                return
            day = dt.date.fromisoformat(options["date"]) if options["date"] else None
        except PurgeRun.DoesNotExist as error:
            raise CommandError(f"there is no purge {options['run']}") from error
        except RuleViolation as refusal:
            raise CommandError(str(refusal)) from refusal
        except ValueError as error:
            raise CommandError(f"not a date: {options['date']}") from error
        run = report_purge(day=day)
        for code, item in run.found.items():
            oldest = f", the oldest of {item['oldest']}" if item["oldest"] else ""
            self.stdout.write(
                f"{code}: {item['count']} rows before {item['cutoff']} to {item['action']}{oldest}"
            )
        self.stdout.write(
            f"purge {run.pk} reported, {total_of(run)} rows; nothing was changed. "
            "An operator confirms it in the admin."
        )
