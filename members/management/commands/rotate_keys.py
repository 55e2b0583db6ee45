"""``manage.py rotate_keys``: old encrypted values come under the first key, while the site runs."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from core.encryption import active_key_id
from members.personal_fields import ENCRYPTED_COLUMNS
from members.services.key_rotation import count_by_key, due_columns, rotate_column


class Command(BaseCommand):
    """May be stopped and started again at any time; exit code 1 while anything is left."""

    help = (
        "Encrypt old values again under the first key of FIELD_ENCRYPTION_KEYS and with "
        "FIELD_CIPHER, in small batches while the site runs. Safe to stop and to repeat."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """``--dry-run``."""
        parser.add_argument("--dry-run", action="store_true", help="only say what is due")

    def handle(self, *args: Any, **options: Any) -> None:
        """Rotate and report."""
        due = due_columns()
        self.stdout.write(f"first key: {active_key_id()}, cipher: {settings.FIELD_CIPHER}")
        if options["dry_run"]:
            for column, count in due.items():
                self.stdout.write(f"{column}: {count} due")
            self._report()
            return
        left = unreadable = 0
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        ) as progress:
            for column, count in due.items():
                task = progress.add_task(str(column), total=count)
                outcome = rotate_column(column, on_progress=partial(progress.advance, task))
                left += outcome.left
                unreadable += outcome.unreadable
                self.stdout.write(
                    f"{column}: {outcome.rotated} encrypted again"
                    + (f", {outcome.unreadable} NOT READABLE" if outcome.unreadable else "")
                )
        self._report()
        if unreadable:
            raise CommandError(f"{unreadable} values open with none of the configured keys")
        if left:
            raise CommandError(
                f"{left} values are still due: restart every process with the new keys, then repeat"
            )

    def _report(self) -> None:
        """How many values each key still holds: a key with none may be taken out."""
        held: Counter[tuple[str, str]] = Counter()
        for column in ENCRYPTED_COLUMNS:
            held += count_by_key(column)
        for (cipher, key_id), count in sorted(held.items()):
            self.stdout.write(f"{count} values under key {key_id}, {cipher}")
        if not held:
            self.stdout.write("no encrypted values")
