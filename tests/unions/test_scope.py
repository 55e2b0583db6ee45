"""Who sees what: the exact visible and hidden rows of each kind of actor."""

import datetime as dt

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import Http404

from core.errors import RuleViolation
from tests.builders import make_official, make_union, make_user
from unions.enums import Role
from unions.models import Appointment, Union
from unions.permissions import PERMISSIONS, POLICY, roles_with
from unions.scope import access, can, grants_of
from unions.services import appoint, create_union, end_appointment, update_union

pytestmark = pytest.mark.django_db


@pytest.fixture
def unions() -> dict[str, Union]:
    """Two cities under a province, two counties under the first."""
    province = make_union("省总", "provincial_federation")
    city = make_union("市总", "city_federation", province)
    other_city = make_union("邻市总", "city_federation", province)
    county = make_union("县总", "county_federation", city)
    low = make_union("基层工会", "grassroots_union", county)
    return {"province": province, "city": city, "other": other_city, "county": county, "low": low}


def seen_by(user: object, permission: str | None = None) -> set[str]:
    return set(
        Union.objects.visible_to(user, permission).values_list("name", flat=True)  # type: ignore[arg-type]
    )


def test_federation_official_sees_the_subtree_and_nothing_else(unions: dict[str, Union]) -> None:
    official = make_official("city", unions["city"])
    assert seen_by(official) == {"市总", "县总", "基层工会"}
    assert seen_by(official, "unions.change") == {"市总", "县总", "基层工会"}


def test_grassroots_official_sees_only_the_own_union(unions: dict[str, Union]) -> None:
    official = make_official("county", unions["county"], Role.GRASSROOTS_OFFICIAL)
    assert seen_by(official) == {"县总"}
    assert seen_by(official, "appointments.change") == set()


def test_leader_reads_dashboards_and_nothing_else(unions: dict[str, Union]) -> None:
    leader = make_official("leader", unions["city"], Role.LEADER)
    assert seen_by(leader, "dashboard.view") == {"市总", "县总", "基层工会"}
    assert {p for p in PERMISSIONS if seen_by(leader, p)} == {"dashboard.view"}


def test_strangers_see_nothing(unions: dict[str, Union]) -> None:
    inactive = make_official("gone", unions["city"])
    inactive.is_active = False
    assert [seen_by(actor) for actor in (None, AnonymousUser(), make_user("new"), inactive)] == [
        set(), set(), set(), set(),
    ]  # fmt: skip


def test_appointment_counts_only_within_its_dates(unions: dict[str, Union]) -> None:
    today = dt.date.today()
    for name, starts, ends in (
        ("past", today - dt.timedelta(days=9), today - dt.timedelta(days=2)),
        ("future", today + dt.timedelta(days=2), None),
    ):
        user = make_user(name)
        appoint(
            user, union=unions["city"], role=Role.LEADER, starts_on=starts, ends_on=ends, actor=None
        )
        assert seen_by(user) == set()


def test_a_path_prefix_is_not_a_string_prefix(unions: dict[str, Union]) -> None:
    official = make_official("city", unions["city"])
    twin = make_union("第三市总", "city_federation", unions["province"])
    Union.objects.filter(pk=twin.pk).update(path=unions["city"].path.rstrip("/") + "9/")
    assert "第三市总" not in seen_by(official)
    Union.objects.filter(pk=twin.pk).update(path=twin.path)


def test_access_hides_what_is_out_of_scope(unions: dict[str, Union]) -> None:
    official = make_official("city", unions["city"])
    assert access(Union.objects.all(), unions["low"].pk, actor=official) == unions["low"]
    for pk in (unions["other"].pk, unions["province"].pk, 10**9, "nonsense"):
        with pytest.raises(Http404):
            access(Union.objects.all(), pk, actor=official)


def test_nested_appointments_collapse_to_the_widest(unions: dict[str, Union]) -> None:
    user = make_official("both", unions["city"])
    appoint(
        user,
        union=unions["low"],
        role=Role.GRASSROOTS_OFFICIAL,
        starts_on=dt.date(2020, 1, 1),
        actor=None,
    )
    assert [grant.path for grant in grants_of(user)] == [unions["city"].path]


def test_unknown_permission_is_an_error_not_a_silent_no(unions: dict[str, Union]) -> None:
    with pytest.raises(KeyError):
        can(make_official("city", unions["city"]), "unions.vieuw")
    assert all(held <= set(PERMISSIONS) for _extent, held in POLICY.values())
    assert roles_with("dashboard.view") == list(POLICY)


def test_writing_out_of_scope_changes_nothing(unions: dict[str, Union]) -> None:
    official = make_official("city", unions["city"])
    with pytest.raises(RuleViolation) as refusal:
        create_union(
            name="新县总", kind=unions["county"].kind, parent=unions["other"], actor=official
        )
    assert refusal.value.code == "out_of_scope"
    with pytest.raises(RuleViolation):
        update_union(unions["county"], actor=official, parent=unions["other"])
    with pytest.raises(RuleViolation):
        update_union(unions["other"], actor=official, name="改名")
    with pytest.raises(RuleViolation):
        appoint(
            make_user("x"),
            union=unions["other"],
            role=Role.LEADER,
            starts_on=dt.date(2024, 1, 1),
            actor=official,
        )
    assert set(Union.objects.values_list("name", flat=True)) == {
        "省总", "市总", "邻市总", "县总", "基层工会",
    }  # fmt: skip
    unions["county"].refresh_from_db()
    assert unions["county"].parent == unions["city"]
    assert Appointment.objects.count() == 1


def test_ended_appointment_ends_the_view(unions: dict[str, Union]) -> None:
    official = make_official("city", unions["city"])
    yesterday = dt.date.today() - dt.timedelta(days=2)
    end_appointment(official.appointments.get(), ends_on=yesterday, actor=None)
    official = type(official).objects.get(pk=official.pk)
    assert seen_by(official) == set()
