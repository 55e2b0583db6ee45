"""Papers: owed, handed in, returned, accepted; reminders that do what is missing and no more."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from html import unescape
from pathlib import Path
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from campaigns.models import CampaignRecord, HandIn, HandInReminder, Requirement, Target
from campaigns.selectors.hand_ins import Tally, owed_by, own_units, standing_of, tallies
from campaigns.services import reminders
from campaigns.services.hand_ins import (
    accept_hand_in,
    hand_in,
    return_hand_in,
    save_requirement,
)
from campaigns.services.records import finish_task, save_record
from campaigns.services.reminders import remind_now, remind_units
from campaigns.services.targets import withdraw_target
from core.errors import RuleViolation
from core.uploads import check_paper
from tests.builders import make_official, make_union
from tests.campaigns.builders import make_campaign, make_target, refused
from tests.portal.world import World, logged_in, make_world
from unions.enums import Role
from unions.models import Union
from unions.scope import Actor
from unions.services import move_union
from unions.services.appointments import appoint

pytestmark = pytest.mark.django_db
DUE = dt.date(2024, 3, 10)
PDF = b"%PDF-1.4 paper"


@pytest.fixture
def world() -> World:
    world = make_world()
    world.county_official = make_official("county", world.county)  # type: ignore[attr-defined]
    return world


@pytest.fixture
def requirement(world: World) -> Requirement:
    """A plan, due on 10 March 2024, from the county, which has a target."""
    campaign = make_campaign("集中行动", world.city)
    make_target(campaign, world.city)
    make_target(campaign, world.county)
    return save_requirement(
        None, campaign=campaign, kind="plan", due_on=DUE, required_of="with_target", actor=None
    )


def pdf(content: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile("张三的方案.pdf", content)


def archive(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name in names:
            made.writestr(name, "x")
    return out.getvalue()


def files() -> set[Path]:
    return {path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()}


def test_a_file_is_what_it_holds() -> None:
    word, book, types = "word/document.xml", "xl/workbook.xml", "[Content_Types].xml"
    for content, kind in (
        (PDF, "pdf"), (archive(word, types), "docx"), (archive(types, book), "xlsx"),
    ):  # fmt: skip
        assert check_paper(pdf(content)) == kind
    for content, code in (
        (b"", "empty"),
        (b"MZ program", "kind"),
        (archive("a.txt"), "kind"),
        (b"PK\x03\x04 broken", "kind"),
        (archive(word, types, "word/vbaProject.bin"), "macros"),
        (PDF + bytes(10 * 1024 * 1024), "too_large"),
    ):
        with pytest.raises(RuleViolation) as refusal:
            check_paper(pdf(content))
        assert refusal.value.code == code


def test_handed_in_returned_handed_in_again_accepted(
    world: World, requirement: Requirement
) -> None:
    official: Any = world.county_official  # type: ignore[attr-defined]
    unit, owner = logged_in(official), logged_in(world.official)
    owed = reverse("admin:campaigns_handin_owed")
    send = reverse("admin:campaigns_handin_send", args=[requirement.pk, world.county.pk])
    assert [row.is_late for row in unit.get(owed).context["rows"]] == [True]
    assert [row.requirement for row in unit.get("/admin/").context["owed"]] == [requirement]
    before = files()
    wrong = unit.post(send, {"file": pdf(b"MZ")})
    assert wrong.context["form"].errors == {
        "file": ["Send a PDF, Word (.docx) or Excel (.xlsx) file."]
    }
    assert (HandIn.objects.count(), files()) == (0, before)
    assert unit.post(send, {"file": pdf(), "note": "第一稿"}).status_code == 302
    assert unit.get(send).headers["Location"] == owed  # the paper waits for its answer
    (kept,) = files() - before
    assert "张三" not in kept.name
    paper = HandIn.objects.get()
    assert unit.get("/admin/").context["owed"] == []
    (asked,) = owner.get("/admin/").context["asked"]
    assert (asked["requirement"], asked["tally"].waiting) == (requirement, 1)
    # The unit does not judge its own paper, and another one is not taken while it waits.
    accept = reverse("admin:campaigns_handin_accept", args=[paper.pk])
    unit.post(accept)
    with refused("stands"):
        hand_in(requirement, unit=world.county, file=pdf(), actor=official)
    assert len(files() - before) == 1
    back = reverse("admin:campaigns_handin_return", args=[paper.pk])
    owner.post(back, {"reason": " "})
    paper.refresh_from_db()
    assert paper.state == "handed_in"
    owner.post(back, {"reason": "补充数据"})
    assert unit.get(owed).context["rows"][0].newest.reason == "补充数据"
    assert unit.post(send, {"file": pdf()}).status_code == 302
    second = HandIn.objects.get(number=2)
    owner.post(reverse("admin:campaigns_handin_accept", args=[second.pk]))
    assert list(HandIn.objects.order_by("number").values_list("state", flat=True)) == [
        "returned", "accepted",
    ]  # fmt: skip
    found = tallies([requirement])[requirement.pk]
    assert (found.units, found.waiting, found.accepted, found.open_count) == (1, 0, 1, 0)
    answer = unit.get(reverse("admin:campaigns_handin_file", args=[second.pk]))
    assert (answer.content, answer.headers["Content-Disposition"]) == (
        PDF, f'attachment; filename="plan-{world.county.pk}-2.pdf"',
    )  # fmt: skip


def test_who_owes_nothing_hands_nothing_in(world: World, requirement: Requirement) -> None:
    cases: list[tuple[Any, Actor]] = [
        (world.county, world.neighbour),
        (world.county, world.grassroots),
        (world.low, world.grassroots),  # has no target
        (world.city, world.official),  # the owner
    ]
    for unit, actor in cases:
        with pytest.raises(RuleViolation):
            hand_in(requirement, unit=unit, file=pdf(), actor=actor)
    address = reverse("admin:campaigns_handin_send", args=[requirement.pk, world.county.pk])
    assert logged_in(world.neighbour).post(address, {"file": pdf()}).status_code == 404
    assert HandIn.objects.count() == 0


def day(offset: int) -> dt.date:
    return DUE + dt.timedelta(days=offset)


def test_reminded_on_the_days_of_the_table_once(world: World, requirement: Requirement) -> None:
    official: Any = world.county_official  # type: ignore[attr-defined]
    type(official).objects.filter(pk=official.pk).update(email="county@example.org")
    sent = []
    for offset in (-8, -7, -7, -6, -1, 3, 8, 30):
        # Of two days of the table that passed unnoticed (+1 and +7) only the newest counts.
        sent.append(remind_units(day(offset)).units)
    assert sent == [0, 1, 0, 0, 1, 1, 1, 0]
    assert {letter.to[0] for letter in mail.outbox} == {"county@example.org"}
    assert len(mail.outbox) == 4
    assert "2024-03-10" in mail.outbox[-1].body
    assert reverse("admin:campaigns_handin_owed") in mail.outbox[-1].body
    days = HandInReminder.objects.order_by("pk").values_list("days", flat=True)
    assert list(days) == [-7, -1, 1, 7]


def test_another_due_day_is_reminded_of_anew(world: World, requirement: Requirement) -> None:
    assert [remind_units(day(offset)).units for offset in (-7, -1)] == [1, 1]
    save_requirement(
        requirement, campaign=requirement.campaign, kind="plan", due_on=day(30),
        required_of="with_target", actor=None,
    )  # fmt: skip
    sent = [remind_units(day(offset)).units for offset in (22, 23, 24, 29)]
    assert sent == [0, 1, 0, 1]


def test_two_clicks_remind_once(
    world: World, requirement: Requirement, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second has looked before the first has written."""
    found = HandInReminder.objects.none()
    assert reminded(requirement, world) == ([], [world.county])
    real = reminders.HandInReminder.objects

    class Before:
        def filter(self, **asked: Any) -> Any:
            return found if "unit" not in asked else real.filter(**asked)

        def bulk_create(self, rows: Any) -> Any:
            return real.bulk_create(rows)

    monkeypatch.setattr(reminders.HandInReminder, "objects", Before())
    assert reminded(requirement, world) == ([], [])
    monkeypatch.undo()
    assert HandInReminder.objects.count() == 1


