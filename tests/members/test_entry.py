"""Applications that officials type in: on paper, and directly; and holding pools."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import Http404
from django.test import Client

from audit.models import AuditEntry
from core.clock import local_today
from core.codes import format_receipt
from core.encryption import decrypt
from core.errors import RuleViolation
from enterprises.models import Employer
from members.models import (
    Application,
    ApplicationPaper,
    JoinCode,
    Membership,
    MembershipEvent,
    Message,
)
from members.models.message import BODY_CONTEXT
from members.services.direct import enrol_directly
from members.services.join_codes import create_join_code
from members.services.paper import look_at_paper, record_paper_application
from members.services.pools import open_pool
from members.services.questions import create_question
from members.services.review import approve_application
from members.services.transfer import move_from_pool
from reference.models import WorkerGroup
from reports.counting.history import count_history
from reports.models import DailyUnitCount
from reports.selectors.counts import read_counts
from tests.builders import (
    make_application,
    make_join_code,
    make_membership,
    make_official,
    make_union,
    person,
)
from tests.members.joining import union as union
from unions.enums import Role
from unions.models import Union

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.4 a signed form"


def values(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "person": person(number),
        "worker_group": WorkerGroup.objects.get(pk="courier"),
        "employer_name": "顺达",
        "has_consented": True,
        **changes,
    }


def told(application: Application) -> list[tuple[str, str]]:
    """Kind and text of the messages to the applicant's phone, oldest first."""
    rows = Message.objects.filter(phone_hash=application.phone_hash).order_by("pk")
    return [(row.template, decrypt(row.body_encrypted, context=BODY_CONTEXT)) for row in rows]


def recorded_text(application: Application) -> tuple[str, str]:
    receipt = format_receipt(application.receipt_number)
    return (
        "application_recorded",
        f"【工会入会】工会工作人员已为您登记入会申请（受理编号 {receipt}），"
        f"由{application.union.name}审核。如非本人意愿，请联系该工会。查询：{settings.PUBLIC_BASE_URL}/join/status/",
    )


def scan(content: bytes = PDF, name: str = "张三 签字.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def test_paper_is_kept_privately_and_the_application_waits(union: Union) -> None:
    official = make_official("clerk", union)
    application = record_paper_application(union, file=scan(), actor=official, **values())
    assert (application.channel, application.status) == ("paper", "submitted")
    assert application.join_code is None
    assert application.consents.count() == 2
    assert told(application) == [recorded_text(application)]
    paper = application.paper
    assert paper.uploaded_by == official
    assert "张三" not in str(paper.file.name)
    with paper.file.open() as file:
        assert file.read() == PDF
    membership = approve_application(application, actor=None)
    assert (membership.channel, membership.events.get().channel) == ("paper", "paper")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"file": scan(b"MZ executable")}, "file"),
        ({"file": scan(b"")}, "file"),
        ({"has_consented": False}, "has_consented"),
        ({"person": person(1, id_number="1")}, "id_number"),
        ({"person": person(1, phone="1")}, "phone"),
    ],
)
def test_refusals_leave_neither_row_nor_file(
    union: Union, changes: dict[str, Any], field: str
) -> None:
    official = make_official("clerk", union)
    sent = {"file": scan(), **values(), **changes}
    with pytest.raises(RuleViolation) as refusal:
        record_paper_application(union, actor=official, **sent)
    assert refusal.value.field == field
    assert Application.objects.count() == ApplicationPaper.objects.count() == 0
    assert Message.objects.count() == 0


def test_one_waiting_application_is_enough(union: Union) -> None:
    official = make_official("clerk", union)
    make_application(make_join_code(union), person(1))
    before = _stored()
    with pytest.raises(RuleViolation) as refusal:
        record_paper_application(union, file=scan(), actor=official, **values())
    assert refusal.value.code == "waiting"
    assert _stored() == before


def _stored() -> set[str]:
    try:
        year, month = local_today().strftime("%Y/%m").split("/")
        return set(default_storage.listdir(f"papers/{year}/{month}")[1])
    except FileNotFoundError:
        return set()


def test_each_look_at_a_scan_is_logged_and_needs_scope(client: Client, union: Union) -> None:
    official = make_official("clerk", union)
    application = record_paper_application(union, file=scan(), actor=official, **values())
    stranger = make_official("stranger", make_union("别处", "township_union", union.parent))
    with pytest.raises(Http404):
        look_at_paper(application, actor=stranger)
    assert not AuditEntry.objects.filter(action="application.paper_seen").exists()
    client.force_login(official)
    answer = client.get(f"/admin/members/applicationpaper/{application.paper.pk}/scan/")
    assert (answer.content, answer.headers["Content-Type"]) == (PDF, "application/pdf")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert AuditEntry.objects.get(action="application.paper_seen").actor == official


