"""`manage.py up`: the whole portal on one machine."""

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.embedded.console import Console
from portal.embedded.errors import EngineError
from portal.embedded.singleton import Singleton
from portal.embedded.stack import Options, Stack
from portal.embedded.supervisor import ChildDiedError, StopRequested, Supervisor


class Command(BaseCommand):
    """Start PostgreSQL, Valkey, web, worker and beat; stop them in order at the end."""

    help = (
        "Start the embedded PostgreSQL and Valkey (unless DATABASE_URL or REDIS_URL are set), "
        "migrate, load regions and the demo on first start, then run web, worker and beat."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Command line."""
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument("--no-demo", action="store_true", help="first start without the demo")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until Ctrl-C, SIGTERM or the death of a child."""
        console = Console(colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ)
        singleton = Singleton(settings.LOCAL_DIR)
        supervisor = Supervisor(console, singleton)
        stack = Stack(
            supervisor,
            console,
            Options(host=options["host"], port=options["port"], demo=not options["no_demo"]),
        )
        try:
            singleton.acquire(address=stack.address)
        except EngineError as error:
            raise CommandError(str(error)) from error
        supervisor.listen_to_signals()
        code = 0
        try:
            for name in singleton.stop_leftovers():
                console.say(f"stopped {name}, left over from a stack that was killed")
            stack.start()
            stack.welcome()
            supervisor.watch()
        except StopRequested:
            console.say("stopping")
        except ChildDiedError as death:
            supervisor.report(death)
            code = 1
        except EngineError as error:
            for text in str(error).splitlines():
                console.say(text)
            code = 1
        finally:
            supervisor.stop_all()
            singleton.release()
        if code:
            sys.exit(code)
        console.say("stopped")
