"""The queue of applications, join codes and the register in the officials' site."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditEntry
from core.masking import mask_identity_number, mask_phone
from members.models import Application, JoinCode, Membership, RejectionReason
from members.services.review import approve_application
from tests.builders import (
    make_application,
    make_join_code,
    make_membership,
    make_official,
    person,
)
from tests.portal.world import World, logged_in, make_world

pytestmark = pytest.mark.django_db

QUEUE = "/admin/members/application/"


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def client(world: World) -> Client:
    return logged_in(world.official)


@pytest.fixture
def code(world: World) -> JoinCode:
    return make_join_code(world.low)


@pytest.fixture
def reason() -> RejectionReason:
    return RejectionReason.objects.create(code="not-here", text_zh="不属本会", text_en="Not ours")


def act(name: str, application: Application) -> str:
    return reverse(f"admin:members_application_{name}", args=[application.pk])


def queue(client: Client, query: str = "") -> list[Application]:
    return list(client.get(QUEUE + query).context["cl"].result_list)


def messages_of(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def test_queue_holds_what_waits_in_scope_oldest_first(
    world: World, client: Client, code: JoinCode
) -> None:
    young, old, decided = (make_application(code) for _ in range(3))
    make_application(make_join_code(world.other_low))
    Application.objects.filter(pk=old.pk).update(submitted_at=timezone.now() - dt.timedelta(days=9))
    approve_application(decided, actor=None)
    assert queue(client) == [old, young]
    assert queue(client, "?status=approved") == [decided]
    assert set(queue(client, "?status=all")) == {young, old, decided}


def test_numbers_are_masked_in_list_and_detail(client: Client, code: JoinCode) -> None:
    who = person(71, name="欧阳文静")
    application = make_application(code, who)
    for page in (QUEUE, act("change", application)):
        text = client.get(page).text
        assert mask_identity_number(who.id_number) in text
        assert mask_phone(who.phone) in text
        assert who.id_number not in text
        assert who.phone.removeprefix("+86") not in text


def test_search_by_receipt_name_phone_and_id_number(client: Client, code: JoinCode) -> None:
    who = person(72, name="欧阳文静")
    application = make_application(code, who)
    make_application(code, person(73, name="张三"))
    for term in (
        application.receipt_number.lower(), "欧阳", who.phone.removeprefix("+86"), who.id_number,
    ):  # fmt: skip
        assert queue(client, f"?q={term}") == [application], term
    assert queue(client, f"?q={who.id_number[:10]}") == []
    assert queue(client, f"?q={application.receipt_number[:6]}") == []


def test_approve_one(world: World, client: Client, code: JoinCode) -> None:
    application = make_application(code)
    response = client.post(act("approve", application), follow=True)
    assert messages_of(response) == ["张*明 is now a member of 顺丰工会."]
    assert response.redirect_chain == [(QUEUE, 302)]
    application.refresh_from_db()
    assert (application.status, application.decided_by) == ("approved", world.official)
    assert Membership.objects.get().union == world.low


def test_approve_and_open_the_next(client: Client, code: JoinCode) -> None:
    first, second = make_application(code), make_application(code)
    assert client.post(act("approve", first), {"next": "1"}).headers["Location"] == act(
        "change", second
    )


def test_reject_needs_a_reason(client: Client, code: JoinCode, reason: RejectionReason) -> None:
    application = make_application(code)
    response = client.post(act("reject", application), {"note": "请联系街道"})
    assert response.context["rejection_form"].errors == {"reason": ["Choose a reason."]}
    client.post(act("reject", application), {"reason": reason.pk, "note": "请联系街道"})
    application.refresh_from_db()
    assert (application.status, application.rejection_reason, application.decision_note) == (
        "rejected",
        reason,
        "请联系街道",
    )


def test_second_official_is_told_who_decided(world: World, client: Client, code: JoinCode) -> None:
    colleague = make_official("county", world.county)
    colleague.display_name = "李县总"
    colleague.save()
    application = make_application(code)
    approve_application(application, actor=colleague)
    response = client.post(act("approve", application), follow=True)
    assert messages_of(response) == ["李县总 has decided on this application already: approved."]
    assert "李县总" in response.text
    assert Membership.objects.count() == 1


def test_bulk_approval_asks_then_says_what_became_of_each(
    world: World, client: Client, code: JoinCode
) -> None:
    good, late, member = (make_application(code, person(80 + n)) for n in range(3))
    make_membership(world.low, person(82))
    chosen = [good.pk, late.pk, member.pk]
    asked = client.post(QUEUE, {"action": "approve_selected", "_selected_action": chosen})
    assert (asked.status_code, asked.context["still_waiting"]) == (200, 3)
    assert Membership.objects.count() == 1
    approve_application(late, actor=make_official("county", world.county))
    response = client.post(
        QUEUE,
        {"action": "approve_selected", "_selected_action": chosen, "confirmed": "1"},
        follow=True,
    )
    texts = messages_of(response)
    assert texts[0] == "1 application approved."
    assert [text.partition(": ")[2] for text in sorted(texts[1:])] == [
        text.partition(": ")[2]
        for text in sorted(
            [
                f"{shown(late)}: county has decided on this application already: approved.",
                f"{shown(member)}: This person already is a member; a transfer is needed instead.",
            ]
        )
    ]
    good.refresh_from_db()
    member.refresh_from_db()
    assert (good.status, member.status) == ("approved", "submitted")


def shown(application: Application) -> str:
    number = application.receipt_number
    return f"{number[:4]}-{number[4:8]}-{number[8:]} {application.masked_name}"


def test_bulk_rejection_with_reason(
    client: Client, code: JoinCode, reason: RejectionReason
) -> None:
    chosen = [make_application(code).pk for _ in range(2)]
    data = {"action": "reject_selected", "_selected_action": chosen, "confirmed": "1"}
    assert client.post(QUEUE, data).context["form"].errors == {"reason": ["Choose a reason."]}
    assert Application.objects.waiting().count() == 2
    response = client.post(QUEUE, {**data, "reason": reason.pk}, follow=True)
    assert messages_of(response) == ["2 applications not approved."]
    assert Application.objects.filter(rejection_reason=reason).count() == 2


def test_bulk_acts_reach_no_foreign_application(
    world: World, client: Client, code: JoinCode
) -> None:
    foreign = make_application(make_join_code(world.other_low))
    own = make_application(code)
    client.post(
        QUEUE,
        {
            "action": "approve_selected",
            "_selected_action": [foreign.pk, own.pk],
            "confirmed": "1",
        },
    )
    garbage = client.post(QUEUE, {"action": "approve_selected", "_selected_action": ["x"]})
    assert garbage.status_code == 400
    foreign.refresh_from_db()
    assert foreign.status == "submitted"
    assert Membership.objects.get().union == world.low


@pytest.mark.parametrize("name", ["change", "approve", "reject", "reveal", "history"])
def test_foreign_application_is_not_there(
    world: World, client: Client, name: str, reason: RejectionReason
) -> None:
    foreign = make_application(make_join_code(world.other_low))
    answers = [client.get(act(name, foreign)).status_code]
    answers.append(client.post(act(name, foreign), {"reason": reason.pk}).status_code)
    # Nothing is ever sent to the page itself, whether the application exists or not.
    assert answers == [404, 403 if name == "change" else 404]
    foreign.refresh_from_db()
    assert foreign.status == "submitted"
    assert not AuditEntry.objects.filter(actor=world.official).exists()


@pytest.mark.parametrize("name", ["approve", "reject", "reveal"])
def test_acts_need_post(client: Client, code: JoinCode, name: str) -> None:
    assert client.get(act(name, make_application(code))).status_code == 302


@pytest.mark.parametrize("name", ["change", "approve", "reject", "reveal"])
def test_leader_is_denied(world: World, code: JoinCode, name: str) -> None:
    application = make_application(code)
    assert logged_in(world.leader).post(act(name, application)).status_code == 403
    application.refresh_from_db()
    assert application.status == "submitted"


def test_numbers_are_revealed_for_a_reason_and_logged(
    world: World, client: Client, code: JoinCode
) -> None:
    who = person(90)
    application = make_application(code, who)
    refused = client.post(act("reveal", application), {"reason": " "})
    assert refused.context["reveal_form"].errors == {"reason": ["Say why you need to see it."]}
    assert who.id_number not in refused.text
    response = client.post(act("reveal", application), {"reason": "核对身份"})
    assert who.id_number in response.text
    assert "no-store" in response.headers["Cache-Control"]
    entry = AuditEntry.objects.get(action="application.revealed")
    assert (entry.actor, entry.data) == (world.official, {"reason": "核对身份"})
    assert who.id_number not in client.get(act("change", application)).text


# -- join codes -----------------------------------------------------------------------------------


def test_join_code_is_made_closed_and_opened(world: World, client: Client) -> None:
    page = "/admin/members/joincode/add/"
    response = client.post(page, {"union": world.low.pk, "channel": "qr", "label": "门口"})
    code = JoinCode.objects.get()
    change = reverse("admin:members_joincode_change", args=[code.pk])
    assert (response.headers["Location"], code.label, code.created_by) == (
        change,
        "门口",
        world.official,
    )
    shown_page = client.get(change).text
    assert reverse("members:join_code_svg", args=[code.pk]) in shown_page
    assert reverse("members:join_code_poster", args=[code.pk]) in shown_page
    switch = reverse("admin:members_joincode_switch", args=[code.pk])
    assert client.get(switch).status_code == 302
    states = []
    for _ in range(2):
        client.post(switch)
        code.refresh_from_db()
        states.append(code.is_active)
    assert states == [False, True]


def test_join_code_of_a_union_that_enrols_nobody_is_no_choice(world: World, client: Client) -> None:
    response = client.post(
        "/admin/members/joincode/add/", {"union": world.city.pk, "channel": "qr"}
    )
    assert list(response.context["adminform"].form.errors) == ["union"]
    assert JoinCode.objects.count() == 0


def test_codes_are_closed_together_in_scope(world: World, client: Client, code: JoinCode) -> None:
    foreign = make_join_code(world.other_low)
    client.post(
        "/admin/members/joincode/",
        {"action": "close_selected", "_selected_action": [code.pk, foreign.pk]},
    )
    code.refresh_from_db()
    foreign.refresh_from_db()
    assert (code.is_active, foreign.is_active) == (False, True)
    switch = reverse("admin:members_joincode_switch", args=[foreign.pk])
    assert client.post(switch).status_code == 404
    foreign.refresh_from_db()
    assert foreign.is_active is True


# -- register -------------------------------------------------------------------------------------


def test_register_is_read_in_scope(world: World, client: Client) -> None:
    own = make_membership(world.low, person(97, name="欧阳文静"))
    foreign = make_membership(world.other_low, person(98))
    page = "/admin/members/member/"
    assert list(client.get(page).context["cl"].result_list) == [own.member]
    response = client.get(f"{page}{own.member.pk}/change/")
    assert "joined" in response.text
    assert person(97).id_number not in response.text
    assert client.post(f"{page}{own.member.pk}/change/", {"name": "x"}).status_code == 403
    assert client.get(f"{page}{foreign.member.pk}/change/").status_code == 404
    assert list(client.get(f"{page}?q={person(97).id_number}").context["cl"].result_list) == [
        own.member
    ]
    memberships = client.get("/admin/members/membership/?q=欧阳").context["cl"].result_list
    assert list(memberships) == [own]
