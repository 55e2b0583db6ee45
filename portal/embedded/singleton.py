"""Only one stack per local folder, and no left-overs of a killed one."""

import fcntl
import json
import os
import signal
from pathlib import Path
from typing import IO, Any

import psutil

from portal.embedded.errors import EngineError
from portal.embedded.processes import Child

# Engines last: web and worker may still hold connections.
STOP_SIGNALS = {"postgres": signal.SIGINT}


class AlreadyRunningError(EngineError):
    """Another `up` holds this folder."""


class Singleton:
    """The lock of a local folder. The kernel lets it go when its holder dies, however it dies."""

    def __init__(self, local_dir: Path) -> None:
        self.lock_path = local_dir / "up.lock"
        self.children_path = local_dir / "up.children"
        self._file: IO[str] | None = None
        self._children: list[dict[str, Any]] = []

    def acquire(self, *, address: str) -> None:
        """Take the lock, or raise `AlreadyRunningError` naming the holder."""
        try:
            self.lock_path.parent.mkdir(parents=True, exist_ok=True)
            stream = open(self.lock_path, "a+", encoding="utf-8")  # noqa: SIM115
        except PermissionError as error:
            raise EngineError(
                f"{self.lock_path.parent} belongs to another user. "
                "Set PORTAL_LOCAL_DIR to a folder of your own."
            ) from error
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            stream.seek(0)
            holder = stream.read().strip() or "another process"
            stream.close()
            raise AlreadyRunningError(f"The portal is already running here: {holder}.") from error
        stream.truncate(0)
        stream.write(f"process {os.getpid()}, {address}\n")
        stream.flush()
        self._file = stream

    def release(self) -> None:
        """Let the lock go; the next one may start."""
        self.children_path.unlink(missing_ok=True)
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()
            self._file = None

    def remember(self, child: Child) -> None:
        """Note a child, so that a later stack can stop it should we be killed."""
        try:
            created = psutil.Process(child.pid).create_time()
        except psutil.NoSuchProcess:
            return
        self._children.append({"name": child.name, "pid": child.pid, "created": created})
        self.children_path.write_text(json.dumps(self._children), encoding="utf-8")

    def stop_leftovers(self) -> list[str]:
        """Stop the children of a killed stack; their names, latest first."""
        try:
            noted = json.loads(self.children_path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return []
        stopped = []
        for entry in reversed(noted):
            process = _same_process(entry["pid"], entry["created"])
            if process is not None:
                _stop_tree(process, STOP_SIGNALS.get(entry["name"], signal.SIGTERM))
                stopped.append(entry["name"])
        self.children_path.unlink(missing_ok=True)
        return stopped


def _same_process(pid: int, created: float) -> psutil.Process | None:
    """The process, unless its number has gone to another one since."""
    try:
        process = psutil.Process(pid)
        return process if abs(process.create_time() - created) < 1 else None
    except psutil.NoSuchProcess:
        return None


def _stop_tree(process: psutil.Process, number: signal.Signals) -> None:
    try:
        family = [process, *process.children(recursive=True)]
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
    _, alive = psutil.wait_procs(family, timeout=10)
    for one in alive:
        try:
            one.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(alive, timeout=5)
