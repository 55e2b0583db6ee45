"""Random lives against the naive oracle: join, move, retain, leave, die, back-dated corrections,
a union moved in the tree, acts on rows that are long out of date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core.clock import CHINA
from core.errors import RuleViolation
from members.enums import ChangeReason
from members.ledger_reading import states_on
from members.models import DecisionPaper, Membership, Transfer
from members.reconciliation import membership_differences
from members.services import changes, correction, transfer as transfers
from members.services.review import approve_application
from reference.models import WorkerGroup
from tests.budgets import RANDOM_LIVES
from tests.builders import make_application, make_join_code, make_union, person
from tests.members.lives_figures import (
    joined_in_ledger,
    published_stock,
    stock_in_ledger,
    subtree_stock_in_ledger,
)
from tests.members.lives_oracle import FOREVER, ONE_DAY, Oracle, Spell
from unions.models import Union
from unions.services import update_union

BEGIN = dt.date(2024, 3, 1)
GROUPS = ("courier", "carer")
PEOPLE = 3
_numbers = st.integers(0, 30)
# Days before today: mostly days that are allowed; -1 is tomorrow.
_back = st.sampled_from((0, 0, 0, 0, 1, 2, 5, 9, 20, 40, -1))


class Lives(RuleBasedStateMachine):
    """Each example lives in a transaction of its own that is rolled back."""

    def __init__(self) -> None:
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.today = BEGIN
        self.clock = mock.patch.object(timezone, "now", self.now)
        self.clock.start()
        city = make_union("市总", "city_federation")
        self.counties = [make_union(f"{n}县总", "county_federation", city) for n in "甲乙"]
        self.towns = [
            make_union(f"{n}镇工会", "township_union", county)
            for n, county in zip("东西南", (*self.counties, self.counties[0]), strict=True)
        ]
        self.unions = [*self.towns, *self.counties]
        self.codes = [make_join_code(union) for union in self.unions]
        self.oracle = Oracle({u.pk: u.parent_id for u in (city, *self.unions)})
        self.paper_day = BEGIN - 100 * ONE_DAY

    def now(self) -> dt.datetime:
        """Noon of the day the story has come to."""
        return dt.datetime.combine(self.today, dt.time(12), tzinfo=CHINA)

    def teardown(self) -> None:
        """Count everything once by the night's own way, then forget it."""
        try:
            if self.oracle.spells:
                self.the_night_counts_the_same()
        finally:
            self.clock.stop()
            transaction.set_rollback(True)
            self.transaction.__exit__(None, None, None)

    def the_night_counts_the_same(self) -> None:
        """The published figures of every union are the oracle's, whole subtrees."""
        expected = {
            (union, metric): value
            for union, values in self.oracle.subtree_stock(self.today).items()
            for metric, value in zip(("members", "retained"), values, strict=True)
            if value
        }
        assert published_stock(self.today) == expected

    # -- how an act is judged -----------------------------------------------------------------

    def attempt(self, allowed: bool, act: Callable[[], Any]) -> Any:
        """The act is refused exactly when the oracle says so."""
        refusal = result = None
        try:
            with transaction.atomic():
                result = act()
        except RuleViolation as refused:
            refusal = refused.code
        assert (refusal is None) is allowed, refusal
        return result

    def pick(self, number: int) -> Spell:
        """One of the spells, mostly an open one."""
        running = [spell for spell in self.oracle.spells if not spell.end and not spell.annulled]
        among = running if running and number % 4 else self.oracle.spells
        return among[number % len(among)]

    def has_spells(self) -> bool:
        """Anything to act on?"""
        return self.oracle.spells != []

    # -- rules --------------------------------------------------------------------------------

    @rule(days=st.integers(1, 30))
    def time_passes(self, days: int) -> None:
        """So entries come to lie in the past."""
        self.today += days * ONE_DAY

    @rule(who=st.integers(0, PEOPLE - 1), where=_numbers, group=st.sampled_from(GROUPS))
    def join(self, who: int, where: int, group: str) -> None:
        """For the first time or again."""
        start = self.oracle.first_free_day(who, self.today)
        if start is None and where % 4:  # a member already: tried now and then
            return
        code = self.codes[where % len(self.codes)]
        row = self.attempt(
            start is not None,
            lambda: approve_application(
                make_application(code, person(900 + who), group=group), actor=None
            ),
        )
        if row is not None and start is not None:
            self.oracle.spells.append(Spell(row, who, row.union_id, group, start, joined=True))

    @precondition(has_spells)
    @rule(number=_numbers, back=_back)
    def retain_or_restore(self, number: int, back: int) -> None:
        """From today or an earlier day; now and then what it is already."""
        spell, day = self.pick(number), self.today - back * ONE_DAY
        now = spell.kept[-1][1] if spell.kept else spell.kept_at_start
        keep = (now == "active") is (number % 5 > 0)
        allowed = (
            spell.runs(self.today)
            and spell.transfer is None
            and now == ("active" if keep else "retained")
            and spell.last_change <= day <= self.today
        )
        if keep:
            self.attempt(
                allowed,
                lambda: changes.retain_membership(
                    spell.row, reason=ChangeReason.UNEMPLOYED, effective_on=day, actor=None
                ),
            )
        else:
            self.attempt(
                allowed, lambda: changes.restore_membership(spell.row, effective_on=day, actor=None)
            )
        if allowed:
            spell.kept.append((day, "retained" if keep else "active"))

    @precondition(has_spells)
    @rule(number=_numbers, back=_back, how=st.sampled_from(("left", "died", "expelled")))
    def end(self, number: int, back: int, how: str) -> None:
        """By one's own wish, by death, by decision."""
        spells = self.oracle.spells
        special = [s for s in spells if s.transfer or s.counted(self.today) == "retained"]
        spell = special[number % len(special)] if special and number % 3 else self.pick(number)
        day = self.today - back * ONE_DAY
        allowed = spell.runs(self.today) and spell.last_change <= day <= self.today

        def act() -> Any:
            if how == "left":
                return changes.withdraw_membership(spell.row, last_day=day, actor=None)
            if how == "died":
                return changes.record_death(spell.row, died_on=day, actor=None)
            paper = DecisionPaper.objects.create(
                union_id=spell.union, number="1", decided_on=self.paper_day, file="1.pdf"
            )
            return changes.expel_membership(spell.row, decision=paper, last_day=day, actor=None)

        self.attempt(allowed, act)
        if allowed:
            spell.drop(self.today)
            spell.end, spell.ended_by = day, how

    @precondition(has_spells)
    @rule(number=_numbers, where=_numbers)
    def ask_to_move(self, number: int, where: int) -> None:
        """The member asks."""
        spell, union = self.pick(number), self.unions[where % len(self.unions)]
        allowed = spell.runs(self.today) and spell.transfer is None and union.pk != spell.union
        transfer = self.attempt(
            allowed,
            lambda: transfers.ask_transfer(
                spell.row, to_union=union, reason="换工作", asked_by="member", actor=None
            ),
        )
        if transfer is not None:
            spell.transfer, spell.decisions, spell.deadline = transfer, {}, transfer.deadline
            spell.asked.append([self.today, FOREVER])

    @precondition(has_spells)
    @rule(
        number=_numbers,
        side=st.sampled_from(("releasing", "receiving")),
        agree=st.sampled_from((True, True, True, False)),
    )
    def decide(self, number: int, side: str, agree: bool) -> None:
        """One of the unions, perhaps for the second time, perhaps too late."""
        asked = [spell for spell in self.oracle.spells if spell.asked]
        if number % 4:  # mostly one that is under way
            asked = [spell for spell in asked if spell.transfer] or asked
        if not asked:
            return
        spell = asked[number % len(asked)]
        newest = Transfer.objects.filter(membership=spell.row).latest("id")
        allowed = (
            spell.transfer is not None
            and side not in spell.decisions
            and self.today <= spell.deadline
        )
        decided = self.attempt(
            allowed,
            lambda: transfers.decide_transfer(
                newest, side=side, agree=agree, note="说明", actor=None
            ),
        )
        if decided is None:
            return
        spell.decisions[side] = agree
        if not agree:
            spell.drop(self.today)
        elif len(spell.decisions) == 2:
            arrived = decided.new_membership
            spell.end, spell.ended_by = self.today, "moved"
            spell.asked[-1][1], spell.transfer = self.today + ONE_DAY, None
            self.oracle.spells.append(
                Spell(
                    arrived, spell.person, newest.to_union_id, spell.group,
                    self.today + ONE_DAY, joined=False, kept_at_start=spell.counted(self.today),
                )
            )  # fmt: skip

    @rule(number=_numbers)
    def cancel(self, number: int) -> None:
        """The member takes the request back."""
        moving = [spell for spell in self.oracle.spells if spell.transfer]
        for spell in moving[number : number + 1]:
            self.attempt(True, lambda: transfers.cancel_transfer(spell.transfer, actor=None))  # noqa: B023
            spell.drop(self.today)

    @rule()
    def night(self) -> None:
        """What was not decided in time is dropped."""
        late = [s for s in self.oracle.spells if s.transfer and s.deadline < self.today]
        assert transfers.expire_transfers(self.today) == len(late)
        for spell in late:
            spell.drop(self.today)

    @precondition(has_spells)
    @rule(number=_numbers, back=_back)
    def wrong_start(self, number: int, back: int) -> None:
        """The spell began on another day."""
        spell, day = self.pick(number), self.today - back * ONE_DAY
        limits = [since for since, _state in spell.kept]
        limits += [spell.end] if spell.end else []
        earlier = [
            other.end
            for other in self.oracle.of(spell.person, but=spell)
            if other.start < spell.start and other.end
        ]
        allowed = (
            not spell.annulled
            and spell.joined
            and day != spell.start
            and day <= min([self.today, *limits])
            and day > max(earlier, default=dt.date.min)
        )
        self.attempt(
            allowed, lambda: correction.correct_start(spell.row, started_on=day, actor=None)
        )
        if allowed:
            spell.start = day

    @precondition(has_spells)
    @rule(number=_numbers, back=st.none() | _back)
    def wrong_end(self, number: int, back: int | None) -> None:
        """It ended on another day, or not at all."""
        ended = [s for s in self.oracle.spells if s.end and not s.annulled]
        if not ended:
            return
        spell = ended[number % len(ended)]
        later = [s for s in self.oracle.of(spell.person, but=spell) if s.start > spell.start]
        day = None if back is None else self.today - back * ONE_DAY
        allowed = spell.ended_by != "moved" and (
            not later
            if day is None
            else day != spell.end
            and spell.last_change <= day <= self.today
            and all(day < other.start for other in later)
        )
        self.attempt(allowed, lambda: correction.correct_end(spell.row, last_day=day, actor=None))
        if allowed:
            spell.end = day
            spell.ended_by = spell.ended_by if day else ""

    @precondition(has_spells)
    @rule(number=_numbers, where=_numbers)
    def wrong_union(self, number: int, where: int) -> None:
        """Entered at the wrong union from the beginning."""
        spell, union = self.pick(number), self.unions[where % len(self.unions)]
        allowed = (
            not spell.annulled
            and spell.transfer is None
            and spell.joined
            and spell.ended_by not in ("moved", "expelled")
            and union.pk != spell.union
        )
        self.attempt(allowed, lambda: correction.correct_union(spell.row, union=union, actor=None))
        if allowed:
            spell.union = union.pk

    @precondition(has_spells)
    @rule(number=_numbers, group=st.sampled_from(GROUPS))
    def wrong_group(self, number: int, group: str) -> None:
        """Entered in the wrong worker group."""
        spell = self.pick(number)
        allowed = not spell.annulled and spell.transfer is None and group != spell.group
        right = WorkerGroup(pk=group)
        self.attempt(
            allowed,
            lambda: correction.correct_worker_group(spell.row, worker_group=right, actor=None),
        )
        if allowed:
            spell.group = group

    @precondition(has_spells)
    @rule(number=_numbers)
    def annul(self, number: int) -> None:
        """Approved by mistake, which is rare."""
        spell = self.pick(number)
        if number < 7:
            free = spell.end is None and spell.transfer is None
            allowed = free and spell.joined and not spell.annulled
            self.attempt(allowed, lambda: correction.annul_membership(spell.row, actor=None))
            spell.annulled = spell.annulled or allowed

    @rule()
    def move_a_union(self) -> None:
        """A township goes over to the other county with all its people."""
        town = Union.objects.get(pk=self.towns[2].pk)
        to = next(county for county in self.counties if county.pk != town.parent_id)
        update_union(town, parent=to, actor=None)
        self.oracle.parents[town.pk] = to.pk

    # -- what must always hold ----------------------------------------------------------------

    @invariant()
    def ledger_and_oracle_agree(self) -> None:
        """States, stocks by union and subtree, joins; no difference; one open spell a person."""
        assert list(membership_differences()) == []
        for day in (self.today - 20 * ONE_DAY, self.today, self.today + ONE_DAY):
            expected = {spell.row.pk: spell.state(day) for spell in self.oracle.spells}
            assert states_on(day) == {key: state for key, state in expected.items() if state}
        open_spells = Membership.objects.open().values_list("member_id", flat=True)
        assert len(open_spells) == len(set(open_spells))
        for day in self.oracle.days(self.today):
            assert stock_in_ledger(day) == self.oracle.stock(day)
        assert subtree_stock_in_ledger(self.today) == self.oracle.subtree_stock(self.today)
        joined = [spell for spell in self.oracle.spells if spell.joined and not spell.annulled]
        assert joined_in_ledger() == len(joined)


@pytest.mark.django_db
def test_random_lives_agree_with_the_oracle() -> None:
    run_state_machine_as_test(
        Lives,
        settings=settings(
            max_examples=10 * RANDOM_LIVES,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
