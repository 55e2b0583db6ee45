"""What the owner is told after reminding units of a paper."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core import mail
from django.urls import reverse

from campaigns.services.hand_ins import save_requirement
from tests.builders import make_official, make_union
from tests.campaigns.builders import make_campaign
from tests.portal.world import logged_in, make_world

pytestmark = pytest.mark.django_db


def test_reached_are_counted_and_the_others_all_named() -> None:
    world = make_world()
    names = [f"第{count}区总工会" for count in range(12)]
    for name in names:
        make_union(name, "county_federation", world.city)
    official = make_official("county", world.county)
    type(official).objects.filter(pk=official.pk).update(email="county@example.org")
    requirement = save_requirement(
        None, campaign=make_campaign("集中行动", world.city), kind="plan",
        due_on=dt.date(2024, 3, 1), required_of="children", actor=None,
    )  # fmt: skip
    client = logged_in(world.official)
    page = reverse("admin:campaigns_requirement_remind", args=[requirement.pk])
    answer = client.post(page, follow=True)
    assert [str(message) for message in answer.context["messages"]] == [
        "A letter went to 1 unit.",
        "No letter to 12 units, which have no official with an e-mail address; ring them: "
        + "、".join(names),
    ]
    assert [letter.to for letter in mail.outbox] == [["county@example.org"]]
    rows = answer.context["unit_rows"]
    assert [row.unit.name for row, _at, is_deaf in rows if is_deaf] == names
    reminded = {row.unit.name for row, at, _deaf in rows if at is not None}
    assert reminded == {*names, world.county.name}
    again = client.post(page, follow=True)
    assert str(next(iter(again.context["messages"]))) == (
        "Whom a letter can reach has been reminded today."
    )
