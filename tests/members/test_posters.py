"""Codes and posters: they lead where they should, and only officials in scope get them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import zxingcpp
from django.test import Client, override_settings
from PIL import Image

from core.errors import RuleViolation
from members import posters, qr
from members.models import JoinCode
from tests.builders import PASSWORD, make_join_code, make_official, make_union
from unions.enums import Role
from unions.models import Union

pytestmark = pytest.mark.django_db

FILES = ("qr.svg", "qr.png", "poster.pdf")
NASTY = '#panic("x") *粗体* $x^2$ @ref <label> \\ `raw` // /* "引号" [括号] #sys.inputs'


@pytest.fixture
def union() -> Union:
    """A county federation that enrols members, with a neighbour."""
    city = make_union("市总", "city_federation")
    make_union("邻县总", "county_federation", city)
    return make_union("县总工会", "county_federation", city)


@pytest.fixture
def code(union: Union) -> JoinCode:
    """A code of the union."""
    return make_join_code(union, label="门口的牌子")


def log_in(username: str) -> Client:
    client = Client()
    assert client.login(username=username, password=PASSWORD)
    return client


def read_codes(png: bytes) -> list[str]:
    return [
        found.text for found in zxingcpp.read_barcodes(Image.open(io.BytesIO(png)).convert("L"))
    ]


def test_address_is_the_public_one(code: JoinCode) -> None:
    with override_settings(PUBLIC_BASE_URL="https://gh.example.org"):
        assert qr.join_address(code) == f"https://gh.example.org/join/{code.code}/"


def test_png_is_read_by_a_scanner(code: JoinCode) -> None:
    assert read_codes(qr.as_png(qr.join_address(code))) == [qr.join_address(code)]


def test_svg_has_a_quiet_zone_and_no_script(code: JoinCode) -> None:
    svg = qr.as_svg(qr.join_address(code)).decode()
    assert 'fill="#fff"' in svg
    assert "<script" not in svg
    side = int(svg.partition('viewBox="0 0 ')[2].split()[0])
    assert (side - 8) % 4 == 1  # modules are 4n + 17, the quiet zone 4 on each side


def test_poster_is_one_page_of_a4(code: JoinCode) -> None:
    pdf = posters.join_poster(code)
    assert pdf[:5] == b"%PDF-"
    assert pdf.count(b"/Count 1\n") + pdf.count(b"/Count 1/") + pdf.count(b"/Count 1 ") == 1
    assert b"/MediaBox [0 0 595.27" in pdf or b"/MediaBox[0 0 595.27" in pdf
    assert len(pdf) < 200_000


@pytest.mark.parametrize("name", ["县总工会", NASTY, "很长的名称" * 24])
def test_poster_shows_the_code_whatever_the_name(code: JoinCode, name: str) -> None:
    code.union.name = name
    code.union.address = NASTY
    picture = posters.join_poster(code, file_format="png")
    assert read_codes(picture) == [qr.join_address(code)]
    # A4 at 144 dots an inch; a second page would be a second file.
    assert Image.open(io.BytesIO(picture)).size == (1191, 1684)


def test_missing_font_is_named(code: JoinCode, tmp_path: Path) -> None:
    with override_settings(NODE_MODULES=tmp_path), pytest.raises(RuleViolation) as refusal:
        posters.join_poster(code)
    assert refusal.value.code == "font_missing"


def test_missing_font_is_told_to_the_official(union: Union, code: JoinCode, tmp_path: Path) -> None:
    make_official("official", union)
    with override_settings(NODE_MODULES=tmp_path):
        response = log_in("official").get(
            f"/join/codes/{code.pk}/poster.pdf", HTTP_ACCEPT_LANGUAGE="en"
        )
    assert response.status_code == 503
    assert "Noto Sans SC" in response.content.decode()


@pytest.mark.parametrize("file", FILES)
def test_who_gets_a_code(union: Union, code: JoinCode, file: str) -> None:
    neighbour = Union.objects.get(name="邻县总")
    make_official("own", union, Role.GRASSROOTS_OFFICIAL)
    make_official("above", union.parent, Role.FEDERATION_OFFICIAL)  # type: ignore[arg-type]
    make_official("beside", neighbour, Role.FEDERATION_OFFICIAL)
    make_official("leader", union, Role.LEADER)
    address = f"/join/codes/{code.pk}/{file}"
    names = ("own", "above", "beside", "leader")
    assert [log_in(name).get(address).status_code for name in names] == [200, 200, 404, 404]
    assert log_in("own").get(f"/join/codes/{code.pk + 1}/{file}").status_code == 404
    stranger = Client().get(address)
    assert (stranger.status_code, stranger.headers["Location"]) == (
        302, f"/admin/login/?next={address}",
    )  # fmt: skip


def test_files_say_what_they_are(union: Union, code: JoinCode) -> None:
    make_official("official", union)
    client = log_in("official")
    told = [
        (response.headers["Content-Type"], response.headers["Content-Disposition"])
        for response in (client.get(f"/join/codes/{code.pk}/{file}") for file in FILES)
    ]
    assert told == [
        ("image/svg+xml", f'inline; filename="join-{code.code}.svg"'),
        ("image/png", f'inline; filename="join-{code.code}.png"'),
        ("application/pdf", f'inline; filename="join-{code.code}.pdf"'),
    ]
