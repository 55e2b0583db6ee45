"""The pages on which a union is moved, merged or dissolved: preview, confirmation, errors."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from members.services import union_closing
from tests.builders import make_application, make_join_code, make_membership, make_union
from tests.members.lifecycle import TOMORROW, written
from tests.portal.world import World, logged_in, make_world
from unions.enums import UnionStatus
from unions.models import Union, UnionClosing

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def page_of(act: str, union: Union) -> str:
    return reverse(f"admin:unions_unionclosing_{act}", args=[union.pk])


def errors_of(client: Client, page: str, **sent: Any) -> dict[str, list[str]]:
    """What is said beside the fields; nothing is written."""
    before = written(), list(Union.objects.order_by("pk").values_list())
    response = client.post(page, sent)
    assert response.status_code == 200
    assert before == (written(), list(Union.objects.order_by("pk").values_list()))
    return dict(response.context["form"].errors)


def test_preview_says_in_figures_what_confirmation_does(world: World) -> None:
    client, heir = (
        logged_in(world.official),
        make_union("圆通工会", "grassroots_union", world.county),
    )
    make_union("分会", "branch", world.low)
    for _ in range(2):
        make_membership(world.low, on="2024-01-01")
    make_application(make_join_code(world.low))
    page = page_of("merge", world.low)
    sent = {"into": heir.pk, "reason": "两会合并", "decision_number": "7号"}
    assert errors_of(client, page, **sent) == {}
    text = client.post(page, sent).content.decode()
    assert "memberships 2, applications 1, join codes 1, unions below 1" in text
    answer = client.post(page, {**sent, "confirmed": "1"}, follow=True)
    closing = UnionClosing.objects.get()
    assert answer.redirect_chain == [
        (reverse("admin:unions_unionclosing_change", args=[closing.pk]), 302)
    ]
    low = Union.objects.get(pk=world.low.pk)
    assert (low.merged_into, low.closed_on) == (heir, TOMORROW)
    answer = client.get(reverse("admin:unions_union_change", args=[low.pk]))
    assert "Merged into “圆通工会”" in answer.content.decode()
    assert page not in answer.content.decode()
    # Once is enough.
    answer = client.post(page, {**sent, "confirmed": "1"})
    assert (answer.status_code, UnionClosing.objects.count()) == (302, 1)


def test_errors_stand_beside_the_fields(world: World) -> None:
    client = logged_in(world.official)
    make_membership(world.low, on="2024-01-01")
    merge, move, dissolve = (page_of(act, world.low) for act in ("merge", "move", "dissolve"))
    choice = ["Select a valid choice. That choice is not one of the available choices."]
    required = ["This field is required."]
    confirmed = {"confirmed": "1"}
    for page, sent, expected in (
        (merge, confirmed, {"into": required, "reason": required}),
        (merge, {"into": world.other.pk, "reason": "x"}, {"into": choice}),
        (merge, {"into": "x", "reason": "\u200b"}, {"into": choice, "reason": ["Say why."]}),
        (
            merge,
            {"into": world.city.pk, "reason": "x", **confirmed},
            {"into": ["A “City federation” does not enrol members itself."]},
        ),
        (
            move,
            {"parent": world.county.pk, "reason": "x"},
            {"parent": ["It stands there already."]},
        ),
        (
            dissolve,
            {"reason": "x", "closed_on": "2024-13-01"},
            {"closed_on": ["Enter a valid date."]},
        ),
        (
            dissolve,
            {"reason": "x", **confirmed},
            {
                "memberships_to": [
                    "There are 1 memberships and 0 applications: say which union takes them over."
                ]
            },
        ),
    ):
        assert errors_of(client, page, **sent) == expected


def test_only_who_may_is_offered_the_acts(world: World) -> None:
    pages = [page_of(act, world.low) for act in ("move", "merge", "dissolve")]
    union_page = reverse("admin:unions_union_change", args=[world.low.pk])
    for user, answers in (
        (world.official, [200, 200, 200]),
        (world.grassroots, [403, 200, 403]),
        (world.neighbour, [404, 404, 404]),
        (world.leader, [403, 403, 403]),
    ):
        client = logged_in(user)
        assert [client.get(page).status_code for page in pages] == answers
        answer = client.get(union_page)
        if answer.status_code == 200:
            text = answer.content.decode()
            assert [page in text for page in pages] == [code == 200 for code in answers]
    # The form of a union asks no reason, so it does not move it.
    client = logged_in(world.official)
    answer = client.post(
        union_page,
        {"name": "顺丰", "kind": "grassroots_union", "status": "active", "parent": world.city.pk},
    )
    assert answer.status_code == 302
    low = Union.objects.get(pk=world.low.pk)
    assert (low.name, low.parent) == ("顺丰", world.county)


def test_page_shows_how_far_it_is_and_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(union_closing, "AT_ONCE", 1)
    client = logged_in(world.official)
    for _ in range(3):
        make_membership(world.low, on="2024-01-01")
    page = page_of("dissolve", world.low)
    sent = {"memberships_to": world.county.pk, "retains_members": "on", "reason": "企业终止"}
    text = client.post(page, {**sent, "confirmed": "1"}, follow=True).content.decode()
    closing = UnionClosing.objects.get()
    assert '<progress class="portal-progress" max="3" value="0"' in text
    assert (
        "already"
        in client.get(reverse("admin:unions_union_change", args=[world.low.pk])).content.decode()
    )
    go_on = reverse("admin:unions_unionclosing_go_on", args=[closing.pk])
    assert go_on in text
    assert "<progress" not in client.post(go_on, follow=True).content.decode()
    low = Union.objects.get(pk=world.low.pk)
    assert (low.status, low.merged_into) == (UnionStatus.DISSOLVED, None)
