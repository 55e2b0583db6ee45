"""Where an official may found and move unions: below the own reach, not merely beside it."""

import datetime as dt

import pytest

from core.errors import RuleViolation
from tests.builders import make_official, make_union, make_user
from unions.enums import Role
from unions.models import Union
from unions.scope import can, can_below
from unions.services import appoint, create_union, update_union

pytestmark = pytest.mark.django_db


@pytest.fixture
def unions() -> dict[str, Union]:
    city = make_union("市总", "city_federation")
    first = make_union("甲县总", "county_federation", city)
    second = make_union("乙县总", "county_federation", city)
    low = make_union("基层工会", "grassroots_union", first)
    return {"city": city, "first": first, "second": second, "low": low}


def test_reaching_below_is_more_than_holding(unions: dict[str, Union]) -> None:
    grassroots = make_official("own", unions["first"], Role.GRASSROOTS_OFFICIAL)
    federation = make_official("below", unions["first"])
    operator = make_user("operator", is_superuser=True)
    actors = (grassroots, federation, operator, None)
    assert [can(a, "unions.change", unions["first"]) for a in actors] == [True, True, True, False]
    assert [can_below(a, "unions.change", unions["first"]) for a in actors] == [
        False, True, True, False,
    ]  # fmt: skip
    assert [can_below(a, "unions.change", unions["low"]) for a in actors] == [
        False, True, True, False,
    ]  # fmt: skip
    assert not can_below(federation, "unions.change", unions["city"])


def test_grassroots_official_founds_nothing_out_of_the_own_sight(
    unions: dict[str, Union],
) -> None:
    official = make_official("own", unions["first"], Role.GRASSROOTS_OFFICIAL)
    with pytest.raises(RuleViolation) as refusal:
        create_union(name="新工会", kind=unions["low"].kind, parent=unions["first"], actor=official)
    assert (refusal.value.field, refusal.value.code) == ("parent", "out_of_scope")
    assert not Union.objects.filter(name="新工会").exists()
    update_union(unions["first"], actor=official, short_name="甲")


def test_nothing_is_moved_where_it_would_not_be_seen(unions: dict[str, Union]) -> None:
    official = make_official("both", unions["first"])
    appoint(
        official, union=unions["second"], role=Role.GRASSROOTS_OFFICIAL,
        starts_on=dt.date(2020, 1, 1), actor=None,
    )  # fmt: skip
    with pytest.raises(RuleViolation) as refusal:
        update_union(unions["low"], actor=official, parent=unions["second"])
    assert (refusal.value.field, refusal.value.code) == ("parent", "out_of_scope")
    unions["low"].refresh_from_db()
    assert unions["low"].parent == unions["first"]


@pytest.mark.parametrize("name", ["基层工会", "基层\u200b工会", " 基层 工会\u3000"])
def test_names_that_look_alike_are_alike(unions: dict[str, Union], name: str) -> None:
    low = unions["low"]
    with pytest.raises(RuleViolation) as refusal:
        create_union(name=name, kind=low.kind, parent=low.parent, actor=None)
    assert (refusal.value.field, refusal.value.code) == ("name", "duplicate")
    other = create_union(name="另一 工会", kind=low.kind, parent=low.parent, actor=None)
    assert other.name == "另一工会"
    with pytest.raises(RuleViolation) as refusal:
        update_union(other, actor=None, name=name)
    assert refusal.value.code == "duplicate"


def test_name_of_nothing_visible_is_refused(unions: dict[str, Union]) -> None:
    with pytest.raises(RuleViolation) as refusal:
        create_union(name="\u200b ", kind=unions["low"].kind, parent=unions["first"], actor=None)
    assert (refusal.value.field, refusal.value.code) == ("name", "required")
