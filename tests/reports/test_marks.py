"""Figures behind which books differ are marked on every page that shows them, in words."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags

from enterprises.models import Employer
from members.models import Membership
from reports.models import Drift
from reports.nightly import run_nightly
from reports.selectors.marks import LEDGER, Marks, marks_of, marks_with, rests_on, with_drifts
from tests.builders import make_membership, make_official, make_union
from tests.reports.world import DAY, World, count_anew
from unions.enums import Role
from unions.models import Union

pytestmark = pytest.mark.django_db

MARK = "books differ"
NOTICE = "Such a figure is marked"
D = dt.date
BEFORE = D(2024, 3, 10)


@pytest.fixture
def sound(world: World) -> World:
    """The world with books that agree: also what the city reported."""
    Drift.objects.all().delete()
    return world


def differ(
    union: Union, metric: str, breakdown: str = "", *, day: dt.date = DAY, **more: Any
) -> Drift:
    """A difference in a count of ``union`` that was found on ``day``."""
    values = {"book": Drift.Book.COUNTS, "stored": "1", "expected": "2", **more}
    return Drift.objects.create(union=union, metric=metric, breakdown=breakdown, day=day, **values)


def differ_in_ledger(membership: Membership, what: str = "status", **more: Any) -> Drift:
    """A membership that its ledger tells otherwise."""
    values = {"stored": "active", "expected": "ended", **more}
    return differ(membership.union, f"{what}#{membership.pk}", book=Drift.Book.LEDGER, **values)


def in_doubt(marks: Marks, union: Union, day: dt.date = DAY) -> set[str]:
    """What of these few counts is marked, as ``metric breakdown``."""
    keys = [
        (metric, group)
        for metric in ("members", "retained", "joined", "rejoined", "unions")
        for group in ("", "courier", "employee", "truck_driver")
    ]
    return {" ".join(key).strip() for key in keys if marks.differ(union.pk, [key], day)}


def page(client: Client, world: World, address: str = "/dashboard/", **query: Any) -> str:
    client.force_login(world.leader)
    asked = {"union": world.city.pk, "day": DAY.isoformat(), **query}
    answer = client.get(address, asked, headers={"accept-language": "en"})
    assert answer.status_code == 200
    return answer.content.decode()


def row(content: str, head: str, block: str = "") -> str:
    """The first row of a page (from ``block`` on) that begins with ``head``: its other cells."""
    for found in re.findall(r"<tr[^>]*>(.*?)</tr>", content[content.index(block) :], re.DOTALL):
        cells = [
            " ".join(strip_tags(cell).split())
            for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", found, re.DOTALL)
        ]
        if cells[0].startswith(head):
            return " | ".join(cells[1:])
    raise LookupError(head)


def cards(content: str) -> dict[str, int]:
    """How many marks each card of a key figure bears that has any."""
    pieces = re.split(r'<div class="panel card-figure[^"]*" id="key-', content)[1:]
    counts = {piece.split('"')[0]: piece.split("</ul>")[0].count(MARK) for piece in pieces}
    return {code: count for code, count in counts.items() if count}


# -- what a difference puts in doubt --------------------------------------------------------------


def test_a_count_is_in_doubt_at_its_own_union_alone(sound: World) -> None:
    differ(sound.dong, "members")
    differ(sound.dong, "joined", "courier", book=Drift.Book.ROLL_UP)
    marks = marks_of([sound.city.pk, sound.dong.pk, sound.town.pk])
    assert in_doubt(marks, sound.dong) == {"members", "joined courier"}
    assert in_doubt(marks, sound.city) == in_doubt(marks, sound.town) == set()
    assert in_doubt(marks, sound.dong, BEFORE) == set()
    # As it comes along with the union, and for those right below one.
    (fetched,) = with_drifts(Union.objects.filter(pk=sound.dong.pk))
    assert in_doubt(marks_with([fetched]), sound.dong) == {"members", "joined courier"}
    assert marks_of([], below=sound.city).unions == [sound.dong.pk]
    assert marks_of([], below=sound.province).unions == []


def test_a_membership_is_in_doubt_with_its_group_at_all_unions_above(sound: World) -> None:
    differ_in_ledger(sound.memberships[0], day=BEFORE)
    above = [sound.province, sound.city, sound.dong, sound.town]
    marks = marks_of([union.pk for union in (*above, sound.flexible, sound.lin, sound.other_city)])
    metrics = ("members", "retained", "joined", "rejoined")
    wanted = {*metrics, *(f"{metric} courier" for metric in metrics)}
    assert [in_doubt(marks, union) for union in above] == [wanted] * 4
    for union in (sound.flexible, sound.lin, sound.other_city):
        assert in_doubt(marks, union) == set()
    assert marks.since(sound.city.pk, rests_on(LEDGER)) == BEFORE
    assert marks.since(sound.city.pk, rests_on("unions")) is None


def test_both_groups_and_both_unions_of_a_difference(sound: World) -> None:
    couriers, other = sound.memberships[0], sound.memberships[5]
    differ_in_ledger(couriers, "worker_group", stored="courier", expected="employee")
    marks = marks_of([sound.city.pk, sound.lin.pk])
    assert {"members", "members courier", "members employee"} <= in_doubt(marks, sound.city)
    assert "members truck_driver" not in in_doubt(marks, sound.city)
    assert in_doubt(marks, sound.lin) == set()
    differ_in_ledger(other, "union", stored=sound.lin.pk, expected=sound.other_city.pk)
    marks = marks_of([sound.lin.pk, sound.other_city.pk, sound.dong.pk])
    assert "members truck_driver" in in_doubt(marks, sound.lin)
    assert "members truck_driver" in in_doubt(marks, sound.other_city)
    assert "members truck_driver" not in in_doubt(marks, sound.dong)
    # Where the membership cannot be looked up its group may be any.
    differ(sound.shen, "status#999999999", book=Drift.Book.LEDGER)
    found = in_doubt(marks_of([sound.shen.pk]), sound.shen)
    assert {"members courier", "members employee", "members truck_driver"} <= found


def test_what_was_mended_is_not_marked(client: Client, sound: World) -> None:
    drifts = [
        differ(sound.city, "members"),
        differ(sound.dong, "members"),
        differ_in_ledger(sound.memberships[4]),
    ]
    marked = page(client, sound)
    assert NOTICE in marked
    assert cards(marked)["members"] == 2  # and the retained ones, for the ledger
    for drift in drifts:
        drift.mended_at = timezone.now()
        drift.save()
    assert MARK not in page(client, sound)


# -- the dashboard --------------------------------------------------------------------------------


def test_cards_are_marked_by_what_they_rest_on(client: Client, sound: World) -> None:
    differ(sound.city, "members", "employee")
    assert cards(page(client, sound)) == {}  # of no set that a card shows
    differ(sound.city, "members", "courier")
    # The rate of the four groups, the new-form members and their share.
    assert cards(page(client, sound)) == {"enrolment_rate": 1, "nef_members": 2}
    differ(sound.city, "unions")
    differ(sound.city, "stations")
    assert cards(page(client, sound)) == {
        "enrolment_rate": 1, "nef_members": 2, "unions": 2, "stations_per_10000": 2,
    }  # fmt: skip


def test_ranking(client: Client, sound: World) -> None:
    differ(sound.dong, "members")
    differ(sound.lin, "members", "truck_driver")
    differ_in_ledger(sound.memberships[6])

    def ranked(head: str, **query: Any) -> str:
        return row(page(client, sound, **query), head, 'id="ranking"')

    none = "— no baseline"
    assert ranked(f"1{sound.dong.name}") == (
        f"4 {MARK} | 57.14% | 2 | 2 | {none} | {none} | 2.44 ahead"
    )
    assert ranked(f"2{sound.lin.name}") == (
        f"2 | 28.57% | 0 | 1 | 200.00% over 100% {MARK} | {none} | 4.88 reached"
    )
    assert ranked(f"3{sound.nef.name}") == (
        f"1 {MARK} | 14.29% | 0 {MARK} | 1 {MARK} | {none} | {none} | —"
    )
    assert ranked(f"4{sound.shen.name}").startswith("0 | 0.00% | 0 | 0 |")
    assert ranked("Σ") == f"7 {MARK} |  | 2 {MARK} | 4 {MARK} | "
    # Who is left out by a filter is not in the sum either.
    assert ranked("Σ", kind="county_federation") == f"6 {MARK} |  | 2 | 3 | "
    # The pace rests on whom the indicator counts: not on employees.
    differ(sound.dong, "joined", "employee")
    assert "2.44 ahead" in ranked(f"1{sound.dong.name}")
    differ(sound.dong, "joined", "courier")
    assert f"2.44 ahead {MARK}" in ranked(f"1{sound.dong.name}")


def test_groups_and_sets(client: Client, sound: World) -> None:
    differ(sound.city, "members", "courier")
    differ(sound.city, "joined", "truck_driver")
    content = page(client, sound)

    def cells(name: str) -> list[str]:
        return row(content, name, 'id="groups-title"').split(" | ")

    courier, driver, four = cells("Courier"), cells("Truck driver"), cells("Four focus groups")
    assert (courier[0], courier[2:4], courier[5]) == (f"3 {MARK}", ["2", "2"], f"75.00% {MARK}")
    assert (driver[0], driver[2:4]) == ("2", [f"0 {MARK}", f"1 {MARK}"])
    assert cells("Employee")[0] == "1"
    assert cells("Σ Sum of groups") == [f"7 {MARK}", "equals the total"]
    assert (four[0], four[2:4], four[5]) == (
        f"6 {MARK}", [f"2 {MARK}", f"4 {MARK}"], f"50.00% {MARK}",
    )  # fmt: skip


def test_blocks(client: Client, sound: World) -> None:
    differ(sound.city, "unions", "county_federation")
    differ(sound.city, "nef_unions")
    differ(sound.city, "establishment_rate", "covered")
    differ(sound.city, "members", "courier")
    differ(sound.city, "rejoined")

    def told(name: str, head: str, block: str = "") -> str:
        return row(page(client, sound, f"/dashboard/parts/{name}/"), head, block)

    assert told("structure", "County federation") == f"3 {MARK} | 0"
    assert told("structure", "Township union") == "1 | 0"
    assert told("structure", "Σ") == f"7 | 2 {MARK}"
    assert told("rates", "Enrolment rate").startswith(f"50.00% {MARK} | 6 | 12 |")
    assert told("rates", "New members") == "2 | 4"
    assert told("rates", "Members who joined again") == f"0 {MARK} | 0 {MARK}"
    assert told("rates", "Establishment rate").startswith("— no baseline | 0 | — |")
    assert told("late", "Members") == "7 | 7 | 0"
    assert told("late", "Four focus groups").count(MARK) == 2
    shares = 'id="shares-title"'
    assert told("reported", "Share of new-form unions", shares).startswith(f"28.57% {MARK} | ")
    assert told("reported", "Share of new-form members", shares).startswith(f"85.71% {MARK} | ")
    differ(sound.city, "members")
    assert told("late", "Members") == f"7 {MARK} | 7 {MARK} | 0"
    assert told("rates", "Net change") == f"+2 {MARK} | +4 {MARK}"


def test_rate_with_the_staff_rests_on_the_unions_that_cover_units(
    client: Client, sound: World
) -> None:
    Employer.objects.create(
        name="企业", region=sound.region, keeper=sound.dong, covering_union=sound.town,
        staff_count=8,
    )  # fmt: skip
    count_anew(DAY)
    Drift.objects.all().delete()

    def told() -> str:
        content = page(client, sound, "/dashboard/parts/rates/")
        return row(content, "Enrolment rate in unionised units").split(" | ")[0]

    differ(sound.city, "members")  # of whose members these are a part, counted apart
    differ(sound.town, "members", "courier")
    assert told() == "50.00%"
    drift = differ(sound.town, "members")
    assert told() == f"50.00% {MARK}"
    drift.delete()
    differ(sound.city, "establishment_rate", "staff")
    assert told() == f"50.00% {MARK}"


def test_reported_figures_that_the_register_does_not_bear_out(client: Client, world: World) -> None:
    """As the night found them: the city's members and unions, since the day of its report."""
    assert set(Drift.objects.values_list("union", "metric", "book", "day")) == {
        (world.city.pk, metric, "reported", D(2023, 8, 24)) for metric in ("members", "unions")
    }
    content = page(client, world, "/dashboard/parts/reported/")
    members, unions, nef = (row(content, name) for name in ("Members", "Unions", "New-form"))
    assert members.startswith(f"1,450,000 persons | 2023-08-24 | 7 {MARK} | −1,449,993 | ")
    assert unions.startswith(f"16,800 unions | 2023-08-24 | 7 {MARK} | −16,793 | ")
    assert nef.startswith("135,000 persons | 2023-08-24 | 6 | −134,994 | ")


