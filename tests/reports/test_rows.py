"""The rows behind a figure add up to it, in the viewer's scope, with names for officials only."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.clock import CHINA
from members.enums import EventType
from members.models import Membership, MembershipEvent
from members.services.ledger import record_event
from reports.nightly import run_nightly
from reports.selectors import rows
from reports.selectors.rows import LateFigure, PersonFigure, find_figure
from stations.models import Station, StationKind
from tests.builders import make_membership, make_official, make_region, make_union, person
from tests.reports.world import DAY, World, count_anew
from unions.enums import Role
from unions.models import PastPath, Union
from unions.services import move_union

pytestmark = pytest.mark.django_db
D = dt.date


def ask(client: Client, world: World, **query: Any) -> Any:
    """The context of the page, whose status must be 200."""
    response = client.get("/dashboard/rows/", {"union": str(world.city.pk), **query})
    assert response.status_code == 200
    return response.context


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ({"metric": "members"}, 7),
        ({"metric": "members", "breakdown": "courier"}, 3),
        ({"metric": "members", "group_set": "set4"}, 6),
        ({"metric": "members", "day": "2023-12-31"}, 3),
        ({"metric": "members", "since": "2024-01-01"}, 4),  # net change
        ({"metric": "retained"}, 0),
        ({"metric": "joined", "since": "2024-03-01"}, 2),
        ({"metric": "joined", "since": "2024-01-01"}, 4),
        ({"metric": "joined", "since": "2024-01-01", "breakdown": "courier"}, 2),
        ({"metric": "joined", "since": "2024-01-01", "group_set": "nef"}, 4),
        ({"metric": "unions"}, 7),
        ({"metric": "unions", "breakdown": "county_federation"}, 3),
        ({"metric": "unions", "breakdown": "flexible_village"}, 0),
        ({"metric": "nef_unions"}, 2),
        ({"metric": "unions_founded", "since": "2024-01-01"}, 0),
        ({"metric": "stations"}, 1),
        ({"metric": "stations", "day": "2022-12-31"}, 0),
    ],
)
@pytest.mark.parametrize("role", ["leader", "official"])
def test_sum_of_the_rows_is_the_figure(
    client: Client, world: World, role: str, query: dict[str, str], value: int
) -> None:
    client.force_login(getattr(world, role))
    context = ask(client, world, **query)
    assert (context["value"], context["total"]) == (value, value)
    if role == "official" and "persons" in context:
        assert sum(row.change for row in context["persons"]) == value
    elif "sums" in context:
        assert sum(row.value for row in context["sums"]) == value
    else:
        assert len(context["page"]) == value


def test_official_sees_masked_names_and_nothing_else_of_the_person(
    client: Client, world: World
) -> None:
    client.force_login(world.official)
    response = client.get(
        "/dashboard/rows/", {"union": str(world.lin.pk), "metric": "members", "day": "2024-03-15"}
    )
    content = response.content.decode()
    assert content.count("张*明") == 2
    assert "张小明" not in content
    assert [row.membership for row in response.context["persons"]] == world.memberships[4:6]
    member = world.memberships[4].member
    assert member.masked_id_number not in content
    assert member.masked_phone not in content


def test_leader_sees_sums_by_union_and_is_told_why(client: Client, world: World) -> None:
    client.force_login(world.leader)
    context = ask(client, world, metric="members")
    assert "persons" not in context
    assert context["may_see_persons"] is False
    assert [(row.union, row.value) for row in context["sums"]] == [
        (world.town, 3), (world.lin, 2), (world.flexible, 1), (world.nef, 1),
    ]  # fmt: skip


def test_official_may_ask_for_the_sums_too(client: Client, world: World) -> None:
    client.force_login(world.official)
    context = ask(client, world, metric="members", by="union")
    assert [row.value for row in context["sums"]] == [3, 2, 1, 1]


def test_grassroots_official_sees_own_members_and_that_others_are_missing(
    client: Client, world: World
) -> None:
    client.force_login(world.grassroots)
    context = client.get(
        "/dashboard/rows/", {"union": str(world.town.pk), "metric": "members"}
    ).context
    assert (context["value"], context["total"], len(context["persons"])) == (4, 3, 3)


@pytest.mark.parametrize(
    "query",
    [
        {"metric": "nonsense"},
        {"metric": "members", "breakdown": "nobody"},
        {"metric": "members", "group_set": "nothing"},
        {"metric": "unions", "group_set": "set4"},
        {"metric": "stations", "since": "2024-01-01"},
        {"metric": "members", "day": "yesterday"},
        {"metric": "joined", "since": "2024-13-01"},
        {},
    ],
)
def test_no_such_figure(client: Client, world: World, query: dict[str, str]) -> None:
    client.force_login(world.official)
    response = client.get("/dashboard/rows/", {"union": str(world.city.pk), **query})
    assert response.status_code == 404


def test_out_of_scope_is_404(client: Client, world: World) -> None:
    for user in (world.stranger, world.grassroots):
        client.force_login(user)
        for metric in ("members", "unions", "stations"):
            response = client.get(
                "/dashboard/rows/", {"union": str(world.city.pk), "metric": metric}
            )
            assert response.status_code == 404


def test_ended_membership_is_listed_on_the_days_before(client: Client, world: World) -> None:
    membership = world.memberships[0]
    membership.status, membership.ended_on = "ended", D(2024, 3, 12)
    membership.save()
    record_event(
        membership, EventType.WITHDRAWN, union=world.town, effective_on=D(2024, 3, 13), actor=None
    )
    count_anew(DAY)
    client.force_login(world.official)
    before = ask(client, world, metric="members", day="2024-03-12")
    assert (before["value"], before["total"], len(before["persons"])) == (7, 7, 7)
    after = ask(client, world, metric="members")
    assert (after["value"], after["total"], len(after["persons"])) == (6, 6, 6)
    assert membership not in [row.membership for row in after["persons"]]


def test_entry_recorded_late_stands_behind_the_figure_it_changed(
    client: Client, world: World
) -> None:
    """Published days stay; the late entry belongs to the first day counted after it."""
    late = make_membership(world.lin, group="courier", on="2024-02-10")
    run_nightly(DAY + dt.timedelta(days=1))
    client.force_login(world.official)

    published = ask(client, world, metric="members", day="2024-03-15")
    assert (published["value"], published["total"]) == (7, 7)
    assert late not in [row.membership for row in published["persons"]]
    newest = ask(client, world, metric="members")
    assert (newest["value"], newest["total"]) == (8, 8)
    assert late in [row.membership for row in newest["persons"]]
    differences = [
        LateFigure(world.official, find_figure(world.city, metric, day, since, "", "")).total()
        for metric, day, since in (
            ("members", DAY, None),
            ("members", DAY + dt.timedelta(days=1), None),
            ("joined", DAY + dt.timedelta(days=1), D(2024, 3, 1)),
            ("joined", D(2024, 2, 29), D(2024, 2, 1)),
        )
    ]
    assert differences == [1, 0, -1, 1]
    # It took effect in February, but March is the month whose figure it changed.
    month = ask(client, world, metric="joined", since="2024-03-01")
    assert (month["value"], month["total"]) == (3, 3)
    assert late in [row.membership for row in month["persons"]]


def test_in_a_history_told_anew_the_rows_are_those_known_now(client: Client, world: World) -> None:
    run_nightly(DAY + dt.timedelta(days=1))
    late = make_membership(world.lin, group="courier", on="2024-02-10")
    count_anew(DAY + dt.timedelta(days=1))
    client.force_login(world.official)
    context = ask(client, world, metric="members", day="2024-03-15")
    assert (context["value"], context["total"]) == (8, 8)
    assert late in [row.membership for row in context["persons"]]


def test_correction_takes_its_entry_back(client: Client, world: World) -> None:
    event = MembershipEvent.objects.get(membership=world.memberships[1])
    MembershipEvent.objects.create(
        membership=event.membership, type=EventType.CORRECTED, corrects=event, union=event.union,
        worker_group=event.worker_group, channel=event.channel, effective_on=D(2024, 3, 14),
        recorded_at=timezone.now(), active_change=-1, retained_change=0, joined_change=-1,
    )  # fmt: skip
    count_anew(DAY)
    client.force_login(world.official)
    context = ask(client, world, metric="joined", since="2024-03-01")
    assert (context["value"], context["total"], len(context["persons"])) == (1, 1, 1)
    stock = ask(client, world, metric="members")
    assert world.memberships[1] not in [row.membership for row in stock["persons"]]


def test_pages_of_people_hold_everybody_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "PAGE_SIZE", 3)
    figure = find_figure(world.city, "members", DAY, None, "", "")
    people = PersonFigure(world.official, figure)
    seen: list[Membership] = []
    sizes: list[int] = []
    after: int | None = 0
    while after is not None:
        page, after = people.page(after)
        seen += [row.membership for row in page]
        sizes.append(len(page))
    assert seen == world.memberships
    assert sizes == [3, 3, 1]


def test_pages_of_unions(client: Client, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "PAGE_SIZE", 3)
    client.force_login(world.leader)
    first = ask(client, world, metric="members")
    assert ([row.value for row in first["sums"]], first["next_page"]) == ([3, 2, 1], 2)
    second = ask(client, world, metric="members", by="union", page="2")
    assert ([row.value for row in second["sums"]], second["next_page"]) == ([1], None)


@pytest.mark.parametrize("member_count", [1, 3])
def test_number_of_queries(
    client: Client, member_count: int, django_assert_num_queries: Any
) -> None:
    union = make_union("县总", "county_federation")
    official = make_official("official", union, Role.FEDERATION_OFFICIAL)
    for _ in range(member_count):
        make_membership(union, person(), on="2024-01-01")
    run_nightly(DAY)
    client.force_login(official)
    with django_assert_num_queries(13):
        response = client.get("/dashboard/rows/", {"union": str(union.pk), "metric": "members"})
    assert len(response.context["persons"]) == member_count


def test_no_page_of_figures_or_names_stays_in_a_cache(client: Client, world: World) -> None:
    client.force_login(make_official("cached", world.city))
    for address in ("/dashboard/", f"/dashboard/rows/?union={world.city.pk}&metric=members"):
        assert "no-store" in client.get(address)["Cache-Control"]


BEFORE, MOVED = D(2024, 3, 1), D(2024, 3, 2)
OF_THE_YEAR = {"metric": "unions_founded", "since": "2024-01-01"}


@pytest.fixture
def moved(db: None, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A town with a union and a station below it, founded in the east, in the west since a day.

    Counted on the day before and on that day.
    """
    clock = SimpleNamespace(day=D(2024, 2, 1))
    monkeypatch.setattr(
        timezone, "now", lambda: dt.datetime.combine(clock.day, dt.time(12), tzinfo=CHINA)
    )
    city = make_union("市总", "city_federation")
    east, west = (make_union(name, "county_federation", city) for name in ("东区总", "西区总"))
    town = make_union("镇工会", "township_union", east, founded_on="2024-01-10")
    joint = make_union(
        "灵活就业联合工会", "flexible_township", town, is_nef=True, founded_on="2024-01-20"
    )
    station = Station.objects.create(
        name="驿站", kind=StationKind.objects.order_by("pk")[0], host_union=joint, address="1号",
        region=make_region("3715", "聊城市", make_region("37", "山东省")),
        opened_on=D(2023, 1, 1),
    )  # fmt: skip
    make_membership(joint, on="2024-01-25")
    clock.day = MOVED
    run_nightly(BEFORE)
    move_union(town, to_parent=west, reason="区划调整", actor=None)
    clock.day = D(2024, 3, 3)
    run_nightly(MOVED)
    assert set(PastPath.objects.values_list("union", "until")) == {
        (town.pk, BEFORE), (joint.pk, BEFORE),
    }  # fmt: skip
    return SimpleNamespace(city=city, east=east, west=west, town=town, joint=joint, station=station)


