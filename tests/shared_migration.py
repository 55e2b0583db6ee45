"""One migration for all processes of pytest-xdist, each of which has engines of its own.

The first that needs a database migrates it and writes it down; the others read what it wrote.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import connection

from portal.embedded.postgres import wheel_binaries

# Names the folder that the processes share; set by the one that hands out the tests.
VARIABLE = "PORTAL_TEST_SHARED"


class SharedMigration:
    """What one process has of it. Without a folder it shares with nobody."""

    def __init__(self) -> None:
        given = os.environ.get(VARIABLE)
        self._folder = Path(given) if given else None
        self._turn: IO[str] | None = None

    def take_over(self, name: str) -> bool:
        """Make the database ``name`` as another process has written it down.

        Waits for one that is about to. False: nobody has, and it is ours to do.
        """
        if self._folder is None:
            return False
        self._turn = (self._folder / "turn").open("w")
        fcntl.flock(self._turn, fcntl.LOCK_EX)
        if not self._written.exists():
            return False
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{name}"')
        self._run("psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", name, "-f", str(self._written))
        self._end_turn()
        return True

    def write_down(self, name: str) -> None:
        """Write the database ``name`` down if that is ours to do, and let the others go on."""
        if self._turn is None:
            return
        self._run("pg_dump", "--no-owner", "-f", str(self._written), name)
        self._end_turn()

    @property
    def _written(self) -> Path:
        assert self._folder is not None
        return self._folder / "migrated.sql"

    def _end_turn(self) -> None:
        assert self._turn is not None
        self._turn.close()
        self._turn = None

    def _run(self, program: str, *arguments: str) -> None:
        server = settings.DATABASES["default"]
        programs = Path(settings.EMBEDDED_PG_BIN or wheel_binaries()).expanduser()
        command = [str(programs / program), "-h", server["HOST"], "-U", server["USER"]]
        subprocess.run([*command, *arguments], check=True, capture_output=True)