def test_trend_is_marked_from_the_day_on(client: Client, sound: World) -> None:
    differ(sound.city, "members", day=D(2024, 2, 10))
    differ(sound.city, "stations", day=D(2024, 3, 16))
    content = page(client, sound, "/dashboard/parts/trend/")
    assert row(content, "2024-03 (2024-03-15)") == f"7 {MARK} | 2 | 7 | 1"
    assert row(content, "2024-02") == f"5 {MARK} | 1 | 7 | 1"
    assert row(content, "2024-01") == "4 | 1 | 7 | 1"
    assert "The books behind this figure differ from 2024-02-10 on" in content
    assert "differ from" not in page(client, sound, "/dashboard/parts/trend/", figure="stations")
    assert MARK not in page(client, sound, "/dashboard/parts/trend/", day="2024-02-09")


def test_two_unions_and_two_days(client: Client, sound: World) -> None:
    differ(sound.lin, "members", day=BEFORE)
    differ(sound.dong, "members", "courier")
    address, day = "/dashboard/compare/", DAY.isoformat()
    both = {"union": sound.lin.pk, "with": sound.dong.pk, "day": day, "day2": day}
    content = page(client, sound, address, **both)
    assert row(content, "Members") == f"2 persons {MARK} | 4 persons | +2"
    assert row(content, "Courier").startswith(f"0 | 3 {MARK} | +3 | ")
    days = {"union": sound.lin.pk, "day": "2024-03-09", "day2": day}
    content = page(client, sound, address, **days)
    assert row(content, "Members") == f"2 persons | 2 persons {MARK} | 0"
    assert NOTICE in content
    assert NOTICE not in page(client, sound, address, union=sound.nef.pk)


