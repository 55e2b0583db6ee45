"""Unions that end: where members, applications, codes and employers go, and what stays."""

from __future__ import annotations

import datetime as dt
import threading
from types import SimpleNamespace
from unittest import mock

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from audit.models import AuditEntry
from core.clock import CHINA
from enterprises.models import Employer
from members.enums import ApplicationStatus, ChangeReason, MembershipStatus
from members.models import Application, Membership, Message, MobileWindow, Transfer
from members.models.transfer import TransferStatus
from members.own_data import current_membership, people_behind
from members.services import union_closing
from members.services.changes import retain_membership, withdraw_membership
from members.services.closing_checks import Extent, extent_of
from members.services.review import approve_application
from members.services.transfer import decide_transfer
from members.services.union_closing import (
    continue_closings,
    left_of,
    run_closing,
    start_dissolution,
    start_merger,
)
from members.services.windows import open_window
from tests.builders import (
    make_application,
    make_join_code,
    make_membership,
    make_official,
    make_region,
    make_union,
    person,
)
from tests.members.lifecycle import (
    ONE_DAY,
    TODAY,
    TOMORROW,
    days_ago,
    effects,
    in_order,
    moving,
    refused,
    stock,
    written,
)
from unions.enums import ClosingStatus, Role, UnionStatus
from unions.models import Appointment, Union, UnionClosing

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> SimpleNamespace:
    """Two townships of a county with an official who reaches both, and one union elsewhere."""
    county = make_union("县总", "county_federation")
    town, heir = (make_union(f"{name}镇工会", "township_union", county) for name in "东西")
    return SimpleNamespace(
        county=county,
        town=town,
        heir=heir,
        elsewhere=make_union("远县总", "county_federation"),
        official=make_official("xian", county),
    )


def test_a_merger_carries_everything_over(world: SimpleNamespace) -> None:
    town, heir = world.town, world.heir
    active, retained, leaving, left = (make_membership(town, on="2024-01-01") for _ in range(4))
    retain_membership(retained, reason=ChangeReason.RETIRED, effective_on=days_ago(9), actor=None)
    withdraw_membership(left, last_day=days_ago(3), actor=None)
    today = make_membership(town)
    dropped = moving(leaving, world.elsewhere)
    coming, back, arriving = (
        make_membership(union, on="2024-01-01") for union in (world.county, heir, world.elsewhere)
    )
    redirected = moving(coming, town)
    ended = moving(back, town)
    decide_transfer(
        moving(arriving, town, asked_by="releasing"), side="receiving", agree=True, actor=None
    )
    code = make_join_code(town)
    window = open_window(town, place="广场", actor=world.official)
    waiting, twin = make_application(code), make_application(code, person(77))
    same = make_application(make_join_code(heir), person(77))
    firm = Employer.objects.create(
        name="快递公司", region=make_region("37", "山东"), keeper=town, covering_union=town
    )
    assert extent_of(town) == Extent(
        unions=0, memberships=5, retained=1, applications=2, codes=2, transfers=3, employers=1,
        officials=0,
    )  # fmt: skip
    in_order()
    past = [stock(union, day) for union in (town, heir) for day in (days_ago(5), days_ago(1))]
    sent = Message.objects.count()

    closing = start_merger(town, into=heir, reason="乡镇合并", actor=world.official)

    assert (closing.status, closing.memberships) == (ClosingStatus.DONE, 5)
    in_order()
    assert past == [
        stock(union, day) for union in (town, heir) for day in (days_ago(5), days_ago(1))
    ]
    # Today still there, from tomorrow here: nobody twice, nobody lost.
    assert [stock(town, day) for day in (TODAY, TOMORROW)] == [(3, 1), (0, 0)]
    assert [stock(heir, day) for day in (TODAY, TOMORROW)] == [(1, 0), (5, 1)]
    town.refresh_from_db()
    assert (town.status, town.closed_on, town.merged_into) == (
        UnionStatus.DISSOLVED, TOMORROW, heir,
    )  # fmt: skip
    spells = Membership.objects.filter(member=active.member).order_by("pk")
    assert [(row.union_id, row.status, row.ended_on) for row in spells] == [
        (town.pk, "ended", TODAY), (heir.pk, "active", None),
    ]  # fmt: skip
    assert effects(active) == [
        ("joined", dt.date(2024, 1, 1), 1, 0, 1),
        ("transfer_asked", TODAY, 0, 0, 0),
        ("transferred_out", TOMORROW, -1, 0, 0),
    ]
    assert effects(spells[1]) == [("transferred_in", TOMORROW, 1, 0, 0)]
    kept = Membership.objects.get(member=retained.member, ended_on=None)
    assert (kept.union, kept.status) == (heir, MembershipStatus.RETAINED)
    assert effects(kept) == [("transferred_in", TOMORROW, 0, 1, 0)]
    # Who came today has not counted at the old union, and begins at the new one.
    begins = Membership.objects.get(member=arriving.member, ended_on=None)
    assert (begins.union, begins.started_on) == (heir, TOMORROW)
    assert Membership.objects.filter(member=today.member, union=heir, started_on=TOMORROW).exists()
    assert not Membership.objects.filter(member=left.member, union=heir).exists()
    active.member.refresh_from_db()
    assert active.member.home_union == heir
    (who,) = people_behind(bytes(active.member.phone_hash))
    assert (here := current_membership(who)) is not None
    assert here.union == heir  # as the own page says
    transfer = Transfer.objects.get(new_membership=spells[1])
    assert transfer.status == TransferStatus.DONE
    assert all(name in transfer.reason for name in (town.name, heir.name))
    for moved in (dropped, redirected, ended):
        moved.refresh_from_db()
    assert [(row.status, row.to_union) for row in (dropped, redirected, ended)] == [
        ("cancelled", world.elsewhere), ("open", heir), ("cancelled", town),
    ]  # fmt: skip
    # What people hold in their hands still leads somewhere.
    code.refresh_from_db()
    assert (code.union, code.is_usable) == (heir, True)
    assert MobileWindow.objects.get(pk=window.pk).union == heir
    for application in (waiting, twin, same):
        application.refresh_from_db()
        assert (application.union, application.status) == (heir, ApplicationStatus.SUBMITTED)
    assert [step.type for step in waiting.steps.all()] == ["moved"]
    firm.refresh_from_db()
    assert (firm.covering_union, firm.keeper) == (heir, heir)
    templates = Message.objects.order_by("pk").values_list("template", flat=True)[sent:]
    assert sorted(templates) == [
        *["application_moved"] * 2, *["membership_carried"] * 5, "transfer_asked", "transfer_ended",
    ]  # fmt: skip
    counts = {
        action: AuditEntry.objects.filter(action=action).count()
        for action in ("transfer.done", "union.merged", "union.absorbed", "transfer.redirected",
                       "application.moved", "join_code.moved", "membership.union_corrected")
    }  # fmt: skip
    assert list(counts.values()) == [5, 1, 1, 1, 2, 2, 1]


