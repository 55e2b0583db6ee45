"""Rows follow the tree of the day: a union that has moved stands where it was counted."""

import datetime as dt
import io
from types import SimpleNamespace

import pytest
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook

from core.clock import CHINA
from reports.nightly import run_nightly
from reports.selectors.counts import read_counts
from stations.models import Station, StationKind
from tests.builders import make_membership, make_official, make_region, make_union
from tests.reports.world import count_anew
from unions.enums import Role
from unions.models import PastPath, Union, UnionKind
from unions.services import move_union, update_union

pytestmark = pytest.mark.django_db
D = dt.date
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


def test_kind_and_mark_of_a_day_are_those_of_its_night_and_the_pages_say_so(
    client: Client, moved: SimpleNamespace
) -> None:
    after = D(2024, 3, 3)
    update_union(
        moved.joint, actor=None, kind=UnionKind.objects.get(pk="grassroots_union"), is_nef=False
    )
    run_nightly(after)
    keys = [("nef_unions", ""), ("unions", "flexible_township"), ("unions", "grassroots_union")]
    for known_now in (False, True):
        counts = read_counts([moved.city.pk], keys, [MOVED, after], known_now=known_now)
        assert [
            [counts.at(moved.city.pk, metric, kind, day) for metric, kind in keys]
            for day in (MOVED, after)
        ] == [[1, 1, 0], [0, 0, 1]]
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    client.force_login(make_official("leader", moved.city, Role.LEADER))
    city = {"union": str(moved.city.pk)}
    then, now = city | {"day": MOVED.isoformat()}, city | {"day": after.isoformat()}
    said = "Kind and new-form mark are those of today"
    for narrowed in ({"metric": "nef_unions"}, {"metric": "unions", "breakdown": "joint_union"}):
        for day, is_said in ((then, True), (now, False)):
            content = client.get("/dashboard/rows/", day | narrowed).content.decode()
            assert (said in content) is is_said
    # The rows are chosen by what they are today, and the page tells by how much that differs.
    context = client.get("/dashboard/rows/", then | {"metric": "nef_unions"}).context
    assert (context["value"], context["total"]) == (1, 0)
    assert (context["gap"], context["outside"], context["changed_since"]) == (1, 0, 1)
    assert said not in client.get("/dashboard/rows/", then | {"metric": "unions"}).content.decode()
    # No page of a day as known now passes the register of today off as that of the day.
    for block, words in (
        ("structure", "As published: each day keeps the kind and the new-form mark"),
        ("trend", "Unions and stations are as published."),
    ):
        published, known = (
            client.get(f"/dashboard/parts/{block}/", then | view).content.decode()
            for view in ({}, {"view": "now"})
        )
        assert (words in published, words in known) == (False, True)
    for view, rows in (({}, []), ({"view": "now"}, ["As published"])):
        book = load_workbook(io.BytesIO(client.get("/dashboard/export.xlsx", then | view).content))
        column = [row[0] for row in book["Unions and stations"].iter_rows(values_only=True)]
        assert [text for text in column if text == "As published"] == rows
        assert ("Flexible joint unions", "Township flexible joint union", 1, 1) in [
            row[:4] for row in book["Unions and stations"].values
        ]
