"""`manage.py up` as an ordinary user starts it: the real processes, from nothing."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from django.conf import settings

from portal.embedded.unprivileged import is_root, ordinary_account

pytestmark = pytest.mark.stack


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Up:
    """One run of `manage.py up` in a folder of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.log = folder / "test.log"
        left_out = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "PORTAL_TEST_DIR"}
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in left_out},
            "PORTAL_LOCAL_DIR": str(folder),
            "HOME": str(folder),
            "PORT": str(port),
        }

    def command(self) -> list[str]:
        """As an ordinary user, who under root keeps the right to read this copy of the portal."""
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "up", "--no-demo"]
        if not is_root():
            return command
        account = ordinary_account(self.folder)
        return [
            *("setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}"),
            *("--clear-groups", "--inh-caps=+dac_override", "--ambient-caps=+dac_override"),
            *command,
        ]

    def start(self) -> subprocess.Popen[bytes]:
        with self.log.open("wb") as stream:
            return subprocess.Popen(
                self.command(), env=self.environment, stdout=stream, stderr=stream
            )

    def wait_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 90
        while "Ctrl-C" not in self.text():
            assert process.poll() is None, self.text()
            assert time.monotonic() < deadline, self.text()
            time.sleep(0.1)

    def text(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def stopped(self) -> list[str]:
        """Who was stopped, in order."""
        lines = [line.partition("| stopped ")[2] for line in self.text().splitlines()]
        return [line.split()[0] for line in lines if line]

    def get(self, path: str) -> tuple[int, str]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()


@pytest.fixture(scope="module")
def up() -> Iterator[Up]:
    folder = Path(tempfile.mkdtemp(prefix="portal-up-"))
    # The regions are loaded once on first start; their own tests load them.
    (folder / "postgres").mkdir()
    (folder / "postgres" / "first-start-done").touch()
    if is_root():
        account = ordinary_account(folder)
        for path in (folder, folder / "postgres"):
            os.chown(path, account.pw_uid, account.pw_gid)
    yield Up(folder, free_port())
    shutil.rmtree(folder, ignore_errors=True)


def test_starts_refuses_a_second_one_and_stops_in_order(up: Up):
    process = up.start()
    try:
        up.wait_ready(process)
        assert up.get("/readyz") == (200, '{"status": "ok", "down": []}')
        status, page = up.get("/admin/login/")
        assert status == 200
        assert "/static/unfold/css/styles." in page, "static files carry the hash of their content"

        second = subprocess.run(
            up.command(), env=up.environment, capture_output=True, text=True, check=False
        )
        assert second.returncode == 1
        assert second.stderr.strip() == (
            f"CommandError: The portal is already running here: process {process.pid}, "
            f"http://127.0.0.1:{up.port}/."
        )

        owners = {child.uids().real for child in psutil.Process(process.pid).children()}
        assert owners == {psutil.Process(process.pid).uids().real}
        assert 0 not in owners
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(60)
    assert (code, up.stopped()) == (0, ["beat", "worker", "web", "valkey", "postgres"])


def test_the_death_of_a_child_is_named_and_ends_the_rest(up: Up):
    process = up.start()
    try:
        up.wait_ready(process)
        [worker] = [
            child
            for child in psutil.Process(process.pid).children()
            if "worker" in child.cmdline() and "celery" in child.cmdline()
        ]
        worker.kill()
        code = process.wait(60)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(60)
    assert (code, up.stopped()) == (1, ["beat", "web", "valkey", "postgres"])
    assert "worker stopped unexpectedly: killed by signal 9 (SIGKILL)." in up.text()
    assert "creating the database" not in up.text()
