"""Names with rare characters and middle dots, from the form to every place that shows them."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from members.models import Application, Member
from members.services.personal_export import ask_export, decide_export, start_download
from members.services.review import approve_application
from tests.builders import make_official
from tests.members.joining import ID_NUMBER, PHONE, code as code, send, union as union
from tests.members.own_page import browser_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("typed", "name", "masked", "beginning"),
    [
        ("\U00020bb7 野明", "\U00020bb7野明", "\U00020bb7*明", "\U00020bb7野"),
        ("阿卜杜•热合曼", "阿卜杜·热合曼", "阿**·热**", "阿卜杜·"),
        ("刘\ue863", "刘䶮", "刘*", "刘䶮"),
        ("李\U00031350", "李\U00031350", "李*", "李\U00031350"),
    ],
)
def test_a_name_is_the_same_everywhere(client, code, union, typed, name, masked, beginning):
    assert send(client, code, name=typed).status_code == 302
    application = Application.objects.get()
    assert (application.name, application.masked_name) == (name, masked)

    official = make_official("county", union.parent)
    asker = make_official("asker", union)
    desk = Client()
    desk.force_login(official)
    queue = desk.get("/admin/members/application/", {"q": beginning}).content.decode()
    assert name in queue
    page = desk.get(f"/admin/members/application/{application.pk}/change/").content.decode()
    assert name in page

    approve_application(application, actor=official)
    member = Member.objects.get()
    assert member.name == name
    found = desk.get("/admin/members/member/", {"q": beginning}).content.decode()
    assert name in found

    own = browser_of(member)
    document = json.loads(own.post("/me/download/data.json").content)
    assert document["person"]["name"] == name
    assert own.post("/me/download/data.pdf").content.startswith(b"%PDF")

    export = ask_export(union, purpose="发放慰问品名单", actor=asker)
    decide_export(export, allow=True, actor=official)
    rows = list(start_download(export, actor=asker).rows)
    assert [name, ID_NUMBER, f"+86{PHONE}"] in [
        [row[0], row[2], row[3]] for row in rows if len(row) > 3
    ]


def test_a_character_of_an_old_font_is_refused_beside_its_box(client, code):
    page = send(client, code, name="刘\ue000明").content.decode()
    assert "One character of the name cannot be read here" in page
    assert Application.objects.count() == 0
