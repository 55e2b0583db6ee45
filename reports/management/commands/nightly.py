"""``manage.py nightly``: the very function the Celery task calls."""

from __future__ import annotations

import datetime as dt
import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.clock import local_today
from core.errors import RuleViolation
from reports.nightly import run_nightly


class Command(BaseCommand):
    """Counts a day and publishes it; prints one line a step."""

    help = "Count the figures of a day and of the days missed before it (default: yesterday)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """``--date D|today``, ``--from D --to D``, ``--full``, ``--json``."""
        parser.add_argument("--date", help="ISO date, or “today” for the unfinished day")
        parser.add_argument("--from", dest="since", help="fill the days from this one on")
        parser.add_argument("--to", help="ISO date: the last day to fill (as --date)")
        parser.add_argument(
            "--full", action="store_true", help="count from the whole ledger besides, and mend"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object a step")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the night."""
        if options["date"] and options["to"]:
            raise CommandError("--date and --to mean the same: give one of them")
        last, since = _parse_day(options["date"] or options["to"]), _parse_day(options["since"])
        if since is not None and since > (last or local_today() - dt.timedelta(days=1)):
            raise CommandError("--from is after --to: there is no day to fill")
        try:
            outcomes = run_nightly(last, since=since, full=options["full"])
        except RuleViolation as refusal:
            raise CommandError(str(refusal)) from refusal
        for outcome in outcomes:
            if options["json"]:
                line = json.dumps({**outcome._asdict(), "day": outcome.day.isoformat()})
            else:
                line = (
                    f"{outcome.day} {outcome.step}: {outcome.state}, "
                    f"{outcome.row_count} rows, {outcome.seconds:.2f} s"
                )
            self.stdout.write(line)
        if any(outcome.state == "running_elsewhere" for outcome in outcomes):
            raise CommandError("another worker holds this day; it is finished there")


def _parse_day(text: str | None) -> dt.date | None:
    if text is None:
        return None
    today = local_today()
    if text == "today":
        return today
    try:
        day = dt.date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"not a date: {text}") from error
    if day > today:
        raise CommandError("a day to come cannot be counted")
    return day
