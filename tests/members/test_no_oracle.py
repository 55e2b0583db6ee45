"""Whoever types somebody else's number learns nothing: same answer, same work, nowhere a count."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core import encryption
from members.enums import JoinChannel
from members.models import Application, JoinCode, Member, OneTimeCode, RejectionReason
from members.services import enrolment
from members.services.codes import send_code
from members.services.resubmission import (
    cancel_application,
    request_correction,
    resubmit_application,
)
from members.services.review import approve_application, reject_application
from tests.builders import (
    PASSWORD,
    make_application,
    make_join_code,
    make_membership,
    make_official,
    make_union,
    person,
)
from tests.members.joining import answers, code as code, union as union
from unions.enums import Role
from unions.models import Union

pytestmark = pytest.mark.django_db

WHO = person(901, name="王小明")
OTHER_PHONE = person(902).phone
RECEIPT = re.compile(r"\b[2-9A-HJ-NP-Z]{4}-?[2-9A-HJ-NP-Z]{4}-?[2-9A-HJ-NP-Z]{4}\b")
VARYING = (
    (re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"'), "token"),
    (RECEIPT, "receipt"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.+]+|\b\d\d?(:\d\d)? [ap]\.m\.|\b(noon|midnight)\b"), "at"),
    (re.compile(r'(<[^>]*class="[^"]*demo-code[^"]*"[^>]*>)[^<]*'), "code"),
    (re.compile(r"\b\d{6}\b"), "digits"),
)  # fmt: skip


@pytest.fixture
def elsewhere(union: Union) -> Union:
    """A union next door."""
    return make_union("邻镇工会", "township_union", union.parent)


def nobody(code: JoinCode, elsewhere: Union) -> None:
    """A stranger to all."""


def member_here(code: JoinCode, elsewhere: Union) -> None:
    make_membership(code.union, WHO)


def member_elsewhere(code: JoinCode, elsewhere: Union) -> None:
    make_membership(elsewhere, WHO)


def member_with_another_phone(code: JoinCode, elsewhere: Union) -> None:
    make_membership(code.union, person(901, phone=OTHER_PHONE))


def frozen(code: JoinCode, elsewhere: Union) -> None:
    make_membership(code.union, WHO)
    Member.objects.update(frozen_at=timezone.now())


def merged(code: JoinCode, elsewhere: Union) -> None:
    make_membership(code.union, WHO)
    kept = make_membership(elsewhere, person(903)).member
    Member.objects.exclude(pk=kept.pk).update(merged_into=kept)


def waiting(code: JoinCode, elsewhere: Union) -> None:
    make_application(code, WHO)


def waiting_with_another_phone(code: JoinCode, elsewhere: Union) -> None:
    make_application(code, person(901, phone=OTHER_PHONE))


def waiting_elsewhere(code: JoinCode, elsewhere: Union) -> None:
    make_application(make_join_code(elsewhere), WHO)


def rejected(code: JoinCode, elsewhere: Union) -> None:
    reason = RejectionReason.objects.get(pk="registered_elsewhere")
    reject_application(make_application(code, WHO), reason=reason, actor=None)


def approved(code: JoinCode, elsewhere: Union) -> None:
    approve_application(make_application(code, WHO), actor=None)


def waiting_with_proven_phone(code: JoinCode, elsewhere: Union) -> None:
    make_application(code, WHO)
    Application.objects.update(phone_proven_at=timezone.now())


def waiting_on_paper(code: JoinCode, elsewhere: Union) -> None:
    make_application(code, WHO)
    Application.objects.update(join_code=None, channel=JoinChannel.PAPER)


def sent_twice(code: JoinCode, elsewhere: Union) -> None:
    make_application(code, WHO)
    make_application(code, WHO)


def asked_to_correct(code: JoinCode, elsewhere: Union) -> None:
    request_correction(make_application(code, WHO), fields=["name"], actor=None)


def corrected(code: JoinCode, elsewhere: Union) -> None:
    asked_to_correct(code, elsewhere)
    resubmit_application(Application.objects.get(), changes={"name": "王晓明"})


def taken_back(code: JoinCode, elsewhere: Union) -> None:
    cancel_application(make_application(code, WHO))


def waiting_with_a_code(code: JoinCode, elsewhere: Union) -> None:
    """The worker's own browser was sent a code a moment ago."""
    make_application(code, WHO)
    send_code(WHO.phone, OneTimeCode.Purpose.JOIN, address="192.0.2.7", asker="the worker's")


def waiting_after_many_codes(code: JoinCode, elsewhere: Union) -> None:
    """As many as go to a phone in a day; the last one an hour ago."""
    make_application(code, WHO)
    for number in range(settings.CODE_LIMIT_PER_PHONE):
        send_code(WHO.phone, OneTimeCode.Purpose.LOG_IN, asker=f"the worker's {number}")
        OneTimeCode.objects.update(created_at=timezone.now() - dt.timedelta(hours=1))


