"""The rows behind a figure add up to it, in the viewer's scope, with names for officials only."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from members.enums import EventType
from members.models import Membership, MembershipEvent
from members.services.ledger import record_event
from reference.models import GroupSet, WorkerGroup
from reports.nightly import run_nightly
from reports.selectors import rows
from reports.selectors.progress import measured
from reports.selectors.rows import LateFigure, PersonFigure, find_figure
from reports.templatetags.reports_page import reached_rows
from tests.builders import make_membership, make_official, make_union, person
from tests.reports.world import DAY, World, count_anew
from unions.enums import Role

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


@pytest.mark.parametrize(
    ("query", "code", "name", "figure"),
    [
        ({"metric": "members"}, "members", "Members (register)", "7"),
        ({"metric": "members", "since": "2024-01-01"}, "net_change", "Net change of members", "+4"),
        ({"metric": "members", "since": "2024-03-15"}, "net_change", "Net change of members", "0"),
        ({"metric": "joined", "since": "2024-01-01"}, "joined", "New members", "4"),
    ],
)
def test_page_is_named_after_its_figure(
    client: Client, world: World, query: dict[str, str], code: str, name: str, figure: str
) -> None:
    client.force_login(world.leader)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    content = client.get("/dashboard/rows/", {"union": str(world.city.pk), **query}).content
    page = content.decode()
    head = page[page.index("<h1>") : page.index("</h1>")]
    assert head.startswith(f"<h1>{name} ")
    assert f'#metric-{code}"' in head
    assert page.count(f'<span class="stat-value">{figure}') == 2


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
    with django_assert_num_queries(9):
        response = client.get("/dashboard/rows/", {"union": str(union.pk), "metric": "members"})
    assert len(response.context["persons"]) == member_count


def test_rows_of_a_target_are_of_the_version_it_names(client: Client, world: World) -> None:
    """The set has another version by now; what was promised is counted by its own."""
    target = world.targets["lin"]
    assert target.indicator.group_set is not None
    first = target.indicator.group_set
    second = GroupSet.objects.create(
        code=first.code, version=2, name_zh="四类（新）", name_en="Four (new)",
        valid_from=dt.date(2024, 3, 1),
    )  # fmt: skip
    second.groups.set(WorkerGroup.objects.filter(pk="domestic_worker"))
    (row,) = measured([target], DAY)
    assert row.value
    address = reached_rows(row)
    client.force_login(world.leader)
    context = client.get(address).context
    assert (context["figure"].group_set, context["value"], context["total"]) == (
        first, row.value, row.value,
    )  # fmt: skip
    # By its code alone a set is that of the day.
    other = client.get(address.replace(f"{first.code}.1", first.code)).context
    assert (other["figure"].group_set, other["value"]) == (second, 0)
    # Also one that is valid only later: a first night measures targets of the past by it.
    GroupSet.objects.filter(pk=second.pk).update(valid_from=dt.date(2024, 7, 1))
    later = client.get(address.replace(f"{first.code}.1", f"{first.code}.2")).context
    assert later["figure"].group_set == second
    assert client.get(address.replace(f"{first.code}.1", first.code)).context["value"] == row.value
    unknown = address.replace(f"{first.code}.1", f"{first.code}.3")
    assert client.get(unknown).status_code == 404


def test_no_page_of_figures_or_names_stays_in_a_cache(client: Client, world: World) -> None:
    client.force_login(make_official("cached", world.city))
    for address in ("/dashboard/", f"/dashboard/rows/?union={world.city.pk}&metric=members"):
        assert "no-store" in client.get(address)["Cache-Control"]