def test_what_is_not_allowed_changes_nothing(world: SimpleNamespace) -> None:
    town, heir = world.town, world.heir
    make_membership(town, on="2024-01-01")
    city = make_union("市总", "city_federation")
    of_town = make_official("zhen", town, Role.GRASSROOTS_OFFICIAL)

    def merge(into: Union, actor: User | None, reason: str = "x") -> object:
        return lambda: start_merger(town, into=into, reason=reason, actor=actor)

    def dissolve(to: Union | None, actor: User | None, day: dt.date | None = None) -> object:
        return lambda: start_dissolution(
            town, memberships_to=to, closed_on=day, reason="x", actor=actor
        )

    for act, code, field in (
        (merge(heir, world.official, " "), "required", "reason"),
        (merge(world.elsewhere, world.official), "out_of_scope", "into"),
        (merge(heir, of_town), "out_of_scope", "into"),
        (merge(city, None), "enrols_nobody", "into"),
        (dissolve(None, world.official), "required", "memberships_to"),
        (dissolve(town, world.official), "same_union", "memberships_to"),
        (dissolve(city, None), "enrols_nobody", "memberships_to"),
        (dissolve(world.elsewhere, world.official), "out_of_scope", "memberships_to"),
        (dissolve(heir, of_town), "not_above", None),
        (dissolve(heir, None, TODAY), "too_early", "closed_on"),
    ):
        refused(act, code, field)  # type: ignore[arg-type]
    assert not UnionClosing.objects.exists()
    assert Union.objects.get(pk=town.pk).status == UnionStatus.ACTIVE


