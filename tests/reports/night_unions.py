"""What may become of unions between the nights: acts of a random life."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from core.errors import RuleViolation
from members.models import Membership, MembershipEvent
from members.services.union_closing import start_dissolution, start_merger
from tests.reports.night_oracle import ONE_DAY, Entry
from tests.reports.night_world import NightWorld
from unions.enums import UnionStatus
from unions.models import Union, UnionKind
from unions.services import move_union, update_union

_numbers = st.integers(0, 9)


class UnionActs(NightWorld):
    """They are registered, founded or not, of another kind, moved, merged and dissolved."""

    @rule(where=_numbers, back=st.sampled_from((None, 0, 0, 3, -1)), is_nef=st.booleans(),
          kind=st.sampled_from(("grassroots_union", "grassroots_union", "holding_pool")),
          is_preparing=st.booleans())  # fmt: skip
    def found(
        self, where: int, back: int | None, is_nef: bool, kind: str, is_preparing: bool
    ) -> None:
        """A union is registered: founded then, earlier, tomorrow, or still being prepared."""
        parent = self.standing[where % len(self.standing)]
        try:
            union = self.register(
                f"新会{len(self.unions)}",
                kind,
                Union.objects.get(pk=parent.pk),
                founded_on=None if back is None else self.today - back * ONE_DAY,
                is_nef=is_nef,
                status=UnionStatus.PREPARING if is_preparing else UnionStatus.ACTIVE,
            )
        except RuleViolation:
            return  # nothing of this kind may stand there
        self.movable.append(union)

    @rule(which=_numbers, is_nef=st.booleans())
    def update(self, which: int, is_nef: bool) -> None:
        """A union is established if it was not, and marked as one of new forms or not."""
        union = self.standing[-1 - which % len(self.standing)]
        update_union(union, actor=None, status=UnionStatus.ACTIVE, is_nef=is_nef)
        body = self.oracle.bodies[union.pk]
        body.is_preparing, body.is_nef = False, is_nef

    @rule(which=_numbers, back=st.sampled_from((None, 0, 3, -1, -3)), is_preparing=st.booleans())
    def date_anew(self, which: int, back: int | None, is_preparing: bool) -> None:
        """A founding turns out to have been on another day, or is put off."""
        union = self.standing[-1 - which % len(self.standing)]
        body = self.oracle.bodies[union.pk]
        body.founded_on = None if back is None else self.today - back * ONE_DAY
        body.is_preparing = is_preparing
        status = UnionStatus.PREPARING if is_preparing else UnionStatus.ACTIVE
        update_union(union, actor=None, founded_on=body.founded_on, status=status)

    @rule(which=_numbers, kind=st.sampled_from(("grassroots_union", "joint_union", "holding_pool")))
    def change_kind(self, which: int, kind: str) -> None:
        """A union is of another kind from now on."""
        union = self.movable[which % len(self.movable)]
        try:
            update_union(union, actor=None, kind=UnionKind.objects.get(pk=kind))
        except RuleViolation:
            return  # one of this kind may not stand there, or not with what stands below it
        self.oracle.bodies[union.pk].kind = kind

    @rule(which=_numbers, to=_numbers)
    def move(self, which: int, to: int) -> None:
        """A town changes its county, a smaller union its town."""
        union = self.movable[which % len(self.movable)]
        places = [*self.counties, *self.movable]
        place = places[to % len(places)]
        try:
            move_union(
                Union.objects.get(pk=union.pk),
                to_parent=Union.objects.get(pk=place.pk),
                reason="区划调整",
                actor=None,
            )
        except RuleViolation:
            return  # it stands there already, or may not
        self.oracle.parents[union.pk] = place.pk

    @precondition(lambda self: len(self.movable) > 1)
    @rule(which=_numbers, into=_numbers)
    def merge(self, which: int, into: int) -> None:
        """A union becomes part of another: members and what stands below it are carried over."""
        newest = MembershipEvent.objects.latest("pk").pk
        source, target = (
            Union.objects.get(pk=self.movable[n % len(self.movable)].pk) for n in (which, into)
        )
        before = self.registers()
        try:
            start_merger(source, into=target, reason="乡镇合并", actor=None)
        except RuleViolation:
            assert self.registers() == before
            return  # it is the same, or may not take what is below, or has entries of tomorrow
        source.refresh_from_db()
        self._closed(source, newest)
        self.oracle.merge(source.pk, target.pk, source.closed_on)

    @rule(
        which=_numbers,
        to=st.none() | _numbers,
        retains=st.booleans(),
        back=st.sampled_from((None, None, 0, 1, -1)),
    )
    def dissolve(self, which: int, to: int | None, retains: bool, back: int | None) -> None:
        """A union ends: the last below it, and its members go to another, if it has any."""
        newest = MembershipEvent.objects.latest("pk").pk
        ending = [*self.counties, *self.movable]
        union = Union.objects.get(pk=ending[which % len(ending)].pk)
        target = None if to is None else self.standing[to % len(self.standing)]
        has_some_below = any(self.oracle.parents[one.pk] == union.pk for one in self.standing)
        has_members = Membership.objects.open().filter(union=union).exists()
        before, refused = self.registers(), None
        try:
            start_dissolution(
                union,
                memberships_to=target,
                retains_members=retains,
                closed_on=None if back is None else self.today - back * ONE_DAY,
                reason="已无会员",
                actor=None,
            )
        except RuleViolation as refusal:
            refused = refusal.code
        if has_some_below:
            assert refused == "children"
        elif has_members and target is None:
            assert refused == "required"
        if refused is not None:
            assert self.registers() == before
            return
        union.refresh_from_db()
        self._closed(union, newest)
        self.oracle.dissolve(union.pk, union.closed_on)

    def _closed(self, union: Union, newest: int) -> None:
        for unions in (self.counties, self.movable, self.standing):
            if union in unions:
                unions.remove(union)
        self._note_after(newest)

    def _note(self, event: MembershipEvent, *, rejoined: int = 0) -> None:
        self.noted[event.pk] = Entry(
            event.union_id,
            event.worker_group_id,
            event.effective_on,
            event.active_change,
            event.retained_change,
            event.joined_change - rejoined,
            rejoined,
        )
        self.oracle.entries.append(self.noted[event.pk])

    def _note_after(self, newest: int) -> None:
        for event in MembershipEvent.objects.filter(pk__gt=newest).order_by("pk"):
            self._note(event)
