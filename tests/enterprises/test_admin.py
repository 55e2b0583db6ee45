"""Employers and baselines in the officials' site."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import AuditEntry
from enterprises.models import Employer, WorkforceBaseline
from enterprises.services import record_employer
from reference.models import GroupSet
from tests.portal.world import World, logged_in, make_world

pytestmark = pytest.mark.django_db

EMPLOYERS = "/admin/enterprises/employer/"
BASELINES = "/admin/enterprises/workforcebaseline/"


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def client(world: World) -> Client:
    return logged_in(world.official)


def employer_form(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "name": "聊城快递有限公司", "region": "371502", "keeper": world.city.pk,
        "founding_state": "N", **changes,
    }  # fmt: skip


def errors_of(response: Any) -> dict[str, list[str]]:
    return dict(response.context["adminform"].form.errors)


def test_employer_is_recorded_and_changed_with_its_trail(world: World, client: Client) -> None:
    client.post(f"{EMPLOYERS}add/", employer_form(world, covering_union=world.low.pk))
    employer = Employer.objects.get()
    page = reverse("admin:enterprises_employer_change", args=[employer.pk])
    client.post(page, employer_form(world, staff_count=120, is_head="on"))
    employer.refresh_from_db()
    assert (employer.staff_count, employer.is_head, employer.covering_union) == (120, True, None)
    recorded, changed = AuditEntry.objects.filter(object_type="enterprises.employer").order_by("id")
    assert (recorded.action, changed.action) == ("employer.recorded", "employer.updated")
    assert changed.data == {
        "covering_union": [str(world.low.pk), None],
        "is_head": [False, True],
        "staff_count": [None, 120],
    }


def test_duplicates_are_refused_beside_the_field(world: World, client: Client) -> None:
    record_employer(
        name="聊城快递有限公司", region=world.regions["371502"], keeper=world.other,
        uscc="91371500MA3C00000X", actor=None,
    )  # fmt: skip
    assert errors_of(client.post(f"{EMPLOYERS}add/", employer_form(world))) == {
        "name": ["An employer of this name is already registered in this region."]
    }
    assert errors_of(
        client.post(f"{EMPLOYERS}add/", employer_form(world, name="乙", uscc="91371500ma3c00000x"))
    ) == {"uscc": ["An employer of this code is already registered."]}
    assert Employer.objects.count() == 1


def test_keeper_and_covering_union_out_of_scope_are_no_choice(world: World, client: Client) -> None:
    for field in ("keeper", "covering_union"):
        response = client.post(f"{EMPLOYERS}add/", employer_form(world, **{field: world.other.pk}))
        assert list(errors_of(response)) == [field]
    assert Employer.objects.count() == 0


def test_covering_union_out_of_scope_is_kept(world: World) -> None:
    employer = record_employer(
        name="县属快递", region=world.regions["371502"], keeper=world.low,
        covering_union=world.county, actor=None,
    )  # fmt: skip
    client = logged_in(world.grassroots)
    page = reverse("admin:enterprises_employer_change", args=[employer.pk])
    assert "covering_union" not in client.get(page).context["adminform"].form.fields
    form = employer_form(world, name="县属快递", keeper=world.low.pk, staff_count=9)
    assert client.post(page, form).status_code == 302
    employer.refresh_from_db()
    assert (employer.staff_count, employer.covering_union) == (9, world.county)


def test_foreign_employer_is_not_there(world: World, client: Client) -> None:
    employer = record_employer(
        name="德州快递", region=world.regions["3714"], keeper=world.other, actor=None
    )
    page = reverse("admin:enterprises_employer_change", args=[employer.pk])
    assert client.get(page).status_code == 404
    assert client.post(page, employer_form(world)).status_code == 404
    employer.refresh_from_db()
    assert employer.name == "德州快递"


def baseline_form(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "keeper": world.city.pk, "group": "courier", "region": "371502",
        "counted_on": "2023-06-30", "worker_count": "3200", "source": "摸底排查", **changes,
    }  # fmt: skip


def test_baseline_is_recorded_once(world: World, client: Client) -> None:
    assert client.post(f"{BASELINES}add/", baseline_form(world)).status_code == 302
    baseline = WorkforceBaseline.objects.get()
    assert (baseline.worker_count, baseline.keeper) == (3200, world.city)
    assert errors_of(client.post(f"{BASELINES}add/", baseline_form(world))) == {
        "counted_on": ["There already is a baseline of this group, place and day."]
    }
    page = reverse("admin:enterprises_workforcebaseline_change", args=[baseline.pk])
    assert client.post(page, baseline_form(world, worker_count="3300")).status_code == 302
    baseline.refresh_from_db()
    assert baseline.worker_count == 3300


def test_baseline_takes_one_group_and_one_place(world: World, client: Client) -> None:
    group_set = GroupSet.objects.order_by("pk").first()
    assert group_set is not None
    for changes, field in (
        ({"group_set": group_set.pk}, "group"),
        ({"group": ""}, "group"),
        ({"union": world.county.pk}, "region"),
        ({"region": ""}, "region"),
        ({"region": "3714"}, "region"),
        ({"keeper": world.low.pk}, "region"),
        ({"keeper": world.county.pk, "region": "", "union": world.city.pk}, "union"),
        ({"worker_count": "-1"}, "worker_count"),
        ({"source": " "}, "source"),
    ):
        response = client.post(f"{BASELINES}add/", baseline_form(world, **changes))
        assert list(errors_of(response)) == [field], changes
    assert WorkforceBaseline.objects.count() == 0