def test_union_above_keeps_the_memberships(world: SimpleNamespace) -> None:
    town, county = world.town, world.county
    active, retained = (make_membership(town, on="2024-01-01") for _ in range(2))
    retain_membership(retained, reason=ChangeReason.RETIRED, effective_on=days_ago(9), actor=None)
    applied = make_application(code := make_join_code(town))
    arriving = make_membership(world.heir, on="2024-01-01")
    moving(arriving, town)
    holder = make_official("zhen", town, Role.GRASSROOTS_OFFICIAL)
    start_dissolution(
        town, memberships_to=county, retains_members=True, reason="企业终止",
        decision_number="县工〔2026〕3号", actor=world.official,
    )  # fmt: skip
    in_order()
    kept = Membership.objects.get(member=active.member, ended_on=None)
    assert (kept.union, kept.status) == (county, MembershipStatus.RETAINED)
    assert effects(kept) == [
        ("transferred_in", TOMORROW, 1, 0, 0),
        ("retained", TOMORROW, -1, 1, 0),
    ]
    assert stock(county, TOMORROW) == (0, 2)
    for row in (applied, code, arriving, town):
        row.refresh_from_db()
    assert (applied.union, code.union, code.is_active) == (county, town, False)
    assert (arriving.status, arriving.union) == (MembershipStatus.ACTIVE, world.heir)
    assert (town.status, town.merged_into) == (UnionStatus.DISSOLVED, None)
    assert Appointment.objects.get(user=holder).ends_on == TODAY
    # Nobody ever there: it may end on a day of the past.
    start_dissolution(world.heir, memberships_to=county, reason="x", actor=None)
    empty = make_union("空", "township_union", county)
    start_dissolution(empty, closed_on=days_ago(30), reason="未建成", actor=world.official)
    assert Union.objects.get(pk=empty.pk).closed_on == days_ago(30)


def test_many_are_carried_by_a_worker(
    world: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(union_closing, "AT_ONCE", 2)
    monkeypatch.setattr(union_closing, "CHUNK", 2)
    town, heir = world.town, world.heir
    code = make_join_code(town)
    rows = [make_membership(town, on="2024-01-01") for _ in range(5)]
    closing = start_merger(town, into=heir, reason="x", actor=world.official)
    assert (closing.status, left_of(closing)) == (ClosingStatus.OPEN, 5)
    refused(
        lambda: start_dissolution(town, memberships_to=heir, reason="x", actor=None), "under_way"
    )
    assert union_closing._step(closing.pk)
    assert left_of(closing) == 3
    assert stock(town, TOMORROW)[0] + stock(heir, TOMORROW)[0] == 5
    in_order()
    approve_application(make_application(code), actor=world.official)  # it still stands
    # The right is lost: what is done stays, the rest is not, and it is said why.
    Appointment.objects.filter(user=world.official).update(ends_on=days_ago(1))
    assert run_closing(closing.pk) == ClosingStatus.REFUSED
    closing.refresh_from_db()
    assert closing.refusal
    assert (left_of(closing), Union.objects.get(pk=town.pk).status) == (4, UnionStatus.ACTIVE)
    Appointment.objects.filter(user=world.official).update(ends_on=None)
    second = start_merger(town, into=heir, reason="x", actor=User.objects.get(pk=world.official.pk))
    assert (run_closing(second.pk, seconds=0), left_of(second)) == (ClosingStatus.OPEN, 4)
    # The day after: who was carried yesterday counts at the heir, the others a day longer here.
    later = dt.datetime.combine(TOMORROW, dt.time(9), tzinfo=CHINA)
    with mock.patch.object(timezone, "now", return_value=later):
        assert continue_closings() == 1
        # Approved at the very moment of the end: carried over afterwards.
        make_membership(town, on=TOMORROW.isoformat())
        Application.objects.filter(pk=make_application(make_join_code(heir)).pk).update(union=town)
        assert (continue_closings(), continue_closings()) == (1, 0)
    town.refresh_from_db()
    assert (town.status, town.closed_on) == (UnionStatus.DISSOLVED, TOMORROW + ONE_DAY)
    assert [stock(town, TODAY + n * ONE_DAY)[0] for n in range(3)] == [6, 5, 0]
    assert stock(heir, TOMORROW + ONE_DAY) == (7, 0)
    in_order()
    assert {row.member.memberships.get(ended_on=None).union_id for row in rows} == {heir.pk}


@pytest.mark.django_db(transaction=True)
def test_two_officials_end_a_union_once_while_a_third_approves() -> None:
    county = make_union("县总", "county_federation")
    town, heir, other = (make_union(f"{n}镇", "township_union", county) for n in "东西南")
    for _ in range(3):
        make_membership(town, on="2024-01-01")
    application = make_application(make_join_code(town))
    barrier = threading.Barrier(3)
    outcomes = ["", "", ""]

    def run(place: int) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=20)
            if place < 2:
                start_merger(town, into=(heir, other)[place], reason="x", actor=None)
            else:
                approve_application(application, actor=None)
            outcomes[place] = "done"
        except union_closing.RuleViolation as refusal:
            outcomes[place] = refusal.code
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(outcomes[:2]) == ["dissolved", "done"]
    assert outcomes[2] in ("done", "union_closed")
    continue_closings()
    in_order()
    assert not Membership.objects.open().filter(union=town).exists()
    assert written()
