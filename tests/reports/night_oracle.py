"""What the night must publish, told naively: every figure added up anew from a list of entries."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field

ONE_DAY = dt.timedelta(days=1)
Figures = Counter[tuple[int, str, str]]  # union, metric, group ("" for all)


@dataclass
class Entry:
    """One entry of the ledger; ``posted_on`` once a night has taken it up."""

    union: int
    group: str
    day: dt.date
    members: int
    retained: int
    joined: int
    posted_on: dt.date | None = None


@dataclass
class Oracle:
    """The entries, the tree at the end of each day, and what was published when."""

    parents: dict[int, int | None]
    trees: dict[dt.date, dict[int, int | None]] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    published: dict[dt.date, Figures] = field(default_factory=dict)

    def above(self, union: int, day: dt.date) -> list[int]:
        """The union and all above it at the end of ``day``."""
        later = [one for one in self.trees if one >= day]
        parents = self.trees[min(later)] if later else self.parents
        found = [union]
        while (parent := parents[found[-1]]) is not None:
            found.append(parent)
        return found

    def end_day(self, day: dt.date) -> None:
        """The tree of ``day`` is settled."""
        self.trees[day] = dict(self.parents)

    def take(self, day: dt.date, *, is_first: bool) -> None:
        """A night took up everything up to ``day``; the first one tells the whole past."""
        for entry in self.entries:
            if entry.day <= day and (is_first or entry.posted_on is None):
                entry.posted_on = entry.day if is_first else day

    def publish(self, day: dt.date) -> None:
        """The figures of ``day`` are out."""
        self.published[day] = self.figures(day, known_now=False)

    def figures(self, day: dt.date, *, known_now: bool) -> Figures:
        """Every figure of ``day`` that is not 0, as published or as known now."""
        found: Figures = Counter()
        for entry in self.entries:
            counts_from = entry.day if known_now else entry.posted_on
            if counts_from is None or counts_from > day:
                continue
            for group in ("", entry.group):
                for union in self.above(entry.union, day):
                    found[union, "members", group] += entry.members
                    found[union, "retained", group] += entry.retained
                for union in self.above(entry.union, counts_from):
                    found[union, "joined", group] += entry.joined
        return Counter({key: value for key, value in found.items() if value})
