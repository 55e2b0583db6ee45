"""What a page of figures costs at its dearest: never more than twelve queries.

The world is one in which everything has happened that makes a page read more (``crowded``). What
the pages cost in a quiet one, with few unions and with many: ``test_blocks``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from members.services.correction import correct_union, correct_worker_group
from reference.models import WorkerGroup
from reports.models import QualitySignal, SignalKind
from reports.nightly import run_nightly
from reports.parts import PARTS
from reports.screens import make_screen
from reports.selectors.applications import STEPS
from tests.builders import make_membership, make_official, make_union, make_user
from tests.reports.crowded import NIGHT_AFTER, crowd
from tests.reports.world import DAY, World
from unions.enums import Role
from unions.models import Union
from unions.services import appoint, move_union

pytestmark = pytest.mark.django_db

MOST = 12
Asked = tuple[str, dict[str, Any]]


@pytest.fixture
def crowded(world: World) -> World:
    crowd(world)
    return world


def viewers(world: World) -> list[User]:
    """An official and a leader of the city, one who is appointed at several unions, an operator."""
    several = make_official("several", world.city)
    for union, role in ((world.town, Role.GRASSROOTS_OFFICIAL), (world.other_city, Role.LEADER)):
        appoint(several, union=union, role=role, starts_on=dt.date(2020, 1, 1), actor=None)
    return [world.official, world.leader, several, make_user("operator", is_superuser=True)]


def cost(client: Client, address: str, query: dict[str, Any]) -> tuple[int, Any]:
    """How many queries the answer takes, log-in and session included; and the answer."""
    connection.queries_log.clear()
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address, query)
    assert answer.status_code == 200, (address, query)
    return len(queries), answer


def rows_asked(world: World) -> Iterator[Asked]:
    """Figures of every metric, narrowed and not, of a day and of a period, in every version."""
    for day in (DAY, NIGHT_AFTER):
        base = {"union": world.city.pk, "day": day.isoformat()}
        for metric, part, since, form in product(
            ("members", "joined"),
            ({}, {"breakdown": "courier"}, {"group_set": "nef"}),
            ({}, {"since": "2024-03-01"}),
            ({}, {"view": "now"}, {"late": "1"}, {"by": "union", "late": "1"}),
        ):
            yield "/dashboard/rows/", {**base, "metric": metric, **part, **since, **form}
        for metric in ("retained", "rejoined"):
            yield "/dashboard/rows/", {**base, "metric": metric, "group_set": "nef", "late": "1"}
        for metric, part in product(
            ("unions", "nef_unions", "unions_founded"), ({}, {"breakdown": "flexible_township"})
        ):
            yield "/dashboard/rows/", {**base, "metric": metric, **part, "page": "99"}
        yield "/dashboard/rows/", {**base, "metric": "stations"}
        yield "/dashboard/rows/", {**base, "metric": "unions_founded", "since": "2024-01-01"}


def pages_asked(world: World) -> Iterator[Asked]:
    """Every other page of figures, with what its address may say."""
    base = {"union": world.city.pk, "day": DAY.isoformat()}
    filtered = {"kind": "county_federation", "status": "behind", "sort": "set4", "page": "9"}
    for view in ({}, {"view": "now"}):
        yield "/dashboard/", base | view
        yield "/dashboard/", base | view | filtered
        for name in PARTS:
            yield f"/dashboard/parts/{name}/", base | view
        for figure in ("members", "unions"):
            yield "/dashboard/parts/trend/", base | view | {"range": "all", "figure": figure}
        for beside in ({"with": world.lin.pk}, {"day2": "2024-02-01"}):
            yield "/dashboard/compare/", base | view | beside
    for metric in ("members", "set4", "pace"):
        yield "/dashboard/map.json", base | {"metric": metric}
    for step in STEPS:
        yield "/dashboard/applications/", base | {"step": step, "page": "9"}
        yield "/dashboard/applications/", base | {"step": step, "by": "union"}
    for by in ({}, {"by": world.nef.pk}, {"page": "9"}):
        yield "/dashboard/covered/", base | by
    for covered in ("", "yes", "no"):
        yield "/dashboard/units/", base | {"covered": covered, "page": "9"}
    for kind in ("", *SignalKind.values):
        yield "/dashboard/quality/", base | {"signal": kind, "page": "9"}
    for signal in QualitySignal.objects.all()[:3]:
        yield f"/dashboard/quality/{signal.pk}/", {}
    for query in ({}, base, {"page": "9", "changes": "9", "sort": "pace"}, base | {"page": "x"}):
        yield f"/dashboard/campaigns/{world.campaign.pk}/", query
    for address in ("", "compare/", "brief/", "definitions/"):
        yield f"/dashboard/{address}", {}
    yield f"/campaigns/{world.campaign.pk}/", {}


@pytest.mark.parametrize("asked", [rows_asked, pages_asked])
def test_no_page_costs_more_than_twelve_queries(
    crowded: World, asked: Callable[[World], Iterator[Asked]]
) -> None:
    crowded.campaign.shows_progress = True
    crowded.campaign.save()
    dear = []
    for user in viewers(crowded):
        client = Client()
        client.force_login(user)
        for address, query in asked(crowded):
            number, _answer = cost(client, address, query)
            if number > MOST:
                dear.append((number, user.username, address, urlencode(query)))
    assert dear == []


# The dearest pages, and what they cost exactly: of the city, as an official asks for them.
DEAREST = {
    "/dashboard/?view=now": 11,
    "/dashboard/parts/late/?": 10,
    "/dashboard/parts/trend/?view=now&range=all": 8,
    "/dashboard/compare/?view=now": 11,
    "/dashboard/quality/?signal=last_day": 12,
    "/dashboard/campaigns/{campaign}/?page=9&changes=9": 12,
    "/dashboard/rows/?metric=members": 12,
    "/dashboard/rows/?metric=members&view=now": 12,
    "/dashboard/rows/?metric=members&late=1": 12,
    "/dashboard/rows/?metric=members&group_set=nef&view=now": 12,
    "/dashboard/rows/?metric=members&group_set=nef&late=1": 12,
    "/dashboard/rows/?metric=members&breakdown=courier&late=1&by=union": 11,
    "/dashboard/rows/?metric=joined&since=2024-03-01&breakdown=courier&late=1": 11,
    "/dashboard/rows/?metric=nef_unions&breakdown=flexible_township": 10,
    "/dashboard/rows/?metric=stations": 10,
    "/dashboard/applications/?step=refused": 9,
    "/dashboard/covered/?": 10,
    # All blocks in one file.
    "/dashboard/export.xlsx?view=now": 31,
    "/dashboard/export.pdf?view=now": 26,
}


def costs(world: World, client: Client, day: dt.date) -> dict[str, int]:
    """What the dearest pages cost of the city on ``day``."""
    base = {"union": str(world.city.pk), "day": day.isoformat()}
    found = {}
    for asked in DEAREST:
        address, _, query = asked.format(campaign=world.campaign.pk).partition("?")
        found[asked], _answer = cost(client, address, base | dict(parse_qsl(query)))
    return found


def test_the_dearest_pages_cost_the_same_whatever_has_happened(
    crowded: World, client: Client
) -> None:
    client.force_login(crowded.official)
    assert costs(crowded, client, NIGHT_AFTER) == DEAREST
    # Twelve times as much: unions, members, corrections, entries that came late, and moves.
    later = NIGHT_AFTER + dt.timedelta(days=1)
    towns = [make_union(f"镇{n}", "township_union", crowded.lin) for n in range(12)]
    entered = [make_membership(town, group="carer", on="2024-03-05") for town in towns]
    run_nightly(later)
    Union.objects.update(created_at="2023-01-01T00:00:00+08:00")
    couriers = WorkerGroup.objects.get(pk="courier")
    for number, (town, membership) in enumerate(zip(towns, entered, strict=True)):
        corrected = correct_union(membership, union=crowded.lin, actor=None)
        correct_worker_group(corrected, worker_group=couriers, actor=None)
        place = crowded.dong
        if number % 2:
            place = make_union(f"区总{number}", "county_federation", crowded.other_city)
            for _ in range(2):
                make_membership(town, group="courier", on="2024-03-06")
        move_union(town, to_parent=place, reason="区划调整", actor=None)
    assert costs(crowded, client, later) == DEAREST


def test_the_page_of_rows_is_asked_for_what_is_dearest(crowded: World, client: Client) -> None:
    """A gap is explained, and rows stand where, and as what, nobody in them is entered now."""
    client.force_login(crowded.official)
    base: dict[str, Any] = {"union": crowded.city.pk, "day": NIGHT_AFTER.isoformat()}
    for query in (
        {"metric": "members", "group_set": "nef", "view": "now"},
        {"metric": "members", "late": "1"},
    ):
        context = client.get("/dashboard/rows/", {**base, **query}).context
        assert context["gap"] != 0
        assert context["gap"] == context["outside"] + context["changed_since"]
        now = {(row.membership.union_id, row.membership.worker_group_id)
               for row in context["persons"]}  # fmt: skip
        unions, groups = ({key[place] for key in now} for place in (0, 1))
        then = [(row.union.pk, row.group.pk) for row in context["persons"]]
        assert {key[0] for key in then} - unions
        assert "late" not in query or {key[1] for key in then} - groups
    for metric in ("unions", "nef_unions", "stations"):
        context = client.get("/dashboard/rows/", {**base, "metric": metric}).context
        assert context["gap"] == context["outside"] + context["changed_since"] != 0


def test_a_screen_costs_twelve_queries_at_most(crowded: World) -> None:
    for union in (crowded.city, crowded.lin):
        _screen, token = make_screen(union, name="大厅", actor=crowded.official)
        wall = Client()
        wall.get(f"/dashboard/screen/{token}/")
        # Every five minutes it writes down that it was there.
        assert [cost(wall, "/dashboard/screen/", {})[0] for _ in range(2)] == [12, 11]


def test_a_page_of_targets_beyond_the_end_is_the_last(crowded: World, client: Client) -> None:
    client.force_login(crowded.leader)
    address = f"/dashboard/campaigns/{crowded.campaign.pk}/"
    for sort in ("-share", "share", "pace", "indicator", "-union"):
        first, last = (
            client.get(address, {"sort": sort, "page": page}).context for page in ("1", "9")
        )
        shown = [row.target.pk for row, _note in first["targets"]]
        assert len(shown) > 20
        assert [row.target.pk for row, _note in last["targets"]] == shown
        assert (last["page"].number, last["page"].paginator.count) == (1, len(shown))
