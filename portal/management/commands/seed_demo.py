"""Load the demonstration."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from core.errors import RuleViolation
from portal.demo.accounts import DEMO_ACCOUNTS, set_random_passwords
from portal.demo.bulk import Tick
from portal.demo.liaocheng_unions import DEMO_JOIN_CODE
from portal.demo.loading import Part, PartOutcome, Scale, load_demo
from reference.loading import RegionDataError


class Command(BaseCommand):
    help = (
        "Load the demo: five published documents and a synthetic register."
        " Safe to repeat; what is there already is left alone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--scale",
            choices=[scale.value for scale in Scale],
            default=Scale.SMALL.value,
            help="small: Liaocheng's 57,768 members; full: Luoyang's 1,450,000 as well",
        )
        parser.add_argument(
            "--i-know",
            action="store_true",
            help="load it in production too; the demo accounts then get random passwords",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION and not options["i_know"]:
            raise CommandError(
                "This is a production installation: the demo has made-up people and known log-ins."
                " Repeat with --i-know if you mean it."
            )
        outcomes = self._load(Scale(options["scale"]), quiet=options["verbosity"] == 0)
        if all(outcome.counts is None for outcome in outcomes):
            self._say("The demo is loaded already; nothing was changed.", options)
        accounts_made = any(o.part.name == "accounts" and o.counts for o in outcomes)
        if settings.PRODUCTION and accounts_made:
            for username, password in set_random_passwords():
                self.stdout.write(f"  {username:<18} {password}")
        elif not settings.PRODUCTION:
            for username, password, who_zh, _who_en in DEMO_ACCOUNTS:
                self._say(f"  {username:<18} {password:<14} {who_zh}", options)
            self._say(f"  /join/{DEMO_JOIN_CODE}/", options)

    def _load(self, scale: Scale, *, quiet: bool) -> list[PartOutcome]:
        console = Console(stderr=True)
        outcomes = []
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=quiet or not console.is_terminal,
            transient=True,
        ) as progress:

            def tick_of(part: Part) -> Tick:
                task = progress.add_task(part.label, total=None)

                def tick(done: int, total: int) -> None:
                    progress.update(task, completed=done, total=total)

                return tick

            try:
                for outcome in load_demo(scale, tick_of=tick_of):
                    for task in progress.task_ids:
                        progress.remove_task(task)
                    outcomes.append(outcome)
                    if not quiet:
                        self.stdout.write(_line(outcome))
            except (RegionDataError, RuleViolation) as error:
                raise CommandError(str(error)) from None
        return outcomes

    def _say(self, text: str, options: dict[str, Any]) -> None:
        if options["verbosity"] > 0:
            self.stdout.write(text)


def _line(outcome: PartOutcome) -> str:
    if outcome.counts is None:
        return f"{outcome.part.label}: loaded already"
    counts = ", ".join(f"{count:,} {noun}" for noun, count in outcome.counts.items())
    return f"{outcome.part.label}: {counts} ({outcome.seconds:.1f} s)"
