"""Give a user a key for the API, or take it away."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from accounts.tokens import issue_token, revoke_token


class Command(BaseCommand):
    help = "Issue a new API key for a user and print it; the key before it stops working."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--revoke", action="store_true", help="take the key away instead")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"], is_active=True).first()
        if user is None:
            raise CommandError("There is no active user of this name.")
        if options["revoke"]:
            self.stderr.write("Revoked." if revoke_token(user) else "There was no key.")
            return
        self.stdout.write(issue_token(user))
