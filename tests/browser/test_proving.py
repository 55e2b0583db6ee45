"""The proof of work and the code on the receipt, in a real browser."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from core.phone import demo_phone
from members.models import Application, JoinCode
from tests.browser.conftest import DESK, PHONE, serious_violations, shoot, sideways_overflow
from tests.browser.joining import fill_all
from tests.members.joining import code as code, union as union
from tests.members.own_page import last_code

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_proof_is_found_and_the_phone_proven(
    live_server: Any, browser: Browser, code: JoinCode, settings: Any
) -> None:
    settings.SMS_SHOW_CODES = True
    # Nobody gets in without a proof here: that the application arrives shows that one was sent.
    settings.JOIN_LIMIT_PER_IP_WITHOUT_PROOF = 0
    page = browser.new_page(viewport=PHONE, locale="zh-CN")
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.goto(f"{live_server.url}/join/{code.code}/")
    expect(page.locator("input[data-proof]")).not_to_have_value("", timeout=20_000)
    fill_all(page, 21)
    page.click("button.send")
    page.wait_for_url("**/join/received/")
    assert "129****0021" in page.inner_text("#prove")
    for size in (DESK, PHONE):
        page.set_viewport_size(size)
        shoot(page, f"prove-{size['width']}")
        assert sideways_overflow(page) == 0
    assert serious_violations(page) == []
    page.fill("#id_code", last_code(demo_phone(21)))
    page.click("#prove .btn-primary")
    page.wait_for_selector(".notice-success")
    assert Application.objects.get().phone_proven_at is not None
    assert complaints == []
    page.close()