def test_rows_and_units_behind_a_figure(client: Client, sound: World) -> None:
    differ(sound.city, "members", "courier")
    differ(sound.city, "establishment_rate", "units")

    def figure(address: str, **query: str) -> str:
        content = page(client, sound, address, **query)
        found = re.search(r"Figure on the dashboard</span>(.*?)</span>\s*</?span", content)
        assert found
        return " ".join(strip_tags(found[1]).split())

    rows = "/dashboard/rows/"
    assert figure(rows, metric="members") == "7"
    assert figure(rows, metric="members", breakdown="courier") == f"3 {MARK}"
    assert figure(rows, metric="members", group_set="set4") == f"6 {MARK}"
    assert figure("/dashboard/units/") == "—"
    Employer.objects.create(name="企业", region=sound.region, keeper=sound.dong)
    count_anew(DAY)
    assert figure("/dashboard/units/") == f"0.00% {MARK}"


def test_targets_that_rest_on_differing_books(client: Client, sound: World) -> None:
    address = f"/dashboard/campaigns/{sound.campaign.pk}/"
    differ(sound.dong, "joined", "employee")
    assert MARK not in page(client, sound, address)
    differ(sound.dong, "joined", "courier")
    content = page(client, sound, address)
    assert f"| 2 persons {MARK} | 4 persons |" in row(content, sound.dong.name)
    assert "| 1 persons | 1 persons |" in row(content, sound.lin.name)
    assert NOTICE in content
    assert MARK not in page(client, sound, address, day="2024-03-14")
    assert MARK not in page(client, sound, "/dashboard/parts/campaigns/")
    differ_in_ledger(sound.memberships[0])
    block = page(client, sound, "/dashboard/parts/campaigns/")
    # Both of the city's targets count the courier.
    assert block.count(f'<span class="tag tag-danger books">{MARK}</span>') == 2


