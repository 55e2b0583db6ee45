"""Child processes whose output becomes log lines, and that stop when they are told to."""

import collections
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence

LineSink = Callable[[str, str], None]

# How a child is asked to stop: signals, each with the seconds it gets.
StopPlan = tuple[tuple[signal.Signals, float], ...]
GENTLY: StopPlan = ((signal.SIGTERM, 10.0),)


class Child:
    """A running process with a name; `lines` keeps the end of its output."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        sink: LineSink | None = None,
        stop_plan: StopPlan = GENTLY,
    ) -> None:
        """Start `command`. It leads a session of its own: Ctrl-C in the terminal does not reach it,
        so that the supervisor can stop its children in order.
        """
        self.name = name
        self.stop_plan = stop_plan
        self.lines: collections.deque[str] = collections.deque(maxlen=20)
        self._sink = sink
        self.process = subprocess.Popen(
            list(command),
            env=dict(environment) if environment is not None else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, name=f"log of {name}", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    def _read(self) -> None:
        assert self.process.stdout is not None
        for raw in self.process.stdout:
            line = raw.decode("utf-8", "replace").rstrip()
            self.lines.append(line)
            if self._sink is not None:
                self._sink(self.name, line)

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self.process.poll()

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and for the last line of output."""
        code = self.process.wait(timeout)
        self._reader.join(timeout=2)
        return code

    def stop(self) -> int:
        """Ask it to stop, insist, and at last kill it with its whole process group."""
        for number, seconds in self.stop_plan:
            if self.poll() is not None:
                break
            try:
                self.process.send_signal(number)
                self.process.wait(seconds)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue
        if self.poll() is None:
            self._kill_group()
        return self.wait(10)

    def _kill_group(self) -> None:
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def describe_exit(code: int) -> str:
    """`exit code 3`, or `killed by signal 9 (SIGKILL)`."""
    if code >= 0:
        return f"exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = "unknown"
    return f"killed by signal {-code} ({name})"


def wait_until(
    condition: Callable[[], bool],
    *,
    seconds: float,
    pause: float = 0.05,
    child: Child | None = None,
) -> bool:
    """Poll `condition`; False when time is up or `child` has ended meanwhile."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        if child is not None and child.poll() is not None:
            return False
        time.sleep(pause)
    return False
