"""Records that two officials have open at once: the second takes back nothing of the first."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from enterprises.models import Employer, WorkforceBaseline
from reference.models import GroupSet
from reports.models import ReportedFigure
from tests.page_forms import as_sent, page_of
from tests.portal.world import World, logged_in, make_world
from tests.stations.builders import make_station

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def record_of(world: World, kind: str) -> Any:
    county = world.county
    assert county.region is not None
    day = dt.date(2024, 1, 1)
    if kind == "union":
        return county
    if kind == "station":
        return make_station("驿站", county, county.region)
    if kind == "employer":
        return Employer.objects.create(name="快递公司", region=county.region, keeper=county)
    if kind == "baseline":
        return WorkforceBaseline.objects.create(
            keeper=world.city, region=county.region, counted_on=day, worker_count=100,
            source="摸底", group_set=GroupSet.objects.get(code="set4", version=1),
        )  # fmt: skip
    return ReportedFigure.objects.create(
        union=county, metric="nef_member_share", value=Decimal("0.1"), unit="ratio", as_of=day,
        source="报告",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        ("union", {"contact_name": "甲"}, {"address": "某路2号"}),
        ("station", {"opening_hours": "8-20"}, {"address": "某路2号"}),
        ("employer", {"staff_count": 50}, {"name": "新快递公司"}),
        ("baseline", {"worker_count": 200}, {"source": "新摸底"}),
        ("figure", {"value": Decimal("0.2")}, {"source": "新报告"}),
    ],
)
def test_the_second_keeps_what_the_first_has_saved(
    world: World, kind: str, first: dict[str, Any], second: dict[str, Any]
) -> None:
    record = record_of(world, kind)
    client = logged_in(world.official)
    sent = as_sent(client, page_of(record))
    type(record).objects.filter(pk=record.pk).update(**first)
    assert client.post(page_of(record), sent | second).status_code == 302
    record.refresh_from_db()
    wanted = first | second
    assert {name: getattr(record, name) for name in wanted} == wanted
    # The same field is another matter.
    (field, value) = next(iter(second.items()))
    type(record).objects.filter(pk=record.pk).update(**{field: "丙"})
    answer = client.post(page_of(record), sent | {field: "丁"})
    (error,) = answer.context["adminform"].form.errors[field]
    assert error == "Somebody else changed this meanwhile, to “丙”: look at it again."
    record.refresh_from_db()
    assert (getattr(record, field), value) == ("丙", second[field])