# -- scope and cost -------------------------------------------------------------------------------

PAGES = (
    "/dashboard/", "/dashboard/compare/", "/dashboard/parts/rates/", "/dashboard/parts/trend/",
    "/dashboard/parts/structure/", "/dashboard/parts/late/", "/dashboard/parts/campaigns/",
    "/dashboard/map.json", "/dashboard/campaigns/{campaign}/",
)  # fmt: skip


def test_drifts_of_another_branch_mark_nothing_here(client: Client, sound: World) -> None:
    for union in (sound.province, sound.other_city):
        for metric in ("members", "joined", "unions", "stations"):
            differ(union, metric)
            differ(union, metric, "courier")
    differ_in_ledger(Membership.objects.get(union=sound.other_city))
    for address in PAGES:
        assert MARK not in page(client, sound, address.format(campaign=sound.campaign.pk)), address
    # They are there, for those who see these unions.
    provincial = make_official("provincial", sound.province, Role.LEADER)
    client.force_login(provincial)
    query = {"union": sound.province.pk}
    content = client.get("/dashboard/", query, headers={"accept-language": "en"}).content.decode()
    block = 'id="ranking"'
    assert row(content, f"2{sound.other_city.name}", block).startswith(
        f"1 {MARK} | 12.50% | 1 {MARK}"
    )
    assert MARK not in row(content, f"1{sound.city.name}", block)


def test_marks_of_many_children_cost_what_those_of_few_cost(
    client: Client, django_assert_num_queries: Any
) -> None:
    city = make_union("市总", "city_federation")
    client.force_login(make_official("leader", city, Role.LEADER))
    query: dict[str, Any] = {"union": city.pk, "day": "2024-03-14"}
    for first, last, night in ((0, 3, DAY), (3, 120, DAY + dt.timedelta(days=1))):
        for number in range(first, last):
            county = make_union(f"县总{number}", "county_federation", city)
            differ_in_ledger(make_membership(county, on="2024-03-01"), day=D(2024, 3, 14))
            differ(county, "members", day=D(2024, 3, 14))
        run_nightly(night)
        for address, queries in (("/dashboard/", 11), ("/dashboard/map.json", 8),
                                 ("/api/v1/dashboard/ranking/", 8)):  # fmt: skip
            with django_assert_num_queries(queries):
                answer = client.get(address, query, headers={"accept-language": "en"})
            assert answer.status_code == 200
        page_of_children = answer.json()["rows"]
        wanted = ["members", "joined_this_month", "joined_this_year"]
        assert [row["books_differ"] for row in page_of_children] == [wanted] * min(last, 100)
