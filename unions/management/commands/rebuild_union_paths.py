"""``manage.py rebuild_union_paths [--check]``."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from unions.tree import rebuild_paths, wrong_paths


class Command(BaseCommand):
    """Derives every path from the parents again; ``--check`` only tells and exits 1."""

    help = "Rebuild the materialised paths of the union tree from the parents."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """``--check``."""
        parser.add_argument("--check", action="store_true", help="change nothing, exit 1 if wrong")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check or mend."""
        if options["check"]:
            wrong = wrong_paths()
            for union_id, stored, right in wrong:
                self.stderr.write(f"union {union_id}: {stored!r} should be {right!r}")
            self.stdout.write(f"{len(wrong)} wrong path{'' if len(wrong) == 1 else 's'}")
            if wrong:
                sys.exit(1)
            return
        mended = rebuild_paths()
        self.stdout.write(f"{mended} path{'' if mended == 1 else 's'} mended")
