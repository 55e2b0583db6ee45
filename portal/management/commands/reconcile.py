"""``manage.py reconcile``: ledger, memberships and figures agree, or it says where not."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from itertools import chain
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.errors import RuleViolation
from members.models import Membership
from members.reconciliation import Difference, membership_differences
from portal.reconciliation import count_differences, newest_publication


class Command(BaseCommand):
    """Reads only; ends with exit code 1 when anything disagrees."""

    help = (
        "Compare every membership, and the newest published figures of every union, with the "
        "ledger; name each difference; exit code 1 if there is any."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """``--json``."""
        parser.add_argument(
            "--json", action="store_true", help="one JSON object a difference, the summary last"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Compare and report."""
        as_json = options["json"]
        found = {"membership": 0, "union": 0}
        published = newest_publication()
        sources = [membership_differences()]
        if published is not None:
            sources.append(count_differences(published))
        try:
            for difference in chain.from_iterable(sources):
                found[difference.kind] += 1
                self.stdout.write(
                    json.dumps(difference._asdict()) if as_json else _sentence(difference)
                )
        except RuleViolation as refusal:
            raise CommandError(str(refusal)) from refusal
        day = published.isoformat() if published else None
        summary = {
            "kind": "summary",
            "memberships": Membership.objects.count(),
            "published_day": day,
            "membership_differences": found["membership"],
            "union_differences": found["union"],
        }
        total = found["membership"] + found["union"]
        if as_json:
            self.stdout.write(json.dumps(summary))
        elif not total:
            figures = f"the figures of {day}" if day else "no figures yet"
            self.stdout.write(
                f"{summary['memberships']} memberships and {figures}: all agree with the ledger"
            )
        if total:
            raise CommandError(
                f"{found['membership']} differences of memberships, {found['union']} of figures"
            )


def _sentence(difference: Difference) -> str:
    what = f"{difference.metric} [{difference.breakdown}]".removesuffix(" []")
    return (
        f"{difference.kind} {difference.id}: {what} is {difference.stored}, "
        f"the ledger says {difference.ledger}"
    )