def test_directly_waits_for_a_colleague_or_is_approved_at_once(union: Union) -> None:
    official = make_official("clerk", union)
    application, membership = enrol_directly(union, actor=official, **values(1))
    assert (application.channel, application.status, membership) == ("direct", "submitted", None)
    assert told(application) == [recorded_text(application)]
    application, membership = enrol_directly(union, at_once=True, actor=official, **values(2))
    assert membership is not None
    application.refresh_from_db()
    assert (application.status, application.decided_by) == ("approved", official)
    assert [template for template, _text in told(application)] == ["application_approved"]
    assert (membership.channel, membership.events.get().channel) == ("direct", "direct")
    acts = AuditEntry.objects.filter(object_id=str(application.pk), actor=official)
    assert sorted(acts.values_list("action", flat=True)) == [
        "application.approved", "application.recorded",
    ]  # fmt: skip


@pytest.mark.parametrize("page", ["applicationpaper/add", "application/direct"])
def test_the_unions_questions_are_asked_once_it_is_chosen(
    client: Client, union: Union, page: str
) -> None:
    assert union.parent is not None
    client.force_login(make_official("clerk", union.parent))
    question = create_question(union, kind="number", text_zh="工龄", is_required=True, actor=None)
    box = f"question_{question.pk}"
    address = f"/admin/members/{page}/"
    assert box not in client.get(address).content.decode()
    who = person(1)
    sent = {
        "union": union.pk, "name": who.name, "id_type": who.id_type, "id_number": who.id_number,
        "phone": who.phone, "worker_group": "courier", "has_consented": "on",
    }  # fmt: skip

    def send(**typed: str) -> Any:
        return client.post(address, {**sent, **typed, "file": scan()}, HTTP_ACCEPT_LANGUAGE="en")

    asked = send()
    assert "This union asks more" in asked.content.decode()
    assert f'name="{box}"' in asked.content.decode()
    assert asked.context["form"].errors[box] == ["Please answer this question."]
    assert send(**{box: "many"}).context["form"].errors.keys() == {box}
    assert Application.objects.count() == 0
    assert send(**{box: " ７ "}).status_code == 302
    answer = Application.objects.get().extra_answers.get()
    assert (answer.question, answer.value) == (question, "7")


def test_who_has_one_union_sees_its_questions_at_once(client: Client, union: Union) -> None:
    client.force_login(make_official("clerk", union))
    question = create_question(union, kind="text", text_zh="站点", actor=None)
    page = client.get("/admin/members/application/direct/").content.decode()
    assert f'name="question_{question.pk}"' in page


def test_a_refused_approval_leaves_no_application(union: Union) -> None:
    official = make_official("clerk", union)
    make_membership(union, person(1))
    with pytest.raises(RuleViolation) as refusal:
        enrol_directly(union, at_once=True, actor=official, **values(1))
    assert refusal.value.code == "already_member"
    assert Application.objects.count() == Message.objects.count() == 0


def test_entering_needs_scope_and_a_union_that_enrols(union: Union) -> None:
    stranger = make_official("stranger", make_union("别处", "township_union", union.parent))
    leader = make_official("leader", union, Role.LEADER)
    city = union.parent.parent if union.parent else None
    assert city is not None
    chief = make_official("chief", city)
    for target, actor in ((union, stranger), (union, leader), (city, chief)):
        with pytest.raises(RuleViolation) as refusal:
            enrol_directly(target, actor=actor, **values())
        assert refusal.value.field == "union"
    assert Application.objects.count() == 0


def test_pages_of_the_official(client: Client, union: Union) -> None:
    official = make_official("clerk", union)
    client.force_login(official)
    who = person(3)
    sent = {
        "union": union.pk, "name": who.name, "id_type": who.id_type, "id_number": who.id_number,
        "phone": who.phone, "worker_group": "courier", "has_consented": "on",
    }  # fmt: skip
    page = client.post("/admin/members/applicationpaper/add/", {**sent, "file": scan(b"no")})
    assert page.context["form"].errors.keys() == {"file"}
    page = client.post("/admin/members/applicationpaper/add/", {**sent, "file": scan()})
    assert page.status_code == 302
    again = client.post("/admin/members/application/direct/", {**sent, "at_once": "on"})
    assert again.context["form"].errors.keys() == {"id_number"}
    assert Application.objects.count() == 1
    assert Membership.objects.count() == 0


# -- holding pools --------------------------------------------------------------------------------


def test_pool_is_opened_once_with_a_code_of_its_own(union: Union) -> None:
    county = union.parent
    assert county is not None
    official = make_official("county", county)
    pool, code = open_pool(county, actor=official)
    assert (pool.kind_id, pool.parent, pool.region) == ("holding_pool", county, county.region)
    assert (code.union, code.channel) == (pool, "online")
    assert open_pool(county, actor=official) == (pool, code)
    JoinCode.objects.update(is_active=False)
    _same, other = open_pool(county, actor=official)
    assert other.pk != code.pk
    assert Union.objects.filter(kind="holding_pool").count() == 1


