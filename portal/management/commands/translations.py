"""Collect, compile and check the translations."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.translations import (
    compile_catalog,
    extract_messages,
    find_problems,
    po_path,
    read_catalog,
    update_catalog,
)


class Command(BaseCommand):
    help = "Collect texts for translation, compile the translations, or check that none is missing."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("extract", help="bring the .po file in line with the source")
        actions.add_parser("compile", help="build the .mo file")
        actions.add_parser("check", help="fail if a text is missing, fuzzy or obsolete")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        if action == "extract":
            self._extract()
        elif action == "compile":
            self._compile()
        else:
            self._check()

    def _extract(self) -> None:
        update = update_catalog(po_path(), extract_messages())
        self.stdout.write(
            f"{update.total} texts: {update.added} new, {update.removed} removed,"
            f" {update.untranslated} not translated."
        )

    def _compile(self) -> None:
        try:
            count = compile_catalog(po_path())
        except FileNotFoundError as error:
            raise CommandError(f"There is no {error}: run `translations extract`.") from None
        self.stdout.write(f"Compiled {count} translated texts.")

    def _check(self) -> None:
        problems = find_problems(extract_messages(), read_catalog(po_path()))
        for heading, texts in (
            ("Missing", problems.missing),
            ("Fuzzy", problems.fuzzy),
            ("Obsolete", problems.obsolete),
            ("Placeholders differ", problems.placeholders),
        ):
            for text in texts:
                self.stdout.write(f"{heading}: {text!r}")
        if problems:
            raise CommandError("The translation is not complete.")
        self.stdout.write("Every text is translated.")
