"""One readable log out of several processes."""

import sys
import threading
import time
from typing import TextIO

NAMES = ("postgres", "valkey", "web", "worker", "beat", "setup", "portal")
COLOURS = {
    "postgres": "34",
    "valkey": "35",
    "web": "32",
    "worker": "33",
    "beat": "36",
    "setup": "37",
    "portal": "1",
}
WIDTH = max(len(name) for name in NAMES)


class Console:
    """Writes whole lines, each with time, aligned name and colour; safe to use from threads."""

    def __init__(self, stream: TextIO | None = None, *, colour: bool = False) -> None:
        self.stream = stream or sys.stdout
        self.colour = colour
        self._lock = threading.Lock()

    def line(self, name: str, text: str) -> None:
        """One line of the process `name`."""
        head = f"{time.strftime('%H:%M:%S')} {name:<{WIDTH}} |"
        if self.colour:
            head = f"\x1b[{COLOURS.get(name, '0')}m{head}\x1b[0m"
        self._write(f"{head} {text}\n")

    def say(self, text: str) -> None:
        """A line of the stack itself."""
        self.line("portal", text)

    def box(self, lines: list[str]) -> None:
        """A frame around what the reader is looking for."""
        width = max(map(_columns, lines))
        rows = ["╭" + "─" * (width + 2) + "╮"]
        rows += [f"│ {text}{' ' * (width - _columns(text))} │" for text in lines]
        rows += ["╰" + "─" * (width + 2) + "╯"]
        self._write("\n".join(["", *rows, ""]) + "\n")

    def _write(self, text: str) -> None:
        with self._lock:
            try:
                self.stream.write(text)
                self.stream.flush()
            except BrokenPipeError:
                # The reader of a pipe went away; the stack itself goes on and stops in order.
                return


def _columns(text: str) -> int:
    """How many columns a terminal gives the text: Chinese characters take two."""
    import unicodedata

    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