def rows_of(client: Client, union: Union, day: dt.date, **query: str) -> tuple[int, list[str]]:
    """The figure and the names of its rows, of a page on which both agree."""
    response = client.get(
        "/dashboard/rows/", {"union": str(union.pk), "day": day.isoformat(), **query}
    )
    context = response.context
    assert context["value"] == context["total"] == len(context["page"])
    assert "gap" not in context
    return context["value"], [row.name for row in context["page"]]


@pytest.mark.parametrize("told_anew", [False, True])
def test_a_union_that_moved_stands_behind_the_figures_of_the_days_it_was_there(
    client: Client, moved: SimpleNamespace, told_anew: bool
) -> None:
    if told_anew:
        count_anew(MOVED)
    client.force_login(make_official("leader", moved.city, Role.LEADER))
    town, joint = ["镇工会", "灵活就业联合工会"]
    for query, always, below in (
        ({"metric": "unions"}, True, [town, joint]),
        ({"metric": "unions", "breakdown": "township_union"}, False, [town]),
        ({"metric": "nef_unions"}, False, [joint]),
        ({"metric": "stations"}, False, ["驿站"]),
    ):
        found = {
            (county, day): rows_of(client, county, day, **query)
            for county in (moved.east, moved.west) for day in (BEFORE, MOVED)
        }  # fmt: skip
        east, west = (["东区总"], ["西区总"]) if always else ([], [])
        assert found == {
            (moved.east, BEFORE): (len(east + below), east + below),
            (moved.east, MOVED): (len(east), east),
            (moved.west, BEFORE): (len(west), west),
            (moved.west, MOVED): (len(west + below), west + below),
        }
        # Above both nothing has changed.
        whole = [sorted(rows_of(client, moved.city, day, **query)[1]) for day in (BEFORE, MOVED)]
        assert whole[0] == whole[1]
        # Nor for the town itself: what stands below it went along.
        own = [rows_of(client, moved.town, day, **query) for day in (BEFORE, MOVED)]
        assert own == [(len(below), below)] * 2
    # Foundings stay where they happened.
    for day in (BEFORE, MOVED):
        assert rows_of(client, moved.east, day, **OF_THE_YEAR) == (2, [town, joint])
        assert rows_of(client, moved.west, day, **OF_THE_YEAR) == (0, [])
        assert rows_of(client, moved.town, day, **OF_THE_YEAR) == (2, [town, joint])
        for query in ({"metric": "members"}, {"metric": "joined", "since": "2024-01-01"}):
            asked = {"union": str(moved.town.pk), "day": day.isoformat(), **query}
            context = client.get("/dashboard/rows/", asked).context
            assert (context["value"], context["total"]) == (1, 1)


