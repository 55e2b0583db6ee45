"""Writing synthetic people with their spells of membership and their ledger, by COPY in batches."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from itertools import islice
from random import Random
from typing import NamedTuple

from django.db import connection

from core.clock import CHINA
from members.enums import EVENT_EFFECTS, MembershipStatus
from members.models import Member, Membership, MembershipEvent
from portal.demo.bulk import Tick, copy_records, reserve_ids
from portal.demo.people import PERSON_COLUMNS, person_values

BATCH = 20_000


class Spell(NamedTuple):
    """One spell of membership; ``ended_on`` is its last day."""

    union_id: int
    group: str
    channel: str
    started_on: dt.date
    ended_on: dt.date | None = None
    status: str = MembershipStatus.ACTIVE.value
    join_code_id: int | None = None
    employer_id: int | None = None
    employer_name: str = ""


class Entry(NamedTuple):
    """One ledger entry of the spell with this position; ``day`` is the first on which it counts."""

    spell: int
    type: str
    union_id: int
    day: dt.date
    counterpart_id: int | None = None


class History(NamedTuple):
    """A person's whole life in the register."""

    spells: tuple[Spell, ...]
    entries: tuple[Entry, ...]


class RegisterWriter:
    """Writes histories; person ``n`` gets the n-th demo identity of the prefecture.

    ``first_number`` is the number of the first person, ``total`` how many will come (for ``tick``).
    Memory stays bounded, here and in the database: one batch at a time is held and checked.
    """

    def __init__(
        self, prefecture: str, *, first_number: int, first_phone: int, tick: Tick, total: int
    ) -> None:
        self._prefecture = prefecture
        self._first_number = first_number
        self._first_phone = first_phone
        seed = f"register-{prefecture}-{first_number}"
        self._random = Random(seed)  # noqa: S311 -- synthetic data
        self._tick = tick
        self._total = total
        self.people = 0

    def write_all(self, histories: Iterable[History]) -> int:
        """Write everybody; returns the number of people."""
        source = iter(histories)
        while batch := list(islice(source, BATCH)):
            self._write(batch)
            # Foreign keys are checked now: the list of checks put off would outgrow the memory.
            connection.check_constraints()
            self._tick(self.people, self._total)
        return self.people

    def _write(self, batch: list[History]) -> None:
        member_ids = reserve_ids(Member, len(batch))
        spell_ids = iter(reserve_ids(Membership, sum(len(h.spells) for h in batch)))
        entry_ids = iter(reserve_ids(MembershipEvent, sum(len(h.entries) for h in batch)))
        member_rows: list[tuple[object, ...]] = []
        spell_rows: list[tuple[object, ...]] = []
        entry_rows: list[tuple[object, ...]] = []
        random = self._random
        for member_id, history in zip(member_ids, batch, strict=True):
            number = self._first_number + self.people
            self.people += 1
            last = history.spells[-1]
            values = person_values(
                random, self._prefecture, number, self._first_phone + number, last.group
            )
            member_rows.append((member_id, *values, last.union_id))
            own_ids = []
            for spell in history.spells:
                spell_id = next(spell_ids)
                own_ids.append(spell_id)
                spell_rows.append((spell_id, member_id, *spell))
            for entry in history.entries:
                spell = history.spells[entry.spell]
                effect = EVENT_EFFECTS[entry.type]
                entry_rows.append(
                    (
                        next(entry_ids), own_ids[entry.spell], entry.type, entry.union_id,
                        entry.counterpart_id, spell.group, spell.channel, spell.join_code_id,
                        entry.day, _recorded_at(random, entry.day), *effect,
                    )
                )  # fmt: skip
        copy_records(
            Member,
            ("id", *PERSON_COLUMNS, "home_union_id"),
            member_rows,
            constants={"is_demo": True},
        )
        copy_records(
            Membership,
            (
                "id", "member_id", "union_id", "worker_group_id", "channel", "started_on",
                "ended_on", "status", "join_code_id", "employer_id", "employer_name",
            ),
            spell_rows,
        )  # fmt: skip
        copy_records(
            MembershipEvent,
            (
                "id", "membership_id", "type", "union_id", "counterpart_id", "worker_group_id",
                "channel", "join_code_id", "effective_on", "recorded_at", "active_change",
                "retained_change", "joined_change",
            ),
            entry_rows,
        )  # fmt: skip


def _recorded_at(random: Random, day: dt.date) -> dt.datetime:
    """Some second of the office hours of that day in China."""
    second = int(random.random() * 25_000)
    morning = dt.datetime(day.year, day.month, day.day, 9, tzinfo=CHINA)
    return morning + dt.timedelta(seconds=second)
