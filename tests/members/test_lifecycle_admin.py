"""The officials' pages of a membership's life: acts, transfers, expulsions, proposals."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.models import AuditEntry
from members.models import DecisionPaper, Membership, Transfer
from members.services.look_ups import LOOKS_PER_HOUR
from tests.builders import make_membership, make_official, make_union, person
from tests.members.lifecycle import PDF, TODAY, TOMORROW, days_ago, in_order, moving, scan, written
from unions.models import Union

pytestmark = pytest.mark.django_db


@pytest.fixture
def county() -> Union:
    return make_union("测试县总", "county_federation")


@pytest.fixture
def town(county: Union) -> Union:
    return make_union("东镇工会", "township_union", county)


@pytest.fixture
def other() -> Union:
    return make_union("西镇工会", "township_union", make_union("邻县总", "county_federation"))


@pytest.fixture
def membership(town: Union) -> Membership:
    return make_membership(town, person(41, name="王小红"), on="2024-01-01")


@pytest.fixture
def official(town: Union) -> User:
    return make_official("official", town, "grassroots_official")


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    settings.LANGUAGE_CODE = "en"


def browser(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def act(user: User, membership: Membership, slug: str, **data: Any) -> Any:
    address = reverse("admin:members_membership_act", args=[membership.pk, slug])
    return browser(user).post(address, data)


def done(answer: Any, membership: Membership) -> str:
    """The status after an act that must have been done."""
    if answer.status_code != 302:  # say what was refused
        assert answer.context_data["form"].errors == {}
    assert answer.status_code == 302
    membership.refresh_from_db()
    return membership.status


def errors(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 200
    return {name: list(map(str, said)) for name, said in answer.context_data["form"].errors.items()}


def offered(user: User, membership: Membership) -> list[str]:
    page: Any = browser(user).get(reverse("admin:members_membership_change", args=[membership.pk]))
    assert page.status_code == 200
    return [item.slug for _title, acts in page.context_data["groups"] for item in acts]


def test_page_offers_what_fits_the_state(official: User, membership: Membership) -> None:
    assert offered(official, membership) == [
        "retain", "transfer", "leave", "death", "expel", "start", "union", "group", "annul",
    ]  # fmt: skip
    answer = act(official, membership, "retain", reason="retired", effective_on=TODAY)
    assert done(answer, membership) == "retained"
    assert offered(official, membership)[0] == "restore"
    answer = act(official, membership, "restore", reason="working_again", effective_on=TODAY)
    assert done(answer, membership) == "active"
    answer = act(official, membership, "death", died_on=days_ago(0))
    assert done(answer, membership) == "ended"
    assert offered(official, membership) == ["start", "end", "reopen", "union", "group"]
    assert done(act(official, membership, "reopen"), membership) == "active"
    assert done(act(official, membership, "annul"), membership) == "annulled"
    assert offered(official, membership) == []
    in_order()


def test_refusals_stand_beside_the_field(official: User, membership: Membership) -> None:
    before = written()
    answer = act(official, membership, "leave", reason="own_wish", last_day=TOMORROW)
    assert errors(answer) == {"last_day": ["This day has not come yet."]}
    answer = act(official, membership, "leave", reason="crime", last_day="no date")
    assert set(errors(answer)) == {"reason", "last_day"}
    answer = act(official, membership, "restore", reason="own_wish", effective_on=TODAY)
    assert errors(answer) == {"__all__": ["This membership is not retained."]}
    answer = act(official, membership, "union", union_name="不存在的工会")
    assert errors(answer) == {"union_name": ["No union of this name takes members."]}
    assert written() == before


def test_expulsion_with_its_scan_seen_above(
    official: User, membership: Membership, county: Union, other: Union, tmp_path: Path
) -> None:
    sent = {"number": "1号", "decided_on": TODAY, "last_day": TODAY}
    before = written()
    assert set(errors(act(official, membership, "expel", **sent))) == {"file"}
    answer = act(official, membership, "expel", **sent, file=scan(b"<html>"))
    assert errors(answer) == {"file": ["Send a PDF, JPEG or PNG file."]}
    late = act(official, membership, "expel", **{**sent, "last_day": days_ago(1)}, file=scan())
    assert set(errors(late)) == {"last_day"}
    assert written() == before
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert done(act(official, membership, "expel", **sent, file=scan()), membership) == "ended"
    paper = DecisionPaper.objects.get()
    above = browser(make_official("above", county))
    page = above.get(reverse("admin:members_decisionpaper_changelist"))
    assert "王小红" in page.content.decode()
    file = above.get(reverse("admin:members_decisionpaper_scan", args=[paper.pk]))
    assert (file.content, file["Content-Type"]) == (PDF, "application/pdf")
    assert "no-store" in file["Cache-Control"]
    assert AuditEntry.objects.get(action="decision.seen").actor == User.objects.get(
        username="above"
    )
    stranger = browser(make_official("stranger", other))
    address = reverse("admin:members_decisionpaper_scan", args=[paper.pk])
    assert stranger.get(address).status_code == 404


def test_union_by_its_name_or_chosen_among_several(
    official: User, membership: Membership, county: Union
) -> None:
    make_union("南镇工会", "township_union", county)
    north = make_union("北镇工会", "township_union", county)
    sent = {"asked_by": "member", "reason": "搬家"}
    answer = act(official, membership, "transfer", union_name="镇工会", **sent)
    assert errors(answer) == {"union": ["Several unions fit: choose one."]}
    assert 'name="union"' in answer.content.decode()
    answer = act(official, membership, "transfer", union_name="镇工会", union=north.pk, **sent)
    assert done(answer, membership) == "transferring"
    assert Transfer.objects.get().to_union == north


def test_a_transfer_from_asking_to_done(
    official: User, membership: Membership, other: Union
) -> None:
    receiver = browser(make_official("receiver", other))
    answer = act(
        official, membership, "transfer",
        asked_by="releasing", union_name="西镇工会", reason="换工作", worker_group="carer",
    )  # fmt: skip
    assert done(answer, membership) == "transferring"
    transfer = Transfer.objects.get()
    todo = reverse("admin:members_transfer_changelist") + "?waiting=mine"
    assert "王" in receiver.get(todo).content.decode()
    page = receiver.get(reverse("admin:members_transfer_change", args=[transfer.pk]))
    shown = page.content.decode()
    # The releasing union's data stay there until the membership has moved.
    assert "王小红" not in shown
    assert membership.member.masked_phone not in shown
    assert [side for side, *_ in (page.context_data or {})["sides"]] == ["receiving"]
    decide = reverse("admin:members_transfer_decide", args=[transfer.pk])
    refused = receiver.post(decide, {"side": "receiving", "refuse": "1"})
    assert "Say why." in refused.content.decode()
    wrong_side = receiver.post(decide, {"side": "releasing", "agree": "1"}, follow=True)
    assert "This is for the other union to decide." in wrong_side.content.decode()
    assert receiver.post(decide, {"side": "receiving", "agree": "1"}).status_code == 302
    transfer.refresh_from_db()
    assert transfer.status == "done"
    assert "王小红" in receiver.get(
        reverse("admin:members_transfer_change", args=[transfer.pk])
    ).content.decode()  # fmt: skip
    again = receiver.post(decide, {"side": "receiving", "agree": "1"}, follow=True)
    assert "This transfer is closed already: done." in again.content.decode()
    in_order()


def test_asking_for_a_member_elsewhere(membership: Membership, other: Union) -> None:
    receiver = make_official("receiver", other)
    who = person(41)
    sent = {
        "to_union": other.pk, "name": "王小红", "id_type": "resident_id",
        "id_number": who.id_number, "reason": "来此工作",
    }  # fmt: skip
    address = reverse("admin:members_transfer_receive")
    client = browser(receiver)
    unknown = ["No membership of this name and number can be transferred."]
    wrong_name = client.post(address, {**sent, "name": "李小红"})
    assert errors(wrong_name) == {"id_number": unknown}
    nobody = client.post(address, {**sent, "id_number": person(42).id_number})
    assert errors(nobody) == {"id_number": unknown}
    assert client.post(address, sent).status_code == 302
    transfer = Transfer.objects.get()
    assert (transfer.asked_by, transfer.receive_by, transfer.membership) == (
        "receiving", receiver, membership,
    )  # fmt: skip
    looks = AuditEntry.objects.filter(action="transfer.looked_up")
    assert [entry.data for entry in looks.order_by("id")] == [
        {"found": False}, {"found": False}, {"found": True},
    ]  # fmt: skip
    # Now under way: no more to be told than of anybody unknown.
    assert errors(client.post(address, sent)) == {"id_number": unknown}
    AuditEntry.objects.bulk_create(
        AuditEntry(action="transfer.looked_up", actor=receiver, object_type="x", object_id="1")
        for _ in range(LOOKS_PER_HOUR)
    )
    limited = errors(client.post(address, sent))
    assert limited == {"__all__": ["Too many look-ups within an hour. Try again later."]}


def test_overdue_and_cancelled(official: User, membership: Membership, other: Union) -> None:
    transfer = moving(membership, other)
    Transfer.objects.update(deadline=days_ago(1))
    client = browser(official)
    late = client.get(reverse("admin:members_transfer_changelist") + "?waiting=overdue")
    assert "王小红" in late.content.decode()
    answer = client.post(reverse("admin:members_transfer_cancel", args=[transfer.pk]))
    assert answer.status_code == 302
    late = client.get(reverse("admin:members_transfer_changelist") + "?waiting=overdue")
    assert "王小红" not in late.content.decode()
    in_order()


def test_many_together_one_stops_no_other(official: User, membership: Membership) -> None:
    second = make_membership(membership.union, on="2024-01-01")
    act(official, second, "leave", reason="own_wish", last_day=TODAY)
    address = reverse("admin:members_membership_changelist")
    chosen = {"action": "retain_selected", "_selected_action": [membership.pk, second.pk]}
    page = browser(official).post(address, chosen)
    assert "王小红" in page.content.decode()
    answer = browser(official).post(
        address,
        {**chosen, "confirmed": "1", "reason": "retired", "effective_on": TODAY},
        follow=True,
    )
    shown = answer.content.decode()
    assert "1 membership retained." in shown
    assert "This membership has ended already" in shown
    membership.refresh_from_db()
    second.refresh_from_db()
    assert (membership.status, second.status) == ("retained", "ended")


def test_proposals_are_a_list_and_nothing_else(
    official: User, membership: Membership, town: Union
) -> None:
    old = make_membership(town, person(43, name="赵老人"), on="2024-01-01")
    old.member.birth_date, old.member.sex = dt.date(1950, 5, 1), "1"
    old.member.save()
    before = written()
    address = reverse("admin:members_membership_changelist")
    shown = browser(official).get(address + "?proposal=retirement").content.decode()
    assert "赵老人" in shown
    assert "王小红" not in shown
    for kind in ("pool", "retained", "union"):
        assert "赵老人" not in browser(official).get(f"{address}?proposal={kind}").content.decode()
    assert written() == before