def test_the_page_says_which_rows_have_moved_since(client: Client, moved: SimpleNamespace) -> None:
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    client.force_login(make_official("leader", moved.city, Role.LEADER))
    for metric, marked in (("unions", 2), ("stations", 1)):
        for union, day, count in (
            (moved.east, BEFORE, marked), (moved.east, MOVED, 0), (moved.west, MOVED, 0),
        ):  # fmt: skip
            query = {"union": str(union.pk), "day": day.isoformat(), "metric": metric}
            content = client.get("/dashboard/rows/", query).content.decode()
            assert content.count("moved since") == count


def test_what_has_moved_out_of_the_scope_is_a_number_and_no_row(
    client: Client, moved: SimpleNamespace
) -> None:
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    client.force_login(make_official("of_east", moved.east))
    for metric, names, figure, outside in (
        ("unions", ["东区总"], 3, 2), ("nef_unions", [], 1, 1), ("stations", [], 1, 1),
    ):  # fmt: skip
        query = {"union": str(moved.east.pk), "day": BEFORE.isoformat(), "metric": metric}
        response = client.get("/dashboard/rows/", query)
        context = response.context
        assert [row.name for row in context["page"]] == names
        assert (context["value"], context["total"]) == (figure, len(names))
        assert (context["gap"], context["outside"], context["changed_since"]) == (
            outside, outside, 0,
        )  # fmt: skip
        content = response.content.decode()
        assert f"by +{outside}: +{outside} stands at unions that lie outside" in content
        for name in ("镇工会", "灵活就业联合工会", "驿站"):
            assert name not in content
    # The members went along: the same holds for them.
    query = {"union": str(moved.east.pk), "day": BEFORE.isoformat(), "metric": "members"}
    context = client.get("/dashboard/rows/", query).context
    assert (context["value"], context["total"], context["persons"]) == (1, 0, [])
    assert (context["gap"], context["outside"], context["changed_since"]) == (1, 1, 0)
    # Whoever has the town now reads the days since, and nothing of the east.
    client.force_login(make_official("of_west", moved.west))
    assert rows_of(client, moved.west, MOVED, metric="unions")[0] == 3
    assert rows_of(client, moved.west, BEFORE, metric="unions") == (1, ["西区总"])
    assert client.get("/dashboard/rows/", query).status_code == 404
    client.force_login(make_official("stranger", make_union("外市总", "city_federation")))
    for union in (moved.city, moved.east, moved.west, moved.town):
        for metric in ("unions", "stations"):
            query = {"union": str(union.pk), "day": BEFORE.isoformat(), "metric": metric}
            assert client.get("/dashboard/rows/", query).status_code == 404


def test_records_changed_since_are_told_from_rows_out_of_scope(
    client: Client, moved: SimpleNamespace
) -> None:
    make_union("补登工会", "township_union", moved.east, founded_on="2024-02-20")
    client.force_login(make_official("of_east", moved.east))
    query = {"union": str(moved.east.pk), "day": BEFORE.isoformat(), "metric": "unions"}
    context = client.get("/dashboard/rows/", query).context
    assert (context["value"], context["total"]) == (3, 2)
    assert (context["gap"], context["outside"], context["changed_since"]) == (1, 2, -1)
