"""What the owner is told after reminding units of a paper."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.urls import reverse

from campaigns.models import Requirement
from campaigns.services.hand_ins import save_requirement
from campaigns.services.reminders import remind_now, remind_units
from tests.builders import make_official, make_union
from tests.campaigns.builders import make_campaign, refused
from tests.portal.world import World, logged_in, make_world

pytestmark = pytest.mark.django_db
# A day of the table of reminders lies a day behind it.
DUE = dt.date(2024, 3, 1)
LATE = dt.date(2024, 3, 2)


def test_reached_are_counted_and_the_others_all_named() -> None:
    world = make_world()
    unions = [
        make_union(f"第{count}区总工会", "county_federation", world.city) for count in range(12)
    ]
    # In the order of the tree's paths, whose keys may pass from 9 to 10.
    names = [union.name for union in sorted(unions, key=lambda union: union.path)]
    official = make_official("county", world.county)
    type(official).objects.filter(pk=official.pk).update(email="county@example.org")
    requirement = save_requirement(
        None, campaign=make_campaign("集中行动", world.city), kind="plan",
        due_on=DUE, required_of="children", actor=None,
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
    # Only to whom a letter went is said to have been reminded.
    reminded = {row.unit.name for row, at, _deaf in rows if at is not None}
    assert reminded == {world.county.name}
    again = client.post(page, follow=True)
    assert str(next(iter(again.context["messages"]))) == (
        "Whom a letter can reach has been reminded today."
    )


def owing(world: World, addresses: list[str]) -> Requirement:
    """A paper of the county alone, whose officials have these addresses."""
    for number, address in enumerate(addresses):
        official = make_official(f"county{number}", world.county)
        type(official).objects.filter(pk=official.pk).update(email=address)
    return save_requirement(
        None, campaign=make_campaign("集中行动", world.city), kind="plan",
        due_on=DUE, required_of="children", actor=None,
    )  # fmt: skip


class Server:
    """A mail server that refuses some addresses, and goes away after so many letters."""

    def __init__(self, refuses: tuple[str, ...] = (), takes: int = 99, code: int = 550) -> None:
        self.refuses, self.takes, self.code, self.got = refuses, takes, code, list[str]()

    def send_messages(self, letters: list[EmailMessage]) -> int:
        (letter,) = letters
        (to,) = letter.to
        if len(self.got) >= self.takes:
            raise SMTPServerDisconnected
        if to in self.refuses:
            raise SMTPRecipientsRefused({to: (self.code, b"no")})
        self.got.append(to)
        return 1


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Callable[[Server], Server]:
    def serve(server: Server) -> Server:
        monkeypatch.setattr(
            "django.core.mail.backends.locmem.EmailBackend.send_messages",
            lambda _backend, letters: server.send_messages(letters),
        )
        return server

    return serve


def test_a_refused_address_keeps_no_other_from_its_letter(
    served: Callable[[Server], Server],
) -> None:
    """Nor are those who have theirs written to again, nor units behind it forgotten."""
    world = make_world()
    addresses = ["a@example.org", "gone@example.org", "z@example.org"]
    requirement = owing(world, addresses)
    last = make_union("末区总工会", "county_federation", world.city)
    official = make_official("last", last)
    type(official).objects.filter(pk=official.pk).update(email="last@example.org")
    server = served(Server(refuses=("gone@example.org",)))
    outcome = remind_now(requirement, actor=world.official)
    assert (outcome.reached, outcome.unreached) == ([world.county, last], [])
    assert server.got == ["a@example.org", "z@example.org", "last@example.org"]
    assert set(requirement.reminders.values_list("letters", flat=True)) == {1, 2}
    assert remind_now(requirement, actor=world.official).reached == []
    assert len(server.got) == 3


@pytest.mark.parametrize("code", [421, 450, 451, 452])
def test_an_address_refused_for_now_is_tried_again(
    served: Callable[[Server], Server], code: int
) -> None:
    """A server that greylists takes the letter ten minutes later."""
    world = make_world()
    requirement = owing(world, ["a@example.org"])
    served(Server(refuses=("a@example.org",), code=code))
    assert remind_units(LATE).unsent == [world.county.pk]
    with refused("mail"):
        remind_now(requirement, actor=world.official)
    assert not requirement.reminders.exists()
    server = served(Server())
    assert (remind_units(LATE).unsent, server.got) == ([], ["a@example.org"])


def test_a_server_that_goes_away_half_way_writes_to_nobody_twice(
    served: Callable[[Server], Server],
) -> None:
    world = make_world()
    requirement = owing(world, ["a@example.org", "z@example.org"])
    server = served(Server(takes=1))
    for _attempt in range(2):
        assert remind_units(LATE).unsent == []
    assert server.got == ["a@example.org"]
    assert [row.letters for row in requirement.reminders.all()] == [1]


def test_who_got_no_letter_is_not_said_to_have_been_reminded(
    served: Callable[[Server], Server],
) -> None:
    """The last attempt wrote it down without one; when the server is back the owner can."""
    world = make_world()
    requirement = owing(world, ["a@example.org"])
    served(Server(takes=0))
    assert remind_units(LATE, needs_mail=False).units == 1
    client = logged_in(world.official)
    page = reverse("admin:campaigns_requirement_change", args=[requirement.pk])
    ((_row, at, is_deaf),) = client.get(page).context["unit_rows"]
    assert (at, is_deaf) == (None, False)
    server = served(Server())
    assert remind_now(requirement, actor=world.official).reached == [world.county]
    assert server.got == ["a@example.org"]
    ((_row, at, _deaf),) = client.get(page).context["unit_rows"]
    assert at is not None
    # An address that nobody takes is told as well.
    requirement.reminders.all().delete()
    served(Server(refuses=("a@example.org",)))
    remind = reverse("admin:campaigns_requirement_remind", args=[requirement.pk])
    told = [str(message) for message in client.post(remind, follow=True).context["messages"]]
    assert told == [
        "Nobody was reached.", f"The mail server takes no address of: {world.county.name}",
    ]  # fmt: skip


def test_a_portal_without_mail_promises_no_letter(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    world = make_world()
    requirement = owing(world, ["a@example.org"])
    with refused("no_mail"):
        remind_now(requirement, actor=world.official)
    assert not requirement.reminders.exists()
    # By the clock it is written down, without a letter.
    assert remind_units(LATE).units == 1
    assert [row.letters for row in requirement.reminders.all()] == [0]
