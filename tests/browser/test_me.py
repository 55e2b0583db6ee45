"""A member's own page by hand: log in by code, have the card checked, ask to move, leave."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from members.card import SCREEN_LIFE, make_token
from members.models import Membership, Transfer
from members.services.viewing import log_view
from tests.browser.conftest import DESK, PHONE, follow, serious_violations, shoot, sideways_overflow
from tests.builders import (
    make_application,
    make_join_code,
    make_membership,
    make_official,
    make_region,
    make_union,
    person,
)
from tests.members.own_page import last_code, phone_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def membership() -> Membership:
    """A courier of one township, which stands beside another."""
    province = make_region("37", "山东省")
    city_region = make_region("3715", "聊城市", province)
    region = make_region("371502", "东昌府区", city_region)
    shandong = make_union("山东省总工会", "provincial_federation", region=province)
    city = make_union("聊城市总工会", "city_federation", shandong, region=city_region)
    county = make_union("东昌府区总工会", "county_federation", city, region=region)
    union = make_union("古楼街道总工会", "township_union", county, region=region)
    other = make_union("新区街道总工会", "township_union", county, region=region)
    make_join_code(other)
    who = person(name="王小明")
    found = make_membership(union, who, on="2024-03-05")
    make_application(make_join_code(union), who, employer_name="顺丰速运")
    official = make_official("gongzuozhe", county)
    log_view(found.member, "member.viewed", union=union, actor=official)
    return found


def look(page: Page, name: str) -> None:
    """Screenshots on a phone and a desk; nothing serious for axe, nothing sideways."""
    for size, width in ((DESK, 1440), (PHONE, 390)):
        page.set_viewport_size(size)
        shoot(page, f"me-{name}-{width}")
        assert sideways_overflow(page) == 0, (name, width)
    assert serious_violations(page) == [], name


def test_from_the_code_to_leaving(
    live_server: Any, browser: Browser, membership: Membership
) -> None:
    base = live_server.url
    phone = phone_of(membership.member)
    page = browser.new_context(viewport=PHONE, locale="zh-CN", java_script_enabled=True).new_page()

    # Log in.
    page.goto(f"{base}/me/")
    page.wait_for_url(f"{base}/me/login/")
    look(page, "login")
    page.fill("#id_phone", phone.removeprefix("+86"))
    follow(page, "main form button")
    page.wait_for_url(f"{base}/me/code/")
    look(page, "code")
    page.fill("#id_code", last_code(phone))
    follow(page, "main form button")
    page.wait_for_url(f"{base}/me/")
    assert "王小明" in page.inner_text(".card-name")
    look(page, "card")

    # Somebody checks the card.
    address = f"{base}/card/{make_token(membership.member, life=SCREEN_LIFE)}/"
    guest = browser.new_context(viewport=PHONE, locale="zh-CN").new_page()
    guest.goto(address)
    assert "王*明" in guest.inner_text("main")
    assert "王小明" not in guest.content()
    look(guest, "check")
    pdf = page.request.get(f"{base}/me/card.pdf")
    assert (pdf.status, pdf.body()[:5]) == (200, b"%PDF-")

    for name in ("data", "consents", "looked", "download"):
        page.goto(f"{base}/me/{name}/")
        look(page, name)
    for name in ("phone", "employer", "correct", "erase"):
        page.goto(f"{base}/me/data/{name}/")
        look(page, name)
    page.goto(f"{base}/me/consents/joining/")
    look(page, "withdraw")

    # Ask to move.
    page.goto(f"{base}/me/move/")
    page.fill("#q", "新区")
    follow(page, "main form[role=search] button")
    look(page, "move-search")
    follow(page, "text=新区街道总工会")
    page.fill("#id_reason", "换到新区送快递")
    look(page, "move-form")
    follow(page, "main .button-row button")
    page.wait_for_selector(".me-transfer")
    look(page, "move")
    assert Transfer.objects.get().to_union.name == "新区街道总工会"

    # Leave: first without the tick, then with it.
    page.goto(f"{base}/me/leave/")
    look(page, "leave")
    follow(page, "main .button-row button")
    page.wait_for_selector("#sure_error")
    page.check("#id_sure")
    follow(page, "main .button-row button")
    page.wait_for_selector("text=您已退会")
    look(page, "left")
    membership.refresh_from_db()
    assert membership.status == "ended"
    guest.goto(address)
    assert "无效" in guest.inner_text("h1")
    look(guest, "check-ended")

    # Log out.
    follow(page, ".me-out")
    page.wait_for_url(f"{base}/me/login/")
    page.goto(f"{base}/me/data/")
    page.wait_for_url(f"{base}/me/login/")