def test_a_unit_that_owes_no_longer_stands_for_nobody(
    world: World, requirement: Requirement
) -> None:
    make_target(requirement.campaign, world.low)
    paper = hand_in(requirement, unit=world.county, file=pdf(), actor=None)
    accept_hand_in(paper, actor=world.official)
    assert tallies([requirement])[requirement.pk] == Tally(2, 0, 1, 1)
    withdraw_target(Target.objects.get(union=world.county), reason="x", actor=None)
    assert tallies([requirement])[requirement.pk] == Tally(1, 0, 0, 1)
    assert [row.unit for row in standing_of(requirement, DUE)] == [world.low]


def test_a_unit_that_was_moved_away_owes_no_longer(world: World, requirement: Requirement) -> None:
    """Its target is with the campaign yet, until somebody takes it back."""
    paper = hand_in(requirement, unit=world.county, file=pdf(), actor=None)
    accept_hand_in(paper, actor=world.official)
    assert tallies([requirement])[requirement.pk] == Tally(1, 0, 1, 0)
    elsewhere = make_union("他市总工会", "city_federation", world.province)
    move_union(world.county, to_parent=elsewhere, reason="区划调整", actor=None)
    county = Union.objects.get(pk=world.county.pk)
    assert Target.objects.in_force().filter(union=county).exists()
    requirement = Requirement.objects.get(pk=requirement.pk)
    assert standing_of(requirement, DUE) == []
    assert owed_by([county], DUE) == []
    assert tallies([requirement])[requirement.pk] == Tally(0, 0, 0, 0)
    with pytest.raises(RuleViolation):
        hand_in(requirement, unit=county, file=pdf(), actor=None)