LIVES = (
    member_here, member_elsewhere, member_with_another_phone, frozen, merged, waiting,
    waiting_with_another_phone, waiting_elsewhere, rejected, approved, waiting_with_proven_phone,
    waiting_on_paper, waiting_with_a_code, waiting_after_many_codes, sent_twice, asked_to_correct,
    corrected, taken_back,
)  # fmt: skip
Life = Callable[[JoinCode, Union], None]


def plain(text: str) -> str:
    """Without what differs between any two answers."""
    for pattern, word in VARYING:
        text = pattern.sub(word, text)
    return text


def shape(sql: str) -> str:
    """A statement without its values."""
    sql = re.sub(r"'(?:[^']|'')*'(?:::\w+)?", "?", sql)
    return re.sub(r"\b\d+(?:\.\d+)?\b", "?", re.sub(r"s\d+_x\d+", "savepoint", sql))


@pytest.fixture
def seals(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was encrypted or hashed, by context: the costly steps besides the database."""
    calls: list[str] = []

    def counted(name: str) -> Any:
        real = getattr(encryption, name)

        def call(value: str, *, context: str) -> Any:
            calls.append(f"{name} {context}")
            return real(value, context=context)

        return call

    for name in ("encrypt", "blind_index"):
        monkeypatch.setattr(enrolment, name, counted(name))
    return calls


def all_that_can_be_seen(code: JoinCode, seals: list[str]) -> dict[str, Any]:
    """Sending the form, and the page it leads to."""
    browser = Client(HTTP_ACCEPT_LANGUAGE="en")
    data = answers(name=WHO.name, id_number=WHO.id_number, phone=WHO.phone)
    seals.clear()
    with CaptureQueriesContext(connection) as asked:
        sent = browser.post(f"/join/{code.code}/", data)
    work = [shape(query["sql"]) for query in asked.captured_queries]
    page = browser.get("/join/received/")
    return {
        "sent": (sent.status_code, sent.content, sorted(sent.headers), sent.headers["Location"]),
        "cookies": [
            (name, {k: v for k, v in morsel.items() if k != "expires"}, len(morsel.value))
            for name, morsel in sorted(sent.cookies.items())
        ],
        "work": work,
        "seals": list(seals),
        "page": (page.status_code, sorted(page.headers), plain(page.content.decode())),
    }  # fmt: skip


@pytest.mark.parametrize("with_codes", [True, False], ids=["codes", "no codes"])
@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.__name__)
def test_the_answer_and_the_work_are_the_same_whoever_it_is(
    code: JoinCode,
    elsewhere: Union,
    life: Life,
    with_codes: bool,
    seals: list[str],
    settings: Any,
) -> None:
    settings.SMS_SHOW_CODES = with_codes
    # The stranger first, with the same typed values: nothing of it stays.
    with transaction.atomic():
        nobody_seen = all_that_can_be_seen(code, seals)
        transaction.set_rollback(True)
    life(code, elsewhere)
    seen = all_that_can_be_seen(code, seals)
    assert seen == nobody_seen
    assert ("We have sent a code to" in seen["page"][2]) is with_codes


# How long the answers take is measured by `manage.py bench signup` (docs/benchmarks.md).
REGISTER = {"members_member", "members_membership", "members_membershipevent"}
KNOWN_TO_THE_REGISTER = (
    member_here, member_elsewhere, member_with_another_phone, frozen, merged,
)  # fmt: skip


def scans_and_rows() -> dict[str, tuple[int, int]]:
    """By table, as PostgreSQL counts them for this transaction: scans begun; rows written."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, COALESCE(seq_scan, 0) + COALESCE(idx_scan, 0),"
            " n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables"
        )
        return {table: (scans, rows) for table, scans, rows in cursor.fetchall()}


def work_of_the_database(code: JoinCode) -> tuple[set[str], dict[str, int]]:
    """Tables that were read for the form and the page it leads to; rows written, by table."""
    browser = Client(HTTP_ACCEPT_LANGUAGE="en")
    data = answers(name=WHO.name, id_number=WHO.id_number, phone=WHO.phone)
    before = scans_and_rows()
    assert browser.post(f"/join/{code.code}/", data).status_code == 302
    assert browser.get("/join/received/").status_code == 200
    after = scans_and_rows()
    work = {
        table: (scans - before.get(table, (0, 0))[0], rows - before.get(table, (0, 0))[1])
        for table, (scans, rows) in after.items()
    }
    read = {table for table, (scans, _rows) in work.items() if scans}
    return read, {table: rows for table, (_scans, rows) in work.items() if rows}


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.__name__)
def test_the_database_does_not_look_into_the_register(
    code: JoinCode, elsewhere: Union, life: Life, settings: Any
) -> None:
    """One statement takes in the form: its text is the same whatever it does inside."""
    settings.SMS_SHOW_CODES = True  # the page sends a code
    with transaction.atomic():
        read_for_nobody, written_for_nobody = work_of_the_database(code)
        transaction.set_rollback(True)
    assert written_for_nobody["members_application"] == 1
    life(code, elsewhere)
    with connection.cursor() as cursor:  # it would be counted
        for table in REGISTER:
            cursor.execute(f"SELECT count(*) FROM {table}")
    assert {table for table, (scans, _) in scans_and_rows().items() if scans} >= REGISTER
    read, written = work_of_the_database(code)
    assert not read & REGISTER
    assert not read_for_nobody & REGISTER
    if life in KNOWN_TO_THE_REGISTER:
        assert read == read_for_nobody
        assert written == written_for_nobody


