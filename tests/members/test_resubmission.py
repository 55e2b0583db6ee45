"""Correction: the union says what, the applicant sends again, nobody learns more."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone

from audit.models import AuditEntry
from core.encryption import decrypt
from core.errors import RuleViolation
from members.models import Application, ApplicationStep, Message
from members.models.application import PHONE_CONTEXT
from members.models.message import BODY_CONTEXT
from members.services.resubmission import (
    cancel_application,
    request_correction,
    resubmit_application,
)
from members.services.review import approve_application
from members.views.status import TOKEN_SALT
from tests.builders import make_application, make_join_code, make_official, make_union, person
from unions.models import Union

pytestmark = pytest.mark.django_db

PHONE = "12900000777"


@pytest.fixture
def union() -> Union:
    """A county that enrols members."""
    return make_union("县总", "county_federation", make_union("市总", "city_federation"))


@pytest.fixture
def application(union: Union) -> Application:
    """An application with PHONE that waits for review."""
    return make_application(make_join_code(union), person(777, name="王小明"), employer_name="美团")


def ask(application: Application, *fields: str, note: str = "") -> None:
    request_correction(application, fields=fields, note=note, actor=None)
    application.refresh_from_db()


def texts_sent(template: str) -> list[str]:
    return [
        decrypt(message.body_encrypted, context=BODY_CONTEXT)
        for message in Message.objects.filter(template=template)
    ]


# -- asking ---------------------------------------------------------------------------------------


def test_asking_stops_the_review_and_tells_the_applicant(
    union: Union, application: Application
) -> None:
    official = make_official("official", union)
    request_correction(
        application, fields=["phone", "name"], note="身份证 3715…99 不符", actor=official
    )
    application.refresh_from_db()
    assert (application.status, application.decided_at) == ("correction", None)
    step = ApplicationStep.objects.get()
    assert (step.type, step.fields, step.actor) == ("correction", ["name", "phone"], official)
    (text,) = texts_sent("application_correction")
    assert "姓名、手机号码" in text
    assert "3715" not in text  # the note is read on the page alone
    assert AuditEntry.objects.get(action="application.correction_asked").data == {
        "fields": ["name", "phone"]
    }
    with pytest.raises(RuleViolation) as refusal:
        approve_application(application, actor=official)
    assert refusal.value.code == "correction"


@pytest.mark.parametrize("fields", [[], ["status"], ["name", "id"]])
def test_asking_names_known_fields(application: Application, fields: list[str]) -> None:
    with pytest.raises(RuleViolation) as refusal:
        request_correction(application, fields=fields, actor=None)
    assert refusal.value.field == "fields"
    application.refresh_from_db()
    assert application.status == "submitted"
    assert not ApplicationStep.objects.exists()


# -- sending again --------------------------------------------------------------------------------


def test_only_what_is_asked_changes_and_the_rest_stays(application: Application) -> None:
    before = bytes(application.id_number_hash)
    Application.objects.update(phone_proven_at=timezone.now())
    ask(application, "phone")
    resubmit_application(application, changes={"phone": "12900000778"})
    application.refresh_from_db()
    assert (application.status, application.phone_proven_at) == ("submitted", None)
    assert decrypt(application.phone_encrypted, context=PHONE_CONTEXT) == "+8612900000778"
    assert bytes(application.id_number_hash) == before
    assert application.resubmitted_at is not None
    assert list(ApplicationStep.objects.values_list("type", "fields")) == [
        ("correction", ["phone"]), ("resubmitted", ["phone"]),
    ]  # fmt: skip
    assert AuditEntry.objects.get(action="application.resubmitted").data == {"fields": ["phone"]}


def test_a_proven_phone_that_stays_stays_proven(application: Application) -> None:
    Application.objects.update(phone_proven_at=timezone.now())
    ask(application, "name")
    resubmit_application(application, changes={"name": "王晓明", "employer_name": " 饿了么 "})
    application.refresh_from_db()
    assert application.phone_proven_at is not None
    assert (application.name, application.employer_name) == ("王晓明", "饿了么")


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"id_number": person(5).id_number}, "id_number", "not_asked"),
        ({"phone": "123"}, "phone", "not_asked"),
        ({"name": " "}, "name", "required"),
    ],
)
def test_refused_changes_leave_nothing_written(
    application: Application, changes: dict[str, Any], field: str, code: str
) -> None:
    ask(application, "name")
    with pytest.raises(RuleViolation) as refusal:
        resubmit_application(application, changes={"employer_name": "别处", **changes})
    assert (refusal.value.field, refusal.value.code) == (field, code)
    application.refresh_from_db()
    assert (application.status, application.employer_name) == ("correction", "美团")
    assert ApplicationStep.objects.count() == 1


def test_taking_somebody_elses_numbers_tells_nothing(
    union: Union, application: Application
) -> None:
    victim = make_application(make_join_code(union), person(778))
    ask(application, "id_number", "phone")
    resubmit_application(
        application, changes={"id_number": person(778).id_number, "phone": person(778).phone}
    )
    application.refresh_from_db()
    assert (application.status, bytes(application.id_number_hash)) == (
        "submitted", bytes(victim.id_number_hash),
    )  # fmt: skip


def test_taking_back_ends_it(application: Application) -> None:
    cancel_application(application)
    application.refresh_from_db()
    assert application.status == "cancelled"
    assert application.decided_at is not None
    with pytest.raises(RuleViolation) as refusal:
        cancel_application(application)
    assert refusal.value.code == "decided"
    assert list(ApplicationStep.objects.values_list("type", flat=True)) == ["cancelled"]


# -- pages ----------------------------------------------------------------------------------------


def post(client: Client, path: str, data: dict[str, str]) -> Any:
    return client.post(path, data, HTTP_ACCEPT_LANGUAGE="en")


def look_up(client: Client, application: Application, phone: str = PHONE) -> str:
    data = {"receipt_number": application.receipt_number, "phone": phone}
    return post(client, "/join/status/", data).content.decode()


def token_of(page: str) -> str:
    return re.findall(r'name="token" value="([^"]+)"', page)[0]


def heading(page: str) -> str:
    return re.findall(r"<h1[^>]*>(.*?)</h1>", page, re.S)[0]


def test_from_the_state_to_the_corrected_application(
    client: Client, application: Application
) -> None:
    ask(application, "id_number", note="号码与姓名<不符>")
    page = look_up(client, application)
    assert heading(page) == "Please correct your application"
    assert "Document and its number" in page
    assert "号码与姓名&lt;不符&gt;" in page
    form = post(client, "/join/status/correct/", {"token": token_of(page)})
    boxes = set(re.findall(r'name="(\w+)"', form.content.decode()))
    assert {"id_type", "id_number", "worker_group", "employer_name"} <= boxes
    assert not {"name", "phone"} & boxes  # not asked for
    assert 'value="美团"' in form.content.decode()
    assert "no-store" in form.headers["Cache-Control"]
    number = person(900).id_number
    data = {
        "token": token_of(form.content.decode()),
        "send": "1",
        "id_type": "resident_id",
        "id_number": number,
        "worker_group": "courier",
        "employer_name": "美团",
    }
    sent = post(client, "/join/status/correct/", data).content.decode()
    assert heading(sent) == "Your application is being reviewed"
    assert "Thank you. Your corrected application has been sent." in sent
    assert number not in sent
    application.refresh_from_db()
    assert application.masked_id_number[-4:] == number[-4:]
    # Sent a second time by a reload: it stands as it is.
    again = post(client, "/join/status/correct/", data).content.decode()
    assert heading(again) == "Your application is being reviewed"
    assert ApplicationStep.objects.filter(type="resubmitted").count() == 1


def test_numbers_are_never_filled_in_and_stay_when_left_empty(
    client: Client, application: Application
) -> None:
    ask(application, "id_number", "phone")
    page = post(
        client, "/join/status/correct/", {"token": token_of(look_up(client, application))}
    ).content.decode()
    assert person(777).id_number not in page
    assert PHONE not in page
    assert application.masked_phone in page
    hashes = bytes(application.id_number_hash), bytes(application.phone_hash)
    data = {"token": token_of(page), "send": "1", "worker_group": "courier",
            "id_type": "resident_id", "id_number": "", "phone": ""}  # fmt: skip
    post(client, "/join/status/correct/", data)
    application.refresh_from_db()
    assert application.status == "submitted"
    assert (bytes(application.id_number_hash), bytes(application.phone_hash)) == hashes


def test_mistakes_come_back_beside_their_boxes(client: Client, application: Application) -> None:
    ask(application, "id_number", "phone", "name")
    token = token_of(look_up(client, application))
    data = {"token": token, "send": "1", "id_type": "passport", "id_number": "", "phone": "1",
            "name": "123", "worker_group": "no-such"}  # fmt: skip
    page = post(client, "/join/status/correct/", data).content.decode()
    wrong = set(re.findall(r'id="id_(\w+)_error"', page))
    assert wrong == {"id_number", "phone", "name", "worker_group"}
    application.refresh_from_db()
    assert application.status == "correction"


@pytest.mark.parametrize("page", ["correct", "take-back"])
@pytest.mark.parametrize("token", ["", "x", "WzEsIjAiXQ:1xV0KN:Y8c9diigcx1S7tdeLcNUq4BIxzcSGR"])
def test_without_a_token_of_ours_nothing_opens(
    client: Client, application: Application, page: str, token: str
) -> None:
    ask(application, "name")
    answer = post(client, f"/join/status/{page}/", {"token": token, "send": "1"})
    assert heading(answer.content.decode()) == "Check my application"
    application.refresh_from_db()
    assert application.status == "correction"


def test_a_token_ends_with_the_phone_it_was_given_for(
    client: Client, application: Application
) -> None:
    ask(application, "phone")
    token = token_of(look_up(client, application))
    resubmit_application(application, changes={"phone": "12900000778"})
    answer = post(client, "/join/status/take-back/", {"token": token})
    assert heading(answer.content.decode()) == "Check my application"
    # Nor does one of an application that is gone open anything.
    forged = signing.dumps([10**9, "0" * 16], salt=TOKEN_SALT)
    assert post(client, "/join/status/take-back/", {"token": forged}).status_code == 200
    application.refresh_from_db()
    assert application.status == "submitted"


def test_take_back_on_the_page(client: Client, application: Application) -> None:
    token = token_of(look_up(client, application))
    page = post(client, "/join/status/take-back/", {"token": token}).content.decode()
    assert heading(page) == "You have taken your application back"
    again = post(client, "/join/status/take-back/", {"token": token}).content.decode()
    assert heading(again) == heading(page)
    assert client.get("/join/status/correct/").headers["Location"] == "/join/status/"


def test_the_way_is_shown_without_names(
    client: Client, union: Union, application: Application
) -> None:
    official = make_official("秘密干事", union)
    request_correction(application, fields=["name"], actor=official)
    resubmit_application(application, changes={"name": "王晓明"})
    approve_application(application, actor=official)
    page = look_up(client, application)
    assert re.findall(r"<li><span>(.*?)</span>", page) == [
        "Application sent", "Correction asked for", "Corrected and sent again", "Approved",
    ]  # fmt: skip
    assert "秘密干事" not in page
