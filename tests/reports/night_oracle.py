"""What the night must publish, told naively: every figure added up anew from what was done."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from unions.kinds import HOLDING_POOL

ONE_DAY = dt.timedelta(days=1)
Figures = Counter[tuple[int, str, str]]  # union, metric, group or kind ("" for all)


@dataclass
class Entry:
    """One entry of the ledger; ``posted_on`` once a night has taken it up."""

    union: int
    group: str
    day: dt.date
    members: int
    retained: int
    joined: int  # for the first time
    rejoined: int
    posted_on: dt.date | None = None


@dataclass
class Body:
    """A union as the register has it now."""

    kind: str
    registered_on: dt.date
    founded_on: dt.date | None
    is_nef: bool = False
    is_preparing: bool = False
    closed_on: dt.date | None = None

    def end(self, closed_on: dt.date | None) -> None:
        """It ends. What is still being prepared then stays so: it was never founded."""
        self.closed_on = closed_on

    @property
    def began(self) -> dt.date:
        """The day of its founding; where that is not known, of its registration."""
        return self.founded_on or self.registered_on

    def is_founded(self, day: dt.date) -> bool:
        """Has it been founded by ``day``, if it is a union at all?"""
        return not self.is_preparing and self.kind != HOLDING_POOL and self.began <= day

    def is_open(self, day: dt.date) -> bool:
        """Does it stand on ``day``, and not only in the tree?"""
        return self.is_founded(day) and not (self.closed_on and self.closed_on <= day)


@dataclass
class Place:
    """A station as the register has it now."""

    host: int
    kind: str
    opened_on: dt.date
    closed_on: dt.date | None = None

    def is_open(self, day: dt.date) -> bool:
        """Is it open on ``day``?"""
        return self.opened_on <= day and not (self.closed_on and self.closed_on <= day)


@dataclass
class Founding:
    """A founding that a night found: as what, and in the figures of which unions, it counts."""

    union: int
    kind: str
    line: list[int]
    counts_from: dt.date
    taken_back_on: dt.date | None = None

    def counts(self, day: dt.date) -> bool:
        """Is it in the figures of ``day``?"""
        return self.counts_from <= day and not (self.taken_back_on and self.taken_back_on <= day)


@dataclass
class Unit:
    """An employer as the register has it now."""

    keeper: int
    covering: int | None


@dataclass
class Oracle:
    """What the registers say, the tree at the end of each day, and what was published when."""

    parents: dict[int, int | None]
    trees: dict[dt.date, dict[int, int | None]] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    bodies: dict[int, Body] = field(default_factory=dict)
    stations: dict[int, Place] = field(default_factory=dict)
    employers: dict[int, Unit] = field(default_factory=dict)
    foundings: list[Founding] = field(default_factory=list)
    counted: dict[dt.date, Figures] = field(default_factory=dict)
    covered: dict[dt.date, Figures] = field(default_factory=dict)
    published: dict[dt.date, Figures] = field(default_factory=dict)

    def above(self, union: int, day: dt.date) -> list[int]:
        """The union and all above it at the end of ``day``; before it was registered, at first."""
        later = [one for one, tree in self.trees.items() if one >= day and union in tree]
        parents = self.trees[min(later)] if later else self.parents
        found = [union]
        while (parent := parents[found[-1]]) is not None:
            found.append(parent)
        return found

    def end_day(self, day: dt.date) -> None:
        """The tree of ``day`` is settled."""
        self.trees[day] = dict(self.parents)

    def merge(self, source: int, into: int, closed_on: dt.date | None) -> None:
        """``into`` takes over what stands below ``source``, and its units; stations are left."""
        for union, body in self.bodies.items():
            if self.parents[union] == source and body.closed_on is None:
                self.parents[union] = into
        self.bodies[source].end(closed_on)
        self.hand_over(source, covered_by=into, kept_by=into)

    def dissolve(self, union: int, closed_on: dt.date | None) -> None:
        """Nothing stands below it; its units are covered by nobody from the act on."""
        self.bodies[union].end(closed_on)
        parent = self.parents[union]
        assert parent is not None
        self.hand_over(union, covered_by=None, kept_by=parent)

    def hand_over(self, union: int, *, covered_by: int | None, kept_by: int) -> None:
        """Its units are those of others."""
        for unit in self.employers.values():
            if unit.covering == union:
                unit.covering = covered_by
            if unit.keeper == union:
                unit.keeper = kept_by

    def take(self, day: dt.date, *, is_first: bool) -> None:
        """A night took up everything up to ``day``; the first one tells the whole past."""
        for entry in self.entries:
            if entry.day <= day and (is_first or entry.posted_on is None):
                entry.posted_on = entry.day if is_first else day
        if is_first:
            self.foundings.clear()
        self._note_first_places(day)
        for union, body in self.bodies.items():
            self._find(union, body, day, is_first=is_first)
        # Of units no past is kept but what a night found: the register of the hour, and the tree
        # of the day.
        self.counted[day] = Counter()
        for union, metric, kind in self._units(day):
            for one in self.above(union, day):
                self.counted[day][one, metric, ""] += 1
                self.counted[day][one, metric, kind] += 1

    def _note_first_places(self, day: dt.date) -> None:
        """Where a union of ``day`` was counted first is where it stood before, if it moves yet."""
        before = self.trees.setdefault(day - ONE_DAY, {})
        for union, parent in self.trees.get(day, self.parents).items():
            if self.bodies[union].registered_on == day:
                before.setdefault(union, parent)

    def _find(self, union: int, body: Body, day: dt.date, *, is_first: bool) -> None:
        known = self.founding_of(union)
        if not body.is_founded(day):
            if known:
                known.taken_back_on = day
        elif known is None:
            counts_from = body.began if is_first else day
            line = self.above(union, counts_from)
            self.foundings.append(Founding(union, body.kind, line, counts_from))
        elif known.counts_from == day:
            # The day is counted once more: it ends with the union there, and as that.
            known.kind, known.line = body.kind, self.above(union, day)

    def founding_of(self, union: int) -> Founding | None:
        """The founding of ``union`` that is counted and has not been taken back."""
        found = [one for one in self.foundings if one.union == union and not one.taken_back_on]
        return found[0] if found else None

    def _units(self, day: dt.date) -> Iterator[tuple[int, str, str]]:
        for union, body in self.bodies.items():
            if body.is_open(day):
                yield union, "unions", body.kind
                if body.is_nef:
                    yield union, "nef_unions", body.kind
        for station in self.stations.values():
            if station.is_open(day):
                yield station.host, "stations", station.kind

    def cover(self, day: dt.date) -> None:
        """A night entered in the books which units had a union."""
        self.covered[day] = Counter()
        for unit in self.employers.values():
            is_covered = unit.covering is not None and self._stands(unit.covering, day)
            for union in self.above(unit.keeper, day):
                self.covered[day][union, "units", ""] += 1
                self.covered[day][union, "covered", ""] += is_covered

    def _stands(self, union: int, day: dt.date) -> bool:
        body = self.bodies[union]
        is_over = body.closed_on is not None and body.closed_on <= day
        is_to_come = body.founded_on is not None and body.founded_on > day
        return not (body.is_preparing or is_to_come or is_over)

    def publish(self, day: dt.date) -> None:
        """The figures of ``day`` are out."""
        self.published[day] = self.figures(day, known_now=False)

    def figures(self, day: dt.date, *, known_now: bool) -> Figures:
        """Every figure of ``day`` that is not 0, as published or, of persons, as known now."""
        found: Figures = Counter(self.counted.get(day, ()))
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
                    found[union, "rejoined", group] += entry.rejoined
        for founding in self.foundings:
            if founding.counts(day):
                for union in founding.line:
                    found[union, "unions_founded", ""] += 1
                    found[union, "unions_founded", founding.kind] += 1
        return Counter({key: value for key, value in found.items() if value})