# -- an employer, or anybody else, looking around -------------------------------------------------


def looks(code: JoinCode) -> dict[str, str]:
    """What anybody may read, as it stands."""
    browser = Client(HTTP_ACCEPT_LANGUAGE="en")
    addresses = (
        "/", "/join/", "/join/?q=工会", f"/join/{code.code}/", "/join/status/", "/stations/",
        "/campaigns/", "/api/v1/stations/", "/me/", "/metrics",
    )  # fmt: skip
    pages = {address: browser.get(address, follow=True).content.decode() for address in addresses}
    # Counters of the web server itself: how many requests, not who.
    pages["/metrics"] = "".join(
        line for line in pages["/metrics"].splitlines()
        if not re.match(r"(# )?(\w+ )?(django|process|python)_", line)
    )  # fmt: skip
    return {address: plain(page) for address, page in pages.items()}


def test_no_public_page_changes_when_people_join(code: JoinCode, elsewhere: Union) -> None:
    before = looks(code)
    for number in range(910, 913):
        make_application(code, person(number), employer_name="快跑速递有限公司")
    make_membership(code.union, WHO)
    approve_application(make_application(code, person(914)), actor=None)
    assert looks(code) == before


def test_officials_at_the_employer_do_not_find_who_applied_elsewhere(
    client: Client, code: JoinCode, union: Union
) -> None:
    employers_own = make_union("快跑速递工会", "grassroots_union", union)
    application = make_application(code, WHO, employer_name="快跑速递有限公司")
    make_official("boss", employers_own, Role.GRASSROOTS_OFFICIAL)
    client.login(username="boss", password=PASSWORD)
    before = Application.objects.values().get()
    number = application.receipt_number
    for search in ("", number, WHO.id_number, WHO.phone, WHO.name, "快跑"):
        page = client.get("/admin/members/application/", {"q": search, "status": "all"})
        shown = page.content.decode().replace(f'value="{search}"', "")
        assert page.status_code == 200
        assert list(page.context["cl"].result_list) == []
        assert f"/admin/members/application/{application.pk}/" not in shown
        assert number not in shown.replace(search, "")
    for act in ("change", "history", "approve", "reject", "reveal"):
        assert client.get(f"/admin/members/application/{application.pk}/{act}/").status_code == 404
    assert Application.objects.values().get() == before


def test_a_duplicate_of_the_employers_making_tells_nothing(
    client: Client, code: JoinCode, union: Union
) -> None:
    """Who hands in an application in somebody's name does not read there that one exists."""
    employers_own = make_union("快跑速递工会", "grassroots_union", union)
    own_code = make_join_code(employers_own)
    make_official("boss", employers_own, Role.GRASSROOTS_OFFICIAL)
    client.login(username="boss", password=PASSWORD)
    pages = []
    for who in (person(5920, name=WHO.name), WHO):
        if who == WHO:
            make_application(code, WHO)
        made = make_application(own_code, who)
        page = client.get(
            f"/admin/members/application/{made.pk}/change/", HTTP_ACCEPT_LANGUAGE="en"
        )
        assert page.status_code == 200
        shown = re.sub(r"[0-9X*]+", "#", plain(page.content.decode()))
        pages.append(shown)
    assert pages[0] == pages[1]


# -- how an application stands --------------------------------------------------------------------


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.__name__)
def test_a_phone_alone_opens_no_application(code: JoinCode, elsewhere: Union, life: Life) -> None:
    """Same page, same questions to the database, whoever has this phone."""

    def ask() -> tuple[int, str, list[str]]:
        browser = Client(HTTP_ACCEPT_LANGUAGE="en")
        data = {"receipt_number": "K7MP-X3QR-9TWA", "phone": WHO.phone}
        with CaptureQueriesContext(connection) as asked:
            answer = browser.post("/join/status/", data)
        statements = [shape(query["sql"]) for query in asked.captured_queries]
        return answer.status_code, plain(answer.content.decode()), statements

    before = ask()
    life(code, elsewhere)
    assert ask() == before
