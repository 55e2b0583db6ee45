"""Two thousand hostile inputs at the public pages: never a fault of ours, never half a row."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote_from_bytes

import pytest
from django.test import Client, override_settings
from hypothesis import given, settings, strategies as st

from members.models import Application, CollectiveEntry, JoinCode
from members.services.questions import create_question
from members.services.windows import open_window, window_token
from tests.builders import make_application, make_official, person
from tests.members.hostile import (
    LARGE,
    MULTIPART,
    NO_LIMITS,
    QUICK,
    URLENCODED,
    multipart,
    rows,
    strike,
    urlencoded,
    values,
)
from tests.members.joining import answers, code as code, union as union
from tests.members.test_collective import links, register, row

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_limits() -> Iterator[None]:
    # Texts and groups are kept between requests, as they are in service.
    with override_settings(**NO_LIMITS, REFERENCE_CACHE_SECONDS=60):
        yield


@pytest.fixture
def asking(code: JoinCode) -> JoinCode:
    """A code whose union asks one question of each kind that can be mistyped."""
    for kind in ("text", "number", "date"):
        create_question(code.union, kind=kind, text_zh=f"问题{kind}", actor=None)
    return code


def right_form(code: JoinCode) -> list[tuple[bytes, bytes]]:
    """All boxes of the form, rightly filled in."""
    extra = {f"question_{question.pk}": "" for question in code.union.extra_questions.all()}
    return [(key.encode(), value.encode()) for key, value in {**answers(), **extra}.items()]


def check_whole(before: tuple[int, int, int, int], status: int, location: str) -> None:
    """A receipt stands for a whole application; anything else wrote nothing."""
    after = rows()
    applications, consents, entries, broken = after
    assert broken == 0
    assert (consents, entries) == (2 * applications, applications)
    if (status, location) != (302, "/join/received/"):
        assert after == before
    else:
        assert applications - before[0] in (0, 1)


@given(data=st.data())
@settings(max_examples=600, **QUICK)  # type: ignore[arg-type]
def _fuzz_form(
    client: Client, code: JoinCode, form: list[tuple[bytes, bytes]], data: st.DataObject
) -> None:
    pairs = list(form)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(pairs) - 1))
        key, value = pairs[place]
        act = data.draw(st.sampled_from(("value", "value", "value", "twice", "missing", "key")))
        hostile = data.draw(values)
        if act == "value":
            pairs[place] = (key, hostile)
        elif act == "twice":
            pairs.append((key, hostile))
        elif act == "key":
            pairs[place] = (hostile, value)
        elif len(pairs) > 1:
            del pairs[place]
    is_multipart = data.draw(st.booleans())
    before = rows()
    answer = strike(
        client, "POST", f"/join/{code.code}/",
        multipart(pairs) if is_multipart else urlencoded(pairs),
        MULTIPART if is_multipart else URLENCODED,
    )  # fmt: skip
    check_whole(before, answer.status_code, answer.headers.get("Location", ""))


def test_sign_up_forms(client: Client, asking: JoinCode) -> None:
    _fuzz_form(client, asking, right_form(asking))
    # Among so many some came through: the checks above were of use.
    assert 0 < Application.objects.count() < 600


COOKIES = ("", "join_receipt", "large_type", "django_language", "sessionid", "csrftoken")
ADDRESSES = (
    "/join/{}/", "/join/?code={}", "/join/?q={}&county={}", "/join/?place={}",
    "/join/texts/{}/{}/", "/join/texts/joining/{}/", "/join/confirm/{}/", "/join/window/{}/",
    "/join/codes/{}/qr.svg", "/card/{}/", "/me/consents/{}/", "/stations/{}/", "/stations/?q={}",
    "/campaigns/{}/", "/?{}={}",
)  # fmt: skip


@given(
    address=st.sampled_from(ADDRESSES),
    parts=st.tuples(values, values),
    method=st.sampled_from(("GET", "GET", "HEAD", "POST", "PUT")),
    cookie=st.sampled_from(COOKIES),
    language=values,
)  # fmt: skip
@settings(max_examples=600, **QUICK)  # type: ignore[arg-type]
def _fuzz_addresses(
    address: str, parts: tuple[bytes, bytes], method: str, cookie: str, language: bytes
) -> None:
    client = Client()
    if cookie:
        client.cookies[cookie] = quote_from_bytes(parts[1])
    typed = (quote_from_bytes(part, safe="") for part in parts)
    before = rows()
    strike(
        client, method, address.format(*typed),
        HTTP_ACCEPT_LANGUAGE=language.decode("latin-1"),
        HTTP_USER_AGENT=parts[0].decode("latin-1"),
    )  # fmt: skip
    assert rows() == before


def test_addresses_and_cookies(code: JoinCode) -> None:
    _fuzz_addresses()


# What strangers send: the answers there are, each of them the page or the way to the door.
# Behind the doors, where a token or a session is at hand: ``test_fuzz_inside``.
FORMS: dict[str, tuple[int, tuple[str, ...]]] = {
    "/join/status/": (200, ("receipt_number", "phone")),
    "/join/status/correct/": (200, ("token", "send", "name", "id_number", "phone")),
    "/join/status/take-back/": (200, ("token",)),
    "/join/which/": (200, ("place", "worker_group", "employer_name")),
    "/join/received/prove/": (302, ("code",)),
    "/display/": (302, ("show", "next")),
    "/language/setlang/": (302, ("language", "next")),
    "/me/login/": (200, ("phone", "altcha")),
    "/me/code/": (302, ("code",)),
    "/me/who/": (302, ("last_characters",)),
    "/me/data/phone/": (302, ("phone",)),
    "/join/confirm/x/": (404, ("answer",)),
    "/join/window/x/": (410, ("name", "id_number")),
    "/admin/login/": (200, ("username", "password", "next")),
}


@given(address=st.sampled_from(sorted(FORMS)), typed=st.lists(values, min_size=5, max_size=5))
@settings(max_examples=240, **QUICK)  # type: ignore[arg-type]
def _fuzz_others(client: Client, receipt: str, address: str, typed: list[bytes]) -> None:
    status, names = FORMS[address]
    pairs = [(name.encode(), value) for name, value in zip(names, typed, strict=False)]
    if address == "/join/status/" and len(typed[4]) % 2:
        pairs[0] = (b"receipt_number", receipt.encode())
    before = rows()
    answer = strike(client, "POST", address, urlencoded(pairs))
    assert (answer.status_code, rows()) == (status, before), (address, typed)


def test_other_forms(client: Client, code: JoinCode) -> None:
    waiting = make_application(code, person(905))
    _fuzz_others(client, waiting.receipt_number)


@given(typed=st.lists(values, min_size=6, max_size=6))
@settings(max_examples=60, **QUICK)  # type: ignore[arg-type]
def _fuzz_with_token(client: Client, address: str, names: list[bytes], typed: list[bytes]) -> None:
    before = rows()
    answer = strike(client, "POST", address, urlencoded(list(zip(names, typed, strict=False))))
    assert (answer.status_code, rows()) == (200, before)


def test_windows_and_confirmations_with_tokens_that_are_right(
    client: Client, code: JoinCode
) -> None:
    """Nothing here stops at the door: each answer is the page, with what is wrong on it."""
    official = make_official("clerk", code.union)
    window = open_window(code.union, place="门口", actor=official)
    where = f"/join/window/{window_token(window)}/"
    boxes = (b"name", b"id_type", b"id_number", b"phone", b"worker_group", b"spoken")
    _fuzz_with_token(client, where, list(boxes))
    register(code.union, row(1), actor=official)
    (link,) = links()
    consents = [key.encode() for key in answers() if key.startswith("consent_")]
    _fuzz_with_token(client, link, [b"answer", *consents, b"csrfmiddlewaretoken"])
    assert CollectiveEntry.objects.get().status == "invited"


def test_bodies_that_are_no_forms(client: Client, code: JoinCode) -> None:
    form = right_form(code)
    whole = urlencoded(form)
    nested = (
        b'--xXhostileXx\r\nContent-Disposition: form-data; name="name"\r\n'
        b"Content-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n"
        b'Content-Disposition: form-data; name="phone"\r\n\r\n1\r\n--in--\r\n--xXhostileXx--\r\n'
    )
    file = multipart(form).replace(b'name="name"', b'name="name"; filename="../../x\x00.png"')
    many = b"&".join(b"a%d=1" % number for number in range(1500))
    bodies = (
        (whole, "application/json"), (b"{", "application/json"), (whole, "text/plain"), (whole, ""),
        (whole, "application/x-www-form-urlencoded; charset=utf-16"),
        (whole, "application/x-www-form-urlencoded; charset=nonsense"),
        (whole, "multipart/form-data"), (whole, MULTIPART), (nested, MULTIPART), (file, MULTIPART),
        (multipart(form)[:-30], MULTIPART), (multipart(form), "multipart/form-data; boundary="),
        (multipart(form), "multipart/form-data; boundary=" + "b" * 300),
        (b"Content-Transfer-Encoding: base64".join([multipart(form)] * 2), MULTIPART),
        (b"&" * 5000, URLENCODED), (many, URLENCODED), (b"name[]=a&name[b][c]=d", URLENCODED),
        (b"=&=&==", URLENCODED), (b"%", URLENCODED), (b"\x00", URLENCODED),
        (b"name=" + LARGE, URLENCODED),
        (multipart([*form, (b"more", LARGE)]), MULTIPART),
        (multipart(form).replace(b"\r\n\r\n", b'\r\n\r\n' + LARGE, 1), MULTIPART),
    )  # fmt: skip
    for body, content_type in bodies:
        before = rows()
        answer = strike(client, "POST", f"/join/{code.code}/", body, content_type)
        check_whole(before, answer.status_code, answer.headers.get("Location", ""))
    assert rows()[0] <= 1


def test_replayed_and_forged(client: Client, code: JoinCode) -> None:
    """The same sending a hundred times is one application; foreign tokens are none."""
    body = urlencoded(right_form(code))
    for _ in range(100):
        assert strike(client, "POST", f"/join/{code.code}/", body).status_code == 302
    assert rows()[0] == 1
    strict = Client(enforce_csrf_checks=True)
    page = strict.get(f"/join/{code.code}/")
    token = str(page.context["csrf_token"])
    replayed = body + b"&csrfmiddlewaretoken=" + token.encode()
    for _ in range(5):
        assert strike(strict, "POST", f"/join/{code.code}/", replayed).status_code == 302
    for forged in (token[::-1], "", "x" * 5000, "\x00"):
        sent = body + b"&csrfmiddlewaretoken=" + quote_from_bytes(forged.encode()).encode()
        assert strike(strict, "POST", f"/join/{code.code}/", sent).status_code == 403
    assert rows()[0] == 1
