"""From a code to a receipt: what is stored, what is answered, and what never leaks."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client

from audit.models import AuditEntry
from core.codes import format_receipt
from members.models import Application, Consent, JoinCode
from members.services.enrolment import PersonInput
from members.services.join_codes import set_join_code_active
from members.services.review import approve_application
from tests.builders import (
    make_application,
    make_join_code,
    make_membership,
    make_region,
    make_union,
    person,
)
from tests.members.joining import ID_NUMBER, PHONE, answers, code as code, send, union as union
from unions.models import Union

pytestmark = pytest.mark.django_db


def text_of(response: Any) -> str:
    """The page without what differs from request to request."""
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", response.content.decode())


# -- the way through ------------------------------------------------------------------------------


def test_page_names_the_union_and_is_never_stored(client: Client, code: JoinCode) -> None:
    response = client.get(f"/join/{code.code}/", HTTP_ACCEPT_LANGUAGE="en")
    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]
    page = response.content.decode()
    assert "<h1>柳园街道工会</h1>" in page
    assert "山东省聊城市东昌府区" in page
    assert page.count('type="radio"') == 12
    assert "checked" not in page
    number = re.search(r'<input[^>]+name="id_number"[^>]*>', page)
    assert number is not None
    assert 'autocomplete="off"' in number.group()
    assert 'spellcheck="false"' in number.group()


def test_page_loads_nothing_from_elsewhere_and_little_from_here(
    client: Client, code: JoinCode
) -> None:
    page = client.get(f"/join/{code.code}/").content.decode()
    loaded = re.findall(r'(?:src|href)="([^"]+\.(?:js|css))"', page)
    assert loaded == [
        "/static/vendor/bootstrap/css/bootstrap.min.css",
        "/static/portal/site.css",
        "/static/members/join.css",
        "/static/members/proof-of-work.js",
        "/static/members/after-post.js",
        "/static/members/draft.js",
        "/static/members/join.js",
        "/static/members/send.js",
    ]
    assert re.findall(r"https?://[^\"' ]+", page) == []
    assert re.findall(r"<script(?![^>]* src=)|<style| on[a-z]+=\"", page) == []


def test_first_load_stays_small(client: Client, code: JoinCode) -> None:
    """All that a phone fetches before somebody can type: page, styles, scripts, pictures, fonts."""
    page = client.get(f"/join/{code.code}/").content
    names = set(re.findall(rb'(?:src|href|data-worker)="/static/([^"#]+)', page))
    files = [Path(str(finders.find(name.decode()))) for name in names]
    for sheet in [file for file in files if file.suffix == ".css"]:
        inside = re.findall(r"url\((?!\"?data:)[\"']?([^)\"']+)", sheet.read_text(encoding="utf-8"))
        files += [(sheet.parent / name).resolve() for name in inside]
    assert {file.suffix for file in files} == {".css", ".js", ".svg"}
    contents = [page, *(file.read_bytes() for file in files)]
    assert sum(len(gzip.compress(content)) for content in contents) < 70_000


SCRIPTS = ("after-post.js", "draft.js", "join.js", "send.js")
# What came after ES2017, or needs a loader; the browsers inside chat apps are years behind.
TOO_NEW = re.compile(
    r"\?\.(?!\d)|\?\?|\*\*=|\.\.\.|=>|`|\bcatch *\{|\b(?:import|export|await|let|const|class)\b"
    r"|\(\?<[=!]|\.(?:flat|flatMap|at|replaceAll|matchAll|fromEntries|finally)\("
)


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_stay_within_what_old_browsers_know(name: str) -> None:
    text = Path(str(finders.find(f"members/{name}"))).read_text(encoding="utf-8")
    code = re.sub(r"/\*.*?\*/|^\s*//.*$", "", text, flags=re.S | re.M)
    assert TOO_NEW.findall(code) == []
    style = Path(str(finders.find("members/join.css"))).read_text(encoding="utf-8")
    assert re.findall(r":has\(|@container|@layer|^\s*&", style, flags=re.M) == []


def test_sending_writes_one_application_with_its_consents(client: Client, code: JoinCode) -> None:
    response = send(client, code)
    assert (response.status_code, response.headers["Location"]) == (302, "/join/received/")
    application = Application.objects.get()
    assert (application.union, application.join_code, application.channel, application.status) == (
        code.union, code, "qr", "submitted",
    )  # fmt: skip
    assert (application.name, application.worker_group_id, application.employer_name) == (
        "王小明", "courier", "美团",
    )  # fmt: skip
    consents = Consent.objects.order_by("text__purpose").values_list(
        "application", "text__purpose", "text__version"
    )
    assert list(consents) == [(application.pk, "id_number", 1), (application.pk, "joining", 1)]
    assert AuditEntry.objects.filter(action="application.submitted").count() == 1


def test_number_and_phone_are_nowhere_readable_in_the_row(client: Client, code: JoinCode) -> None:
    send(client, code)
    with connection.cursor() as cursor:
        cursor.execute("SELECT a::text, encode(id_number_encrypted, 'escape'),"
                       " encode(phone_encrypted, 'escape') FROM members_application a")  # fmt: skip
        row = " ".join(cursor.fetchone())
        cursor.execute("SELECT coalesce(string_agg(e::text, ' '), '') FROM audit_auditentry e")
        trail = cursor.fetchone()[0]
    for secret in (ID_NUMBER, PHONE, ID_NUMBER.encode().hex(), PHONE.encode().hex()):
        assert secret not in row
        assert secret not in trail
    assert "王小明" not in trail


def test_receipt_is_shown_once_sent_and_only_here(client: Client, code: JoinCode) -> None:
    send(client, code)
    number = Application.objects.get().receipt_number
    response = client.get("/join/received/", HTTP_ACCEPT_LANGUAGE="en")
    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]
    shown = f"{number[:4]}-{number[4:8]}-{number[8:]}"
    page = response.content.decode()
    assert shown in page
    for personal in ("王小明", PHONE, ID_NUMBER):
        assert personal not in page
    cookie = client.cookies["join_receipt"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/join/", True, "Lax")
    stranger = Client().get("/join/received/")
    assert (stranger.status_code, stranger.headers["Location"]) == (302, "/join/status/")


def test_receipt_of_an_application_taken_in_on_paper(client: Client, code: JoinCode) -> None:
    send(client, code)
    Application.objects.update(join_code=None, channel="paper")
    assert send(client, code).status_code == 302
    assert client.get("/join/received/").status_code == 200


def test_forged_receipt_cookie_shows_nothing(client: Client, code: JoinCode) -> None:
    application = make_application(code)
    client.cookies["join_receipt"] = f"{application.receipt_number}:x:y"
    assert client.get("/join/received/").status_code == 302


def test_sending_twice_makes_one_application(client: Client, code: JoinCode) -> None:
    pages = []
    for _ in range(2):
        assert send(client, code).status_code == 302
        pages.append(text_of(client.get("/join/received/")))
    application = Application.objects.get()
    sending = application.sendings.get()
    assert format_receipt(application.receipt_number) in pages[0]
    assert format_receipt(sending.receipt_number) in pages[1]


def test_sending_needs_the_token(code: JoinCode) -> None:
    strict = Client(enforce_csrf_checks=True)
    response = strict.post(f"/join/{code.code}/", answers(), HTTP_ACCEPT_LANGUAGE="en")
    assert response.status_code == 403
    page = response.content.decode()
    assert "This page has been open for too long" in page
    assert f'href="/join/{code.code}/"' in page
    assert ID_NUMBER not in page
    assert Application.objects.count() == 0


# -- mistakes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "", "Please enter your name."),
        ("id_number", "123", "The identity number must have 18 characters."),
        ("phone", "1", "Enter a mobile number, such as 11 digits beginning with 1."),
        ("worker_group", None, "Choose the group that fits best."),
        ("consent_joining", None, "Please read this and tick the box to go on."),
        ("consent_id_number", None, "Please read this and tick the box to go on."),
    ],
)
def test_mistake_stands_beside_its_box_and_nothing_is_stored(
    client: Client, code: JoinCode, field: str, value: str | None, message: str
) -> None:
    response = send(client, code, **{field: value})
    assert response.status_code == 200
    page = response.content.decode()
    beside = f'id="id_{field}_error">{message}'
    assert beside in re.sub(r"\s*</p>", "</p>", page)
    assert re.search(rf'aria-describedby="[^"]*id_{field}_error', page)
    assert f'<a href="#id_{field}">' in page
    assert 'role="alert" tabindex="-1" autofocus' in page
    assert page.count('class="field-error"') == 1
    assert Application.objects.count() == 0
    assert AuditEntry.objects.filter(action="application.submitted").count() == 0


def test_what_was_typed_is_kept(client: Client, code: JoinCode) -> None:
    page = send(client, code, name="", employer_name="<顺丰>").content.decode()
    assert f'value="{ID_NUMBER}"' in page
    assert f'value="{PHONE}"' in page
    assert 'value="&lt;顺丰&gt;"' in page
    assert 'value="courier" checked' in page
    assert len(re.findall(r'type="checkbox"[^>]* checked', page)) == 2


def test_tick_of_an_old_text_is_not_kept(client: Client, code: JoinCode) -> None:
    page = send(client, code, consent_joining="999999").content.decode()
    assert "This text has changed." in page
    assert len(re.findall(r'type="checkbox"[^>]* checked', page)) == 1
    assert Application.objects.count() == 0


# -- codes ----------------------------------------------------------------------------------------


def test_unknown_code_is_told_kindly(client: Client, code: JoinCode) -> None:
    for response in (
        client.get("/join/NOSUCH22/", HTTP_ACCEPT_LANGUAGE="en"),
        client.get("/join/?code=NOSUCH22", HTTP_ACCEPT_LANGUAGE="en"),
        client.post("/join/NOSUCH22/", answers(), HTTP_ACCEPT_LANGUAGE="en"),
    ):
        assert response.status_code == 404
        page = response.content.decode()
        assert "We do not know this code." in page
        assert 'name="code" value="NOSUCH22"' in page
    assert Application.objects.count() == 0


@pytest.mark.parametrize("change", ["lower", "blanks", "full width"])
def test_code_is_read_as_people_type_it(client: Client, code: JoinCode, change: str) -> None:
    typed = {
        "lower": code.code.lower(),
        "blanks": f" {code.code[:4]} {code.code[4:]}",
        "full width": "".join(chr(ord(character) + 0xFEE0) for character in code.code),
    }[change]
    response = client.get("/join/", {"code": typed})
    assert (response.status_code, response.headers["Location"]) == (302, f"/join/{code.code}/")
    assert client.get(f"/join/{typed}/").status_code == 200


def test_closed_code_takes_nothing(client: Client, code: JoinCode) -> None:
    set_join_code_active(code, is_active=False, actor=None)
    assert client.get(f"/join/{code.code}/").status_code == 410
    response = send(client, code)
    assert response.status_code == 410
    assert "This code is closed" in response.content.decode()
    assert Application.objects.count() == 0


# -- finding a union ------------------------------------------------------------------------------


def found(client: Client, **query: str) -> list[str]:
    page = client.get("/join/", query).content.decode()
    return re.findall(r"<strong>([^<]+)</strong>", page)


def test_unions_are_found_by_place_and_name(client: Client, union: Union, code: JoinCode) -> None:
    elsewhere = make_region("371581", "临清市", union.parent.parent.region)  # type: ignore[union-attr]
    other = make_union("临清快递工会", "grassroots_union", union.parent, region=elsewhere)
    make_join_code(other)
    make_join_code(other)
    make_union("没有代码的工会", "grassroots_union", union.parent, region=elsewhere)
    # In the order of their paths, which are texts: ".../1000/" stands before ".../999/".
    in_order = [one.name for one in sorted((union, other), key=lambda one: one.path)]
    assert found(client, q="工会") == in_order
    assert found(client, q="快递") == ["临清快递工会"]
    assert found(client, q="临清 快递") == ["临清快递工会"]
    assert found(client, county="371502") == ["柳园街道工会"]
    assert found(client, county="371581", q="柳园") == []
    assert found(client) == []


def test_search_prefers_the_code_for_joining_online(
    client: Client, union: Union, code: JoinCode
) -> None:
    online = make_join_code(union, channel="online")
    make_join_code(union, channel="platform")
    page = client.get("/join/", {"q": "柳园"}).content.decode()
    assert re.findall(r'href="/join/(\w{8})/"', page) == [online.code]


def test_search_leaves_out_closed_codes_and_platform_links(
    client: Client, union: Union, code: JoinCode
) -> None:
    set_join_code_active(code, is_active=False, actor=None)
    make_join_code(union, channel="platform")
    assert found(client, q="柳园") == []


# -- what a stranger may not learn ----------------------------------------------------------------


def test_answer_is_the_same_whether_or_not_somebody_is_a_member(
    code: JoinCode, union: Union
) -> None:
    member = PersonInput("王小明", "resident_id", ID_NUMBER, PHONE)
    make_membership(union, member)
    answered = []
    for who in (member, person()):
        client = Client()
        response = send(client, code, id_number=who.id_number, phone=who.phone)
        page = client.get("/join/received/", HTTP_ACCEPT_LANGUAGE="en")
        hidden = re.sub(
            r"[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}|\d+:\d\d [ap]\.m\.", "", text_of(page)
        )
        answered.append(
            (response.status_code, response.headers["Location"], response.content,
             page.status_code, [template.name for template in page.templates], hidden)
        )  # fmt: skip
    assert answered[0] == answered[1]
    assert Application.objects.count() == 2


def test_applying_again_after_approval_starts_anew_and_says_nothing(
    client: Client, code: JoinCode
) -> None:
    send(client, code)
    approve_application(Application.objects.get(), actor=None)
    assert send(client, code).status_code == 302
    assert [a.status for a in Application.objects.order_by("pk")] == ["approved", "submitted"]


def test_nothing_personal_reaches_logs_or_addresses(
    client: Client, code: JoinCode, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    responses = [send(client, code), send(client, code, phone="1"), client.get("/join/received/")]
    number = Application.objects.get().receipt_number
    client.post("/join/status/", {"receipt_number": number, "phone": PHONE})
    written = caplog.text + "".join(capfd.readouterr())
    addresses = " ".join(r.headers.get("Location", "") for r in responses)
    for secret in (ID_NUMBER, PHONE, "王小明", number):
        assert secret not in written
        assert secret not in addresses
