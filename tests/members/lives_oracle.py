"""What a membership's life must come to, worked out naively, day by day, without a ledger."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

ONE_DAY = dt.timedelta(days=1)
FOREVER = dt.date(9999, 1, 1)


@dataclass
class Spell:
    """One spell: since when where, kept or not, until when and how it ended."""

    row: Any  # the membership as it was when made: every act gets this stale object
    person: int
    union: int
    group: str
    start: dt.date
    joined: bool
    kept: list[tuple[dt.date, str]] = field(default_factory=list)
    kept_at_start: str = "active"
    asked: list[list[dt.date]] = field(default_factory=list)
    transfer: Any = None
    decisions: dict[str, bool] = field(default_factory=dict)
    deadline: dt.date = FOREVER
    end: dt.date | None = None
    ended_by: str = ""
    annulled: bool = False

    def counted(self, day: dt.date) -> str:
        """Among whom the person counts on ``day``: active, retained, or "" for nowhere."""
        if self.annulled or day < self.start or (self.end is not None and day > self.end):
            return ""
        now = self.kept_at_start
        for since, state in self.kept:
            if since <= day:
                now = state
        return now

    def state(self, day: dt.date) -> str | None:
        """The state on ``day``; None before the first day."""
        if self.annulled:
            return "annulled"
        if day < self.start:
            return None
        if self.end is not None and day > self.end:
            return "ended"
        if any(since <= day < until for since, until in self.asked):
            return "transferring"
        return self.counted(day)

    @property
    def last_change(self) -> dt.date:
        """Nothing may be recorded before this day."""
        return max([self.start, *(day for day, _state in self.kept)])

    def runs(self, today: dt.date) -> bool:
        """Open and begun."""
        return not self.annulled and self.end is None and self.start <= today

    def drop(self, today: dt.date) -> None:
        """The transfer under way comes to nothing."""
        if self.transfer is not None:
            self.asked[-1][1] = today
            self.transfer = None


class Oracle:
    """Everybody's spells and where each union stands in the tree."""

    def __init__(self, parents: dict[int, int | None]) -> None:
        self.parents = parents
        self.spells: list[Spell] = []

    def of(self, person: int, *, but: Spell | None = None) -> list[Spell]:
        """The spells of one person that count."""
        return [s for s in self.spells if s.person == person and s is not but and not s.annulled]

    def first_free_day(self, person: int, today: dt.date) -> dt.date | None:
        """When a new spell would begin; None while one is open."""
        spells = self.of(person)
        if any(spell.end is None for spell in spells):
            return None
        return max([today, *(spell.end + ONE_DAY for spell in spells if spell.end)])

    def days(self, today: dt.date) -> list[dt.date]:
        """Every day on which anything may change, the days before, and today's neighbours."""
        found = {today, today + ONE_DAY, today + 2 * ONE_DAY}
        for spell in self.spells:
            ends = [spell.end + ONE_DAY] if spell.end else []
            found |= {spell.start, *ends, *(day for day, _state in spell.kept)}
        return sorted(found | {day - ONE_DAY for day in found})

    def stock(self, day: dt.date) -> dict[int, tuple[int, int]]:
        """Active and retained persons of each union that has any, counted one by one."""
        found: dict[int, tuple[int, int]] = {}
        for spell in self.spells:
            where = spell.counted(day)
            if where:
                active, retained = found.get(spell.union, (0, 0))
                found[spell.union] = (
                    (active + 1, retained) if where == "active" else (active, retained + 1)
                )
        return found

    def subtree_stock(self, day: dt.date) -> dict[int, tuple[int, int]]:
        """The same with everybody below, walking up the parents of today."""
        found: dict[int, tuple[int, int]] = {}
        for leaf, (active, retained) in self.stock(day).items():
            union: int | None = leaf
            while union is not None:
                before = found.get(union, (0, 0))
                found[union] = (before[0] + active, before[1] + retained)
                union = self.parents[union]
        return found
