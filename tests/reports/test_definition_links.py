"""From every figure a link leads to what it means, and from every count one to its rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from campaigns.models import Campaign, Target
from enterprises.models import Employer
from reference.models import GroupSet
from reports.metrics import METRICS
from reports.parts import PARTS
from tests.reports.world import DAY, World, count_anew, group_set

pytestmark = pytest.mark.django_db

VOID = {"br", "hr", "img", "input", "link", "meta"}


@dataclass
class Node:
    """An element of a page."""

    tag: str
    attrs: dict[str, str]
    parent: Node | None
    children: list[Node] = field(default_factory=list)
    text: str = ""

    @property
    def classes(self) -> set[str]:
        return set(self.attrs.get("class", "").split())

    def all(self) -> list[Node]:
        """Itself and everything in it."""
        return [self, *(inner for child in self.children for inner in child.all())]

    def panel(self) -> Node:
        """The panel around it, else the page."""
        node = self
        while node.parent is not None and "panel" not in node.classes:
            node = node.parent
        return node


class Tree(HTMLParser):
    """The elements of a page as a tree."""

    def __init__(self) -> None:
        super().__init__()
        self.root = self.here = Node("page", {}, None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs}, self.here)
        self.here.children.append(node)
        if tag not in VOID:
            self.here = node

    def handle_endtag(self, tag: str) -> None:
        while self.here.parent is not None:
            closed, self.here = self.here.tag, self.here.parent
            if closed == tag:
                return

    def handle_data(self, data: str) -> None:
        self.here.text += data


def tree(content: str) -> Node:
    parser = Tree()
    parser.feed(content)
    return parser.root


def defined(node: Node) -> set[str]:
    """The codes whose definitions are linked to from within ``node``."""
    links = [urlsplit(one.attrs["href"]) for one in node.all() if "href" in one.attrs]
    return {
        link.fragment.removeprefix("metric-")
        for link in links
        if link.path == "/dashboard/definitions/" and link.fragment
    }


# The figures that stand before the rows of a count: itself, and what is computed from it.
BEFORE_ROWS = {
    "members": {"members", "nef_members", "enrolment_rate"},
    "stations": {"stations", "stations_per_10000"},
}


def row_links(node: Node) -> dict[str, set[str]]:
    """The addresses of rows within ``node``, each with the figures of which one is defined beside
    it: in its panel."""
    found = {}
    for one in node.all():
        href = one.attrs.get("href", "")
        if href.startswith("/dashboard/rows/?"):
            words = {name: values[0] for name, values in parse_qs(urlsplit(href).query).items()}
            metric = words["metric"]
            is_change = metric == "members" and "since" in words
            found[href] = {"net_change"} if is_change else BEFORE_ROWS.get(metric, {metric})
            assert found[href] & defined(one.panel()), href
    return found


def has_figures(panel: Node) -> bool:
    """Numbers in cells, beside words or in large type."""
    return any(
        (one.tag in ("td", "a", "strong") and "num" in one.classes) or "stat-value" in one.classes
        for one in panel.all()
        if one.panel() is panel
    )


@pytest.fixture
def pages(client: Client, world: World) -> dict[str, Node]:
    """Every page and block with figures, as an official of the city reads it, by a name."""
    for number, covering in enumerate((world.town, None)):
        Employer.objects.create(
            name=f"企业{number}", region=world.region, keeper=world.dong, covering_union=covering,
            staff_count=9,
        )  # fmt: skip
    count_anew(DAY)
    client.force_login(world.official)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    pair: dict[str, Any] = {"union": world.dong.pk, "with": world.lin.pk}
    city = {"union": world.city.pk}
    asked: dict[str, tuple[str, dict[str, Any]]] = {
        "dashboard": ("/dashboard/", {}),
        **{name: (f"/dashboard/parts/{name}/", {}) for name in PARTS},
        "two unions": ("/dashboard/compare/", pair),
        "two days": ("/dashboard/compare/", {"day": "2023-12-31", "day2": "2024-03-15"}),
        "campaign": (f"/dashboard/campaigns/{world.campaign.pk}/", {}),
        "units": ("/dashboard/units/", {}),
        "rows": ("/dashboard/rows/", city | {"metric": "members"}),
        "rows by union": ("/dashboard/rows/", city | {"metric": "joined", "by": "union"}),
        "rows of unions": ("/dashboard/rows/", city | {"metric": "nef_unions"}),
    }
    found = {}
    for name, (address, query) in asked.items():
        answer = client.get(address, query)
        assert answer.status_code == 200, name
        found[name] = tree(answer.content.decode())
    return found


# What each page and block shows.
RATES = {"enrolment_rate", "establishment_rate", "stations_per_10000"}
COMPARED = {"members", "joined", "net_change", "nef_members", "unions", *RATES}
PROGRESS = {"joined", "target_share", "time_elapsed", "pace"}
SHOWN: dict[str, set[str]] = {
    "dashboard": COMPARED - {"establishment_rate"}  # comes after the page
    | {"retained", "nef_member_share", "nef_unions", "nef_union_share", "stations", "pace"},
    "campaigns": PROGRESS
    | {"forecast", "needed_per_day", "needed_per_working_day", "working_pace"},
    "trend": {"members", "joined", "unions", "stations"},
    "funnel": {"applications", "approval_share", "decision_days"},
    "quality": set(),  # signals, and no figure
    "structure": {"unions", "nef_unions", "stations", "coverage"},
    "reported": {
        "reported_members", "unions", "nef_unions", "nef_members", "nef_union_share",
        "nef_member_share",
    },
    "rates": {
        "enrolment_rate", "enrolment_rate_staff", "enrolment_rate_staff_set", "establishment_rate",
        "dual_coverage_firms", "dual_coverage_workers", "dual_coverage", "joined", "rejoined",
        "net_change", "legal_checkups", "grants_paid", "duty_scorecard",
    },
    "late": {"members", "retained", "joined", "net_change", "enrolment_rate"},
    "establishment": {"establishment_rate"},
    "two unions": COMPARED,
    "two days": COMPARED,
    "campaign": PROGRESS,
    "units": {"establishment_rate"},
    "rows": {"members"},
    "rows by union": {"joined"},
    "rows of unions": {"nef_unions"},
}  # fmt: skip


def test_every_figure_leads_to_its_definition(client: Client, pages: dict[str, Node]) -> None:
    assert {name: defined(page) for name, page in pages.items()} == SHOWN
    bare = [
        (name, panel.attrs.get("aria-labelledby", ""))
        for name, page in pages.items()
        for panel in {id(one.panel()): one.panel() for one in page.all()}.values()
        # A page about one figure says at its head which; that of the checks is about none.
        if has_figures(panel) and not defined(panel) and len(SHOWN[name]) > 1
    ]
    assert bare == []
    (chart,) = [one for one in pages["dashboard"].all() if one.attrs.get("id") == "map"]
    assert defined(chart) == {"members", "enrolment_rate", "joined", "pace"}
    definitions = tree(client.get("/dashboard/definitions/").content.decode())
    anchors = {one.attrs["id"] for one in definitions.all() if "id" in one.attrs}
    assert {f"metric-{code}" for codes in SHOWN.values() for code in codes} <= anchors


def test_every_count_leads_to_its_rows(client: Client, pages: dict[str, Node]) -> None:
    links = {name: row_links(page) for name, page in pages.items()}
    assert {name: len(found) for name, found in links.items() if found} == LED_TO_ROWS
    for address in sorted({address for found in links.values() for address in found}):
        context = client.get(address).context
        assert context["value"] == context["total"], address
    # On the earlier of the days there were figures, and they lead to that day.
    assert any("day=2023-12-31" in address for address in links["two days"])
    units = [one.attrs.get("href", "") for one in pages["two days"].all()]
    assert [
        parse_qs(urlsplit(href).query)["day"]
        for href in units
        if href.startswith("/dashboard/units/")
    ] == [["2023-12-31"], ["2024-03-15"]]


# Addresses on each page: of campaigns one a target, of the trend 4 figures of 12 months; of two
# days 5 + 7 key figures, three of which stand again among the 2 × 8 groups and sets; of the rates
# the members of four sets, and three changes of the month and the year.
LED_TO_ROWS = {
    "dashboard": 45, "campaigns": 2, "trend": 46, "structure": 10, "rates": 10, "late": 5,
    "two unions": 23, "two days": 25, "campaign": 4,
}  # fmt: skip


def test_rows_are_those_of_the_version_and_the_set_shown(client: Client, world: World) -> None:
    client.force_login(world.leader)
    trend = tree(client.get("/dashboard/parts/trend/", {"view": "now"}).content.decode())
    assert len(row_links(trend)) == 46  # of the month before the figures begin: none of people
    assert [address for address in row_links(trend) if not address.endswith("&view=now")] == []
    # The four groups are others from February on: the rows of December would be those of the old.
    newer = GroupSet.objects.create(
        code="set4", version=2, name_zh="四个重点群体", name_en="Four", valid_from="2024-02-01"
    )
    newer.groups.set(group_set("set4").groups.exclude(pk="courier"))
    days = {"day": "2023-12-31", "day2": "2024-03-15"}
    links = row_links(tree(client.get("/dashboard/compare/", days).content.decode()))
    assert [address for address in links if "group_set=set4" in address] == [
        f"/dashboard/rows/?union={world.city.pk}&day=2024-03-15&metric=members&group_set=set4"
    ]
    assert len([address for address in links if "group_set=set9" in address]) == 2
    (address,) = (address for address in links if "group_set=set4" in address)
    assert client.get(address).context["value"] == 3


def test_the_public_page_leads_to_definitions_that_anybody_may_read(
    client: Client, world: World
) -> None:
    Campaign.objects.filter(pk=world.campaign.pk).update(shows_progress=True)
    Target.objects.create(
        indicator=world.targets["city_year"].indicator, union=world.province,
        period_start=DAY.replace(day=1), period_end=DAY.replace(month=12, day=31), value=9,
    )  # fmt: skip
    page = tree(client.get(f"/campaigns/{world.campaign.pk}/").content.decode())
    assert defined(page) == {"joined", "target_share"}
    answer = client.get("/dashboard/definitions/")
    assert answer.status_code == 200
    told = {
        one.attrs["id"].removeprefix("metric-")
        for one in tree(answer.content.decode()).all()
        if one.attrs.get("id", "").startswith("metric-")
    }
    assert told == {metric.code for metric in METRICS if metric.is_public}
    # What a figure means is no secret; what the tables are called is nobody's business there.
    assert "SELECT" not in answer.content.decode()
    client.force_login(world.grassroots)
    assert "SELECT" in client.get("/dashboard/definitions/").content.decode()