def test_pool_needs_a_county_in_scope(union: Union) -> None:
    county = union.parent
    assert county is not None
    for target, actor in (
        (union, None),
        (county, make_official("township", union)),
        (county, make_official("single", county, Role.GRASSROOTS_OFFICIAL)),
    ):
        with pytest.raises(RuleViolation):
            open_pool(target, actor=actor)
    assert Union.objects.filter(kind="holding_pool").count() == 0


def test_members_of_a_pool_count_for_the_county_but_the_pool_is_no_union(union: Union) -> None:
    county = union.parent
    assert county is not None
    pool, _code = open_pool(county, actor=None)
    make_membership(pool, on="2024-01-02")
    count_history(local_today())

    def newest(metric: str) -> int:
        today = local_today()
        return read_counts([county.pk], [(metric, "")], [today]).at(county.pk, metric, "", today)

    assert newest("members") == 1
    assert newest("unions") == 2  # the county and the street
    assert not DailyUnitCount.objects.filter(breakdown="holding_pool").exists()


def test_moving_on_needs_no_application_and_keeps_the_way_in(client: Client, union: Union) -> None:
    county = union.parent
    assert county is not None
    official = make_official("county", county)
    pool, code = open_pool(county, actor=official)
    membership = approve_application(make_application(code, person(1)), actor=None)
    Membership.objects.filter(pk=membership.pk).update(
        started_on=local_today() - dt.timedelta(days=9)
    )
    client.force_login(official)
    chosen = {"action": "move_from_pool_selected", "_selected_action": [membership.pk]}
    page = client.post("/admin/members/membership/", chosen).content.decode()
    search = re.search(r'data-ajax--url="([^"]+)"', page)
    assert search is not None
    source = "app_label=members&model_name=mobilewindow&field_name=union"
    found = client.get(f"{search.group(1)}&{source}").json()["results"]
    offered = {int(row["id"]) for row in found}
    assert (union.pk in offered, pool.pk in offered) == (True, False)
    answer = client.post(
        "/admin/members/membership/",
        {
            **chosen,
            "confirmed": "1",
            "to_union": union.pk,
        },
    )
    assert answer.status_code == 302
    assert Application.objects.count() == 1
    moved = Membership.objects.get(union=union)
    old = Membership.objects.get(pk=membership.pk)
    assert (old.status, moved.status) == ("ended", "active")
    assert (moved.channel, moved.join_code) == ("online", code)
    events = MembershipEvent.objects.filter(channel="online", join_code=code)
    assert events.count() == MembershipEvent.objects.count() == 4
    again = client.post(
        "/admin/members/membership/",
        {"action": "move_from_pool_selected", "_selected_action": [moved.pk]},
        follow=True,
        HTTP_ACCEPT_LANGUAGE="en",
    )
    assert "None of those chosen is in a holding pool." in again.content.decode()


@pytest.mark.parametrize("channel", ["qr", "online", "platform"])
def test_way_in_stays_through_approval_and_transfer(union: Union, channel: str) -> None:
    county = union.parent
    assert county is not None
    pool, _code = open_pool(county, actor=None)
    code = create_join_code(pool, channel=channel, actor=None)
    membership = approve_application(make_application(code, person(1)), actor=None)
    Membership.objects.update(started_on=local_today() - dt.timedelta(days=9))
    membership.refresh_from_db()
    transfer = move_from_pool(membership, to_union=union, actor=None)
    moved = transfer.new_membership
    assert moved is not None
    assert (moved.channel, moved.join_code) == (channel, code)
    assert {(e.channel, e.join_code) for e in MembershipEvent.objects.all()} == {(channel, code)}


def test_link_for_a_platforms_app_begins_with_the_firm(client: Client, union: Union) -> None:
    city = union.parent.parent if union.parent else None
    assert city is not None
    assert city.region is not None
    firm = Employer.objects.create(name="聊城美团配送有限公司", region=city.region, keeper=city)
    with pytest.raises(RuleViolation):
        create_join_code(union, employer=firm, actor=None)
    code = create_join_code(union, channel="platform", employer=firm, actor=None)
    page = client.get(f"/join/{code.code}/")
    assert 'value="聊城美团配送有限公司"' in page.content.decode()
    application = make_application(code, person(1), employer_name=firm.name)
    application.refresh_from_db()
    assert (application.channel, application.employer) == ("platform", firm)
    # It is for the firm's app, not for everybody.
    assert code.code not in client.get("/join/?q=柳园").content.decode()
