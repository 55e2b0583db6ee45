"""Hints at memberships somebody should look at, and the statutory retirement ages behind one."""

import datetime as dt

import pytest

from members.enums import ChangeReason
from members.models import Membership
from members.proposals import POOL_DAYS, RETAINED_DAYS, born_by, proposed, retires_on
from members.services.changes import retain_membership
from members.services.transfer import decide_transfer
from members.transfer_trail import trail_of
from tests.builders import make_membership, make_union
from tests.members.lifecycle import TODAY, days_ago, moving
from unions.models import Union

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("born", "female", "expected"),
    [
        (dt.date(1964, 12, 3), False, dt.date(2024, 12, 3)),  # before the reform: 60
        (dt.date(1965, 1, 3), False, dt.date(2025, 2, 3)),  # one month later
        (dt.date(1965, 5, 3), False, dt.date(2025, 7, 3)),  # two
        (dt.date(1976, 9, 3), False, dt.date(2039, 9, 3)),  # 63
        (dt.date(1990, 1, 3), False, dt.date(2053, 1, 3)),
        (dt.date(1969, 12, 3), True, dt.date(2024, 12, 3)),  # 55
        (dt.date(1970, 1, 3), True, dt.date(2025, 2, 3)),
        (dt.date(1981, 9, 3), True, dt.date(2039, 9, 3)),  # 58
    ],
)
def test_retirement_day(born: dt.date, female: bool, expected: dt.date) -> None:
    assert retires_on(born, female=female) == expected


@pytest.mark.parametrize("female", [False, True])
@pytest.mark.parametrize("today", [dt.date(2024, 12, 31), dt.date(2028, 2, 29), TODAY])
def test_the_last_birth_that_has_reached_it(today: dt.date, female: bool) -> None:
    last = born_by(today, female=female)
    this_month = today.replace(day=1)
    assert retires_on(last.replace(day=1), female=female) <= this_month
    assert retires_on(last + dt.timedelta(days=1), female=female) > this_month


def found(kind: str) -> list[Membership]:
    return list(proposed(Membership.objects.order_by("pk"), kind))


def test_each_hint_finds_its_memberships_and_no_others() -> None:
    county = make_union("县总", "county_federation")
    town = make_union("镇工会", "township_union", county)
    pool = make_union("县会员周转库", "holding_pool", county)
    start = days_ago(RETAINED_DAYS + 100).isoformat()

    def member(union: Union, on: str = start, born: str = "1990-01-01") -> Membership:
        made = make_membership(union, on=on)
        made.member.birth_date, made.member.sex = dt.date.fromisoformat(born), "1"
        made.member.save()
        return made

    plain, old = member(town), member(town, born="1950-01-01")
    pooled, fresh = member(pool), member(pool, on=days_ago(POOL_DAYS).isoformat())
    idle, retired, lately = member(town), member(town, born="1950-01-01"), member(town)
    for row, reason, days in (
        (idle, ChangeReason.UNEMPLOYED, RETAINED_DAYS + 1),
        (retired, ChangeReason.RETIRED, RETAINED_DAYS + 1),
        (lately, ChangeReason.UNEMPLOYED, 3),
    ):
        retain_membership(row, reason=reason, effective_on=days_ago(days), actor=None)
    closed = make_union("撤销的工会", "township_union", county)
    left_behind = member(closed)
    Union.objects.filter(pk=closed.pk).update(status="dissolved")
    assert found("retirement") == [old]
    assert found("pool") == [pooled]
    assert found("retained") == [idle]
    assert found("union") == [left_behind]
    assert plain.status == fresh.status == "active"
    with pytest.raises(KeyError):
        found("anything")


def test_trail_of_a_transfer_says_who_has_yet_to_decide() -> None:
    county = make_union("县总", "county_federation")
    east, west = (make_union(f"{n}镇工会", "township_union", county) for n in "东西")
    transfer = moving(make_membership(east, on="2024-01-01"), west, asked_by="receiving")
    assert [(str(step.what), step.union) for step in trail_of(transfer)] == [
        ("转入工会提出转会", west), ("尚未决定", east),
    ]  # fmt: skip
    done = decide_transfer(transfer, side="releasing", agree=False, note="欠交手续", actor=None)
    assert [(str(step.what), step.union, step.note) for step in trail_of(done)] == [
        ("转入工会提出转会", west, "换了工作"),
        ("不同意", east, "欠交手续"),
        ("会籍留在原工会", None, ""),
    ]