def test_appointed_at_two_unions_one_below_the_other(
    world: World, requirement: Requirement
) -> None:
    """Papers are owed by each of them."""
    official = make_official("both", world.city)
    appoint(
        official, union=world.county, role=Role.FEDERATION_OFFICIAL,
        starts_on=dt.date(2020, 1, 1), actor=None,
    )  # fmt: skip
    assert own_units(official) == [world.city, world.county]
    assert [row.unit for row in owed_by(own_units(official), DUE)] == [world.county]
    assert own_units(None) == []


def test_without_mail_nothing_is_written_until_the_last_attempt(
    world: World, requirement: Requirement, monkeypatch: pytest.MonkeyPatch
) -> None:
    official: Any = world.county_official  # type: ignore[attr-defined]
    type(official).objects.filter(pk=official.pk).update(email="county@example.org")

    def away(*_args: object) -> None:
        raise SMTPServerDisconnected

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", away)
    assert remind_units(day(1)).unsent == [world.county.pk]
    with refused("mail"):
        remind_now(requirement, actor=world.official)
    assert not HandInReminder.objects.exists()
    assert remind_units(day(1), needs_mail=False).units == 1
    assert HandInReminder.objects.count() == 1


def reminded(requirement: Requirement, world: World) -> tuple[list[Any], list[Any]]:
    outcome = remind_now(requirement, actor=world.official)
    return outcome.reached, outcome.unreached


def test_the_owner_reminds_once_a_day_and_only_those_who_owe(
    world: World, requirement: Requirement
) -> None:
    with pytest.raises(RuleViolation):
        remind_now(requirement, actor=world.neighbour)
    assert [reminded(requirement, world) for _ in range(2)] == [([], [world.county]), ([], [])]
    paper = hand_in(requirement, unit=world.county, file=pdf(), actor=None)
    HandInReminder.objects.all().delete()
    assert reminded(requirement, world) == ([], [])
    return_hand_in(paper, reason="补充", actor=world.official)
    assert [row.is_open for row in standing_of(requirement, DUE)] == [True]
    assert reminded(requirement, world) == ([], [world.county])


def test_the_owner_is_told_whom_no_letter_reaches(world: World, requirement: Requirement) -> None:
    official: Any = world.county_official  # type: ignore[attr-defined]
    page = reverse("admin:campaigns_requirement_remind", args=[requirement.pk])
    owner = logged_in(world.official)
    told = (
        "No letter to 1 unit, which has no official with an e-mail address; ring it: "
        + world.county.name
    )
    shown = unescape(owner.post(page, follow=True).content.decode())
    assert told in shown
    assert "Nobody was reached." in shown
    assert "no e-mail address" in shown
    type(official).objects.filter(pk=official.pk).update(email="county@example.org")
    assert "No letter to" not in owner.post(page, follow=True).content.decode()


# -- records --------------------------------------------------------------------------------------


def test_a_task_is_given_seen_and_done(world: World, requirement: Requirement) -> None:
    official: Any = world.county_official  # type: ignore[attr-defined]
    values: dict[str, Any] = {
        "campaign": requirement.campaign, "unit": world.county, "day": DUE, "text": "补报",
    }  # fmt: skip
    for field, wrong in (
        ("unit", {"kind": "task", "unit": world.other}),
        ("due_on", {"kind": "praise", "due_on": DUE}),
        ("text", {"kind": "task", "text": " "}),
        ("day", {"kind": "task", "day": dt.date(2999, 1, 1)}),
    ):
        with pytest.raises(RuleViolation) as refusal:
            save_record(None, actor=world.official, **{**values, **wrong})
        assert refusal.value.field == field
    with pytest.raises(RuleViolation):
        save_record(None, kind="praise", actor=official, **values)  # not of the own unit by itself
    assert CampaignRecord.objects.count() == 0
    task = save_record(None, kind="task", due_on=DUE, file=pdf(), actor=world.official, **values)
    page = reverse("admin:campaigns_campaignrecord_change", args=[task.pk])
    shown = logged_in(world.official).get(page).content.decode()
    assert "It replaces the file that is there." in shown
    assert str(task.file.name) not in shown  # neither the path nor a box to clear it
    assert logged_in(official).get(page).status_code == 200
    assert logged_in(official).post(page, {"text": "别的"}).status_code == 403
    assert logged_in(world.neighbour).get(page).status_code == 404
    finish_task(task, actor=official)
    with refused("state"):
        finish_task(task, actor=official)
