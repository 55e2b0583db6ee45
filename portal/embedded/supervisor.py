"""Starts children, watches them, and stops them in the reverse order of their start."""

import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from types import FrameType

from portal.embedded.console import Console
from portal.embedded.processes import GENTLY, Child, StopPlan, describe_exit
from portal.embedded.singleton import Singleton

LAST_LINES = 12


class ChildDiedError(Exception):
    """A child ended although nobody asked it to, or a step failed."""

    def __init__(self, child: Child, code: int, *, what: str = "") -> None:
        super().__init__(f"{what or child.name} stopped unexpectedly: {describe_exit(code)}")
        self.child = child


class StopRequested(Exception):
    """Ctrl-C or SIGTERM."""


class Supervisor:
    """The children of one stack."""

    def __init__(self, console: Console, singleton: Singleton) -> None:
        self.console = console
        self.singleton = singleton
        self.children: list[Child] = []
        self._stop = threading.Event()

    def listen_to_signals(self) -> None:
        """From now on Ctrl-C, SIGTERM and a closed terminal ask for an ordered stop."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stop.set()

    def check(self) -> None:
        """Raise when a stop was asked for or a child has died."""
        if self._stop.is_set():
            raise StopRequested
        for child in self.children:
            code = child.poll()
            if code is not None:
                raise ChildDiedError(child, child.wait(5))

    def add(self, child: Child) -> Child:
        """Watch a child that runs already."""
        self.children.append(child)
        self.singleton.remember(child)
        return child

    def start(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        stop_plan: StopPlan = GENTLY,
    ) -> Child:
        """Start a child that is to run until the end."""
        return self.add(
            Child(
                name, command, environment=environment, sink=self.console.line, stop_plan=stop_plan
            )
        )

    def run(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Run a step to its end, watching the others meanwhile; raise when it fails."""
        step = Child(name, command, environment=environment, sink=self.console.line)
        self.singleton.remember(step)
        try:
            while step.poll() is None:
                self.check()
                self._stop.wait(0.1)
            code = step.wait(5)
        finally:
            if step.poll() is None:
                step.stop()
        if code != 0:
            raise ChildDiedError(step, code, what=f"{name} ({' '.join(command[2:])})")

    def wait_until(self, condition: Callable[[], bool], *, seconds: float) -> bool:
        """Poll `condition` while watching everybody; False when time is up."""
        for _ in range(int(seconds / 0.2)):
            if condition():
                return True
            self.check()
            self._stop.wait(0.2)
        return False

    def watch(self) -> None:
        """Never returns: raises `StopRequested` or `ChildDiedError`."""
        while True:
            self.check()
            self._stop.wait(0.5)

    def report(self, death: ChildDiedError) -> None:
        """Say who died, of what, and its last words."""
        self.console.say(f"{death}. Its last lines:")
        for text in list(death.child.lines)[-LAST_LINES:]:
            self.console.say(f"    {text}")

    def stop_all(self) -> None:
        """Stop everybody, last started first; never raises."""
        for child in reversed(self.children):
            if child.poll() is not None:
                continue
            try:
                code = child.stop()
                self.console.say(f"stopped {child.name} ({describe_exit(code)})")
            except Exception as error:  # noqa: BLE001 -- the others must be stopped as well
                self.console.say(f"could not stop {child.name}: {error}")
        self.children.clear()
