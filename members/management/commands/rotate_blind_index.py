"""``manage.py rotate_blind_index``: a further key for the hashes; the site stands still."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from members.services.index_rotation import (
    Fit,
    WrongChain,
    count_hashed_rows,
    other_connections,
    rotate_blind_index,
    stored_hashes_fit,
)

REFUSALS = {
    Fit.NEXT: (
        "the stored hashes are under BLIND_INDEX_KEY_NEXT already, nothing was changed: append it "
        "to BLIND_INDEX_KEY after a comma, take BLIND_INDEX_KEY_NEXT away and start the site"
    ),
    Fit.NEITHER: (
        "the stored hashes were not made with the configured BLIND_INDEX_KEY; nothing was changed"
    ),
    Fit.UNKNOWN: (
        "no row is left to check BLIND_INDEX_KEY by; nothing was changed. If you are sure of the "
        "key, repeat with --although-unknown"
    ),
}


class Command(BaseCommand):
    """One transaction over all tables: it happens as a whole or not at all."""

    help = (
        "Put a further key (BLIND_INDEX_KEY_NEXT) over every keyed hash. Stop the site first; "
        "afterwards start it with BLIND_INDEX_KEY=old,next."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """``--check``, ``--although-connected``, ``--although-unknown``."""
        parser.add_argument(
            "--check", action="store_true", help="only say which keys the stored hashes belong to"
        )
        parser.add_argument(
            "--although-connected",
            action="store_true",
            help="go on although other processes are connected to the database",
        )
        parser.add_argument(
            "--although-unknown",
            action="store_true",
            help="go on although no row is left to check the present key by",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, rotate, say what to set."""
        next_key = settings.BLIND_INDEX_KEY_NEXT
        try:
            if options["check"]:
                self.stdout.write(f"stored hashes: {stored_hashes_fit(next_key).value} key")
                return
            if not next_key:
                raise CommandError("set BLIND_INDEX_KEY_NEXT to the further key")
            others = other_connections()
            if others and not options["although_connected"]:
                raise CommandError(
                    f"{others} other connections to the database: stop web, worker and beat first"
                )
            with Progress(
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            ) as progress:
                task = progress.add_task("", total=count_hashed_rows())
                written = rotate_blind_index(
                    next_key,
                    although_unknown=options["although_unknown"],
                    on_progress=lambda rows: progress.advance(task, rows),
                )
        except WrongChain as wrong:
            raise CommandError(
                REFUSALS.get(wrong.fit, f"the stored hashes fit the {wrong.fit.value} key")
            ) from wrong
        except ImproperlyConfigured as fault:
            raise CommandError(str(fault)) from fault
        self.stdout.write(f"{written} rows written")
        self.stdout.write(
            "Now append the key to BLIND_INDEX_KEY after a comma, take BLIND_INDEX_KEY_NEXT away, "
            "and start web, worker and beat."
        )
