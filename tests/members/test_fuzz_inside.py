"""Hostile input behind the doors: a token, a session or an account is at hand, each box is judged.

Each example is taken back, so that all begin alike: no try is counted twice, no code is used up.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

import pytest
from django.db import transaction
from django.test import Client, override_settings
from hypothesis import assume, given, settings, strategies as st

from members.models import (
    Application,
    ApplicationPaper,
    CollectiveRegistration,
    JoinCode,
    Membership,
    OneTimeCode,
)
from members.services.questions import create_question
from members.services.resubmission import request_correction
from tests.builders import make_application, make_membership, make_official, person
from tests.members.hostile import (
    MULTIPART,
    NO_LIMITS,
    QUICK,
    URLENCODED,
    multipart,
    strike,
    urlencoded,
    values,
)
from tests.members.joining import PHONE, code as code, send, union as union
from tests.members.own_page import last_code, log_in, phone_of
from tests.members.test_collective import NAMES, row
from tests.members.test_entry import PDF
from tests.members.test_own_page import share_phone
from unions.models import Union
from unions.tabular.files import write_workbook

pytestmark = pytest.mark.django_db

Pairs = list[tuple[bytes, bytes]]

FORGED = st.integers(0, 999_999).map(lambda number: f"{number:06d}".encode())
CODES = st.one_of(values, FORGED)


@pytest.fixture(autouse=True)
def _no_limits() -> Iterator[None]:
    with override_settings(**NO_LIMITS, SMS_SHOW_CODES=True, REFERENCE_CACHE_SECONDS=60):
        yield


def taken_back(client: Client, check: Callable[[Client], None]) -> None:
    """``check`` with a browser that holds the cookies of ``client``; nothing of it stays."""
    browser = Client()
    browser.cookies = copy.deepcopy(client.cookies)
    with transaction.atomic():
        check(browser)
        transaction.set_rollback(True)


def mutated(data: st.DataObject, pairs: Pairs) -> Pairs:
    """One to three boxes of a form that is right, filled in by somebody hostile."""
    places = data.draw(st.sets(st.integers(0, len(pairs) - 1), min_size=1, max_size=3))
    changed = list(pairs)
    for place in sorted(places):
        changed[place] = (pairs[place][0], data.draw(values))
    return changed


# -- codes, and the end of a number ---------------------------------------------------------------


@given(typed=CODES)
@settings(max_examples=50, **QUICK)  # type: ignore[arg-type]
def _fuzz_box(client: Client, address: str, box: str, right: str, typed: bytes) -> None:
    assume(typed != right.encode())

    def check(browser: Client) -> None:
        answer = strike(browser, "POST", address, urlencoded([(box.encode(), typed)]))
        assert answer.status_code == 200
        assert set(answer.context["form"].errors) == {box}

    taken_back(client, check)


def test_codes_of_a_receipt(client: Client, code: JoinCode) -> None:
    send(client, code)
    client.get("/join/received/")
    _fuzz_box(client, "/join/received/prove/", "code", last_code(f"+86{PHONE}"))
    # It was alive all the while: each of them was compared with it.
    assert OneTimeCode.objects.get().wrong_tries == 0
    right = client.post("/join/received/prove/", {"code": last_code(f"+86{PHONE}")})
    assert (right.status_code, right.headers["Location"]) == (302, "/join/received/")


def test_codes_of_the_own_page(client: Client, union: Union) -> None:
    phone = phone_of(make_membership(union, person(4_401), on="2024-01-02").member)
    assert client.post("/me/login/", {"phone": phone}).status_code == 302
    _fuzz_box(client, "/me/code/", "code", last_code(phone))
    assert OneTimeCode.objects.get().wrong_tries == 0
    right = client.post("/me/code/", {"code": last_code(phone)})
    assert (right.status_code, right.headers["Location"]) == (302, "/me/")


def test_ends_of_numbers_of_people_who_share_a_phone(client: Client, union: Union) -> None:
    first, second = (
        make_membership(union, person(number), on="2024-01-02").member for number in (4_402, 4_403)
    )
    share_phone(second, phone_of(first))
    assert log_in(client, phone_of(first)).headers["Location"] == "/me/who/"
    _fuzz_box(client, "/me/who/", "last_characters", "")
    right = client.post("/me/who/", {"last_characters": person(4_403).id_number})
    assert (right.status_code, right.headers["Location"]) == (302, "/me/")


@given(phone=values, proof=values)
@settings(max_examples=50, **QUICK)  # type: ignore[arg-type]
def _fuzz_phone(client: Client, phone: bytes, proof: bytes) -> None:
    def check(browser: Client) -> None:
        body = urlencoded([(b"phone", phone), (b"altcha", proof)])
        answer = strike(browser, "POST", "/me/login/", body)
        assert answer.status_code == 200
        assert set(answer.context["form"].errors) == {"phone"}

    taken_back(client, check)


def test_phones_at_the_own_page(client: Client) -> None:
    _fuzz_phone(client)
    assert not OneTimeCode.objects.exists()
    right = client.post("/me/login/", {"phone": "12900000777"})
    assert (right.status_code, right.headers["Location"]) == (302, "/me/code/")


# -- an application that was sent back ------------------------------------------------------------


@given(data=st.data())
@settings(max_examples=120, **QUICK)  # type: ignore[arg-type]
def _fuzz_correction(client: Client, form: Pairs, outcomes: set[str], data: st.DataObject) -> None:
    pairs = mutated(data, form[2:])

    def check(browser: Client) -> None:
        body = urlencoded([*form[:2], *pairs])
        answer = strike(browser, "POST", "/join/status/correct/", body)
        status = Application.objects.get().status
        assert (answer.status_code, status) in ((200, "correction"), (200, "submitted"))
        # The form again, with what is wrong; or, where that happened to be right, how it stands.
        assert bool(answer.context.get("is_sent_again")) == (status == "submitted")
        if status == "correction":
            errors = set(answer.context["form"].errors)
            assert errors
            assert errors <= {"name", "id_type", "id_number", "phone", "worker_group",
                              "employer_name"}  # fmt: skip
        outcomes.add(status)

    taken_back(client, check)


def test_corrections(client: Client, code: JoinCode) -> None:
    who = person(4_404)
    application = make_application(code, who)
    request_correction(application, fields=["name", "id_number", "phone"], actor=None)
    asked = {"receipt_number": application.receipt_number, "phone": who.phone}
    shown = client.post("/join/status/", asked)
    form = {
        "token": shown.context["token"],
        "send": "1",
        "name": who.name,
        "id_type": who.id_type,
        "id_number": who.id_number,
        "phone": who.phone,
        "worker_group": "courier",
        "employer_name": "美团",
    }
    outcomes: set[str] = set()
    _fuzz_correction(client, [(k.encode(), v.encode()) for k, v in form.items()], outcomes)
    assert outcomes == {"correction", "submitted"}


# -- what officials type in -----------------------------------------------------------------------


@given(data=st.data())
@settings(max_examples=80, **QUICK)  # type: ignore[arg-type]
def _fuzz_entry(
    client: Client, address: str, form: Pairs, outcomes: set[int], data: st.DataObject
) -> None:
    pairs = mutated(data, form)
    is_multipart = b"file" in form[-1][0] or data.draw(st.booleans())

    def check(browser: Client) -> None:
        answer = strike(
            browser, "POST", address,
            multipart(pairs) if is_multipart else urlencoded(pairs),
            MULTIPART if is_multipart else URLENCODED,
        )  # fmt: skip
        if answer.status_code == 200:
            assert answer.context["form"].errors
        else:
            assert answer.status_code == 302
            assert answer.headers["Location"].startswith("/admin/members/application")
        taken = Application.objects.count()
        assert taken == (answer.status_code == 302)
        assert ApplicationPaper.objects.count() == (taken if "paper" in address else 0)
        outcomes.add(answer.status_code)

    taken_back(client, check)


@pytest.mark.parametrize("page", ["applicationpaper/add", "application/direct"])
def test_applications_that_officials_type_in(client: Client, union: Union, page: str) -> None:
    client.force_login(make_official("clerk", union))
    who = person(4_405)
    form = {
        "union": str(union.pk), "name": who.name, "id_type": who.id_type,
        "id_number": who.id_number, "phone": who.phone, "worker_group": "courier",
        "employer_name": "顺达", "has_consented": "on",
    }  # fmt: skip
    for kind in ("text", "number", "date"):
        question = create_question(union, kind=kind, text_zh=f"问题{kind}", actor=None)
        form[f"question_{question.pk}"] = ""
    pairs = [(key.encode(), value.encode()) for key, value in form.items()]
    if page == "applicationpaper/add":
        pairs.append((b'file"; filename="scan.pdf', PDF))
    outcomes: set[int] = set()
    _fuzz_entry(client, f"/admin/members/{page}/", pairs, outcomes)
    assert outcomes == {200, 302}


LIST = "/admin/members/collectiveregistration"


@given(data=st.data())
@settings(max_examples=100, **QUICK)  # type: ignore[arg-type]
def _fuzz_list(client: Client, union: Union, outcomes: set[str], data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(("cells", "cells", "employer", "workbook", "bytes", "name")))
    cells = [[str(cell).encode() for cell in row(number)] for number in (1, 2)]
    name = b"list.csv"
    if kind == "employer":
        cells[0][-1] = data.draw(values)
    if kind == "cells":
        for _ in range(data.draw(st.integers(1, 3))):
            at = data.draw(st.integers(0, 1)), data.draw(st.integers(0, len(cells[0]) - 1))
            cells[at[0]][at[1]] = data.draw(values)
    table = [[heading.encode() for heading in NAMES], *cells]
    content = b"\r\n".join(
        b",".join(b'"' + cell.replace(b'"', b'""') + b'"' for cell in line) for line in table
    )
    if kind == "workbook":
        name, whole = b"list.xlsx", write_workbook(NAMES, [row(1), row(2)])
        place = data.draw(st.integers(0, 10**6)) % len(whole)
        hostile = data.draw(values)
        content = whole[:place] + hostile + whole[place + len(hostile) :]
    elif kind == "bytes":
        name = data.draw(st.sampled_from((b"list.csv", b"list.xlsx", b"list")))
        content = data.draw(values)
    elif kind == "name":
        name = data.draw(values).replace(b'"', b"")
    chosen = data.draw(values) if data.draw(st.integers(0, 4)) == 4 else str(union.pk).encode()
    sent = [(b"union", chosen), (b'import_file"; filename="' + name, content)]

    def check(browser: Client) -> None:
        answer = strike(browser, "POST", f"{LIST}/add/", multipart(sent), MULTIPART)
        assert answer.status_code == 200
        # What is wrong with the file, or all its rows with what is wrong in them.
        is_read = "preview" in answer.context
        assert is_read != bool(answer.context["form"].errors)
        assert CollectiveRegistration.objects.count() == 0
        token = answer.context.get("token")
        outcomes.add("right" if token else "faults" if is_read else "refused")
        if token:
            body = urlencoded([(b"token", token.encode())])
            done = strike(browser, "POST", f"{LIST}/confirm/", body)
            kept = CollectiveRegistration.objects.get()
            assert (done.status_code, done.headers["Location"]) == (
                302,
                f"{LIST}/{kept.pk}/change/",
            )

    taken_back(client, check)


def test_lists_that_officials_upload(client: Client, union: Union) -> None:
    client.force_login(make_official("clerk", union))
    outcomes: set[str] = set()
    _fuzz_list(client, union, outcomes)
    assert outcomes == {"right", "faults", "refused"}
    assert not Membership.objects.exists()
