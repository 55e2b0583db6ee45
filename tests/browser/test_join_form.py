"""The sign-up on a phone: steps, a lost connection, a reload, large type, two languages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, ViewportSize

from core.identity import demo_identity_number
from members.models import Application, ExtraAnswer, JoinCode
from members.services.questions import create_question
from tests.browser.conftest import (
    DESK,
    PHONE,
    follow,
    serious_violations,
    shoot,
    sideways_overflow,
)
from tests.browser.joining import agree, fill_all, fill_person, fill_work, go_on
from tests.builders import make_join_code, make_region, make_union

pytestmark = pytest.mark.django_db(transaction=True)

NARROW: ViewportSize = {"width": 320, "height": 640}


@pytest.fixture
def code() -> JoinCode:
    """A code of a township's union that asks three questions of its own."""
    province = make_region("37", "山东省")
    city = make_region("3715", "聊城市", province)
    region = make_region("371502", "东昌府区", city)
    shandong = make_union("山东省总工会", "provincial_federation", region=province)
    liaocheng = make_union("聊城市总工会", "city_federation", shandong, region=city)
    county = make_union("东昌府区总工会", "county_federation", liaocheng, region=region)
    union = make_union("古楼街道灵活就业人员联合工会", "flexible_township", county, region=region)
    return make_join_code(union)


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    """A phone in Chinese."""
    context = browser.new_context(viewport=PHONE, locale="zh-CN", is_mobile=True, has_touch=True)
    yield context
    context.close()


def heading(page: Page) -> str:
    """The heading of the step that is shown."""
    return page.inner_text(".step:not([hidden]) h2").strip()


def ask_three(code: JoinCode) -> None:
    """A text, a list and a day."""
    questions: tuple[dict[str, Any], ...] = (
        {"kind": "text", "text_zh": "常驻站点", "text_en": "Usual station"},
        {"kind": "choice", "text_zh": "班次", "choices": "早班\n晚班", "is_required": True},
        {"kind": "date", "text_zh": "入职日期"},
    )
    for position, values in enumerate(questions):
        create_question(code.union, position=position, actor=None, **values)


def test_three_steps_to_a_receipt(live_server: Any, phone: BrowserContext, code: JoinCode) -> None:
    ask_three(code)
    page = phone.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{live_server.url}/join/{code.code}/")
    typed = "input:not([type=hidden]):not([type=radio]):not([type=checkbox])"
    assert page.locator(f"main {typed}").count() <= 8
    assert heading(page) == "您的信息"
    assert page.get_attribute(".steps [aria-current]", "aria-current") == "step"

    # Nothing missing is let through; the first gap gets the focus, and its message belongs to it.
    go_on(page)
    assert heading(page) == "您的信息"
    assert page.evaluate("document.activeElement.id") == "id_name"
    assert page.locator(".step:not([hidden]) .field-error").count() == 3
    assert "id_name_error" in str(page.get_attribute("#id_name", "aria-describedby"))
    shoot(page, "join-missing-390")
    assert serious_violations(page) == []

    # A number that looks wrong is pointed out once; the server has the last word.
    fill_person(page)
    page.fill("#id_id_number", "993715199001010071"[:-1])
    go_on(page)
    assert (heading(page), page.is_visible("#id_number_live")) == ("您的信息", True)
    fill_person(page)
    go_on(page)
    assert heading(page) == "您的工作"
    assert page.evaluate("document.activeElement.id") == "step-2"
    assert page.inner_text("#step-live") == "第 2 步，共 3 步：您的工作"
    shoot(page, "join-work-390")
    assert serious_violations(page) == []

    # The phone's own "back" is the step before.
    page.go_back()
    assert heading(page) == "您的信息"
    page.go_forward()
    assert heading(page) == "您的工作"
    fill_work(page)
    go_on(page)
    assert page.inner_text(".step:not([hidden]) .field-error").strip() == "请回答这个问题。"
    page.select_option("select[name^=question_]", "晚班")
    page.keyboard.press("Tab")
    go_on(page)
    assert heading(page) == "您的同意"
    shoot(page, "join-consent-390")
    assert serious_violations(page) == []
    page.click("button.send")
    assert page.locator(".consent .field-error").count() == 2
    agree(page)
    page.click("button.send")
    page.wait_for_url(f"{live_server.url}/join/received/")
    assert Application.objects.count() == 1
    assert ExtraAnswer.objects.values_list("value", flat=True).get() == "晚班"
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    assert complaints == []


def test_a_lost_connection_and_a_reload_lose_nothing(
    live_server: Any, phone: BrowserContext, code: JoinCode
) -> None:
    page = phone.new_page()
    address = f"{live_server.url}/join/{code.code}/"
    page.goto(address)
    fill_person(page)
    go_on(page)
    fill_work(page)
    page.reload()
    assert heading(page) == "您的工作"
    assert page.input_value("#id_employer_name") == "顺丰速运"
    assert page.is_checked("input[value=courier]")
    number = page.input_value("#id_id_number")
    assert len(number) == 18

    # What stays when the chat app closes the page: everything but the document number.
    kept = json.loads(page.evaluate("localStorage.getItem('join-draft')"))
    assert set(kept["values"]) == {"name", "id_type", "phone", "worker_group", "employer_name"}
    assert number not in page.evaluate("JSON.stringify(localStorage)")
    again = phone.new_page()
    again.goto(address)
    assert again.input_value("#id_name") == "张演示"
    assert again.input_value("#id_id_number") == ""
    again.close()

    go_on(page)
    assert page.locator(".consent-box input:checked").count() == 0
    agree(page)
    phone.set_offline(True)
    page.click("button.send")
    page.wait_for_selector("#connection:not([hidden])")
    assert page.evaluate("document.activeElement.id") == "connection"
    shoot(page, "join-offline-390")
    assert serious_violations(page) == []
    assert Application.objects.count() == 0
    assert page.url == address

    # The application arrives, the answer does not: sending again finds the first.
    phone.set_offline(False)

    def swallow(route: Route) -> None:
        route.fetch(max_redirects=0)
        route.abort("connectionreset")

    page.route(address, swallow, times=1)
    page.click("#connection button")
    page.wait_for_selector("#connection:not([hidden])")
    assert Application.objects.count() == 1
    page.click("#connection button")
    page.wait_for_url(f"{live_server.url}/join/received/")
    assert Application.objects.count() == 1
    # Back from the receipt the form is empty again.
    page.goto(address)
    assert (page.input_value("#id_name"), heading(page)) == ("", "您的信息")


def test_forgetting_and_shared_devices(
    live_server: Any, phone: BrowserContext, code: JoinCode
) -> None:
    page = phone.new_page()
    address = f"{live_server.url}/join/{code.code}/"
    page.goto(address)
    assert page.is_hidden("#draft-note")
    fill_person(page)
    page.click("[data-forget]")
    assert page.evaluate("localStorage.length") == 0
    assert page.evaluate("sessionStorage.getItem('join-draft-number')") is None
    assert (page.input_value("#id_name"), page.input_value("#id_id_number")) == ("", "")
    # A day later nothing is left.
    fill_person(page)
    page.evaluate(
        "localStorage.setItem('join-draft', localStorage.getItem('join-draft')"
        '.replace(/"at":\\d+/, \'"at":\' + (Date.now() - 25 * 3600 * 1000)))'
    )
    page.reload()
    assert page.input_value("#id_name") == ""
    assert page.evaluate("localStorage.length") == 0
    # A device everybody uses keeps nothing.
    page.route(
        address,
        lambda route: route.fulfill(
            response=(answer := route.fetch()),
            body=answer.text().replace(' id="join-form"', ' id="join-form" data-no-draft'),
        ),
    )
    page.goto(address)
    fill_person(page)
    assert page.evaluate("localStorage.length") == 0
    assert page.evaluate("sessionStorage.getItem('join-draft-number')") is None


def test_refusals_come_back_into_the_page(
    live_server: Any, phone: BrowserContext, code: JoinCode, settings: Any
) -> None:
    page = phone.new_page()
    page.goto(f"{live_server.url}/join/{code.code}/")
    fill_all(page)
    page.evaluate("document.getElementById('id_name').value = '12345'")
    page.click("button.send")
    page.wait_for_selector("#error-summary")
    assert page.evaluate("document.activeElement.id") == "error-summary"
    assert heading(page) == "您的信息"
    assert page.input_value("#id_phone") == "12900000007"
    assert serious_violations(page) == []
    page.fill("#id_name", "张演示")
    go_on(page)
    go_on(page)
    assert page.locator(".consent-box input:checked").count() == 2
    settings.JOIN_LIMIT_PER_IP = settings.JOIN_LIMIT_PER_IP_WITHOUT_PROOF = 0
    page.click("button.send")
    page.wait_for_selector("main > .container .notice-warning:not(#connection)")
    assert page.input_value("#id_phone") == "12900000007"
    assert Application.objects.count() == 0


@pytest.mark.parametrize("script", [True, False])
def test_language_and_type_keep_what_was_typed(
    live_server: Any, browser: Browser, code: JoinCode, script: bool
) -> None:
    ask_three(code)
    context = browser.new_context(viewport=NARROW, locale="zh-CN", java_script_enabled=script)
    page = context.new_page()
    page.goto(f"{live_server.url}/join/{code.code}/")
    page.fill("#id_name", "买买提·艾山")
    follow(page, "button[value=large]")
    page.wait_for_selector("html.large-type", state="attached")
    assert page.input_value("#id_name") == "买买提·艾山"
    page.fill("#id_phone", "12900000009")
    follow(page, "button[value=en]")
    page.wait_for_selector("html[lang=en]", state="attached")
    assert page.input_value("#id_name") == "买买提·艾山"
    assert page.input_value("#id_phone") == "12900000009"
    assert page.locator(".field-error").count() == 0
    assert page.locator("html.large-type").count() == 1
    assert Application.objects.count() == 0
    if script:
        for language in ("en", "zh"):
            shoot(page, f"join-large-{language}-320")
            assert serious_violations(page) == []
            for step in range(3):
                page.evaluate(
                    "n => document.querySelectorAll('.step').forEach((s, i) => s.hidden = i !== n)",
                    step,
                )
                for size in ("137.5%", "200%"):
                    page.evaluate("s => document.documentElement.style.fontSize = s", size)
                    assert sideways_overflow(page) == 0, (language, step, size)
            page.evaluate("document.documentElement.style.fontSize = ''")
            if language == "en":
                follow(page, "button[value=zh-hans]")
                page.wait_for_selector("html[lang=zh-Hans]", state="attached")
    else:
        # One page with headings, sent in the ordinary way.
        assert page.is_visible("#step-3")
        assert page.is_hidden(".step-nav >> nth=0")
        page.fill(
            "#id_id_number", demo_identity_number("371502", code.created_at.date().replace(1990), 9)
        )
        fill_work(page)
        page.select_option("select[name^=question_]", "早班")
        agree(page)
        page.click("button.send")
        page.wait_for_url(f"{live_server.url}/join/received/")
        assert Application.objects.count() == 1
    context.close()


def test_targets_are_large_enough_and_the_desk_fits(
    live_server: Any, browser: Browser, code: JoinCode
) -> None:
    context = browser.new_context(viewport=DESK, locale="en")
    page = context.new_page()
    page.goto(f"{live_server.url}/join/{code.code}/")
    shoot(page, "join-1440")
    assert serious_violations(page) == []
    assert sideways_overflow(page) == 0
    # WCAG 2.5.8 asks for 24 px; what is pressed to go on is a thumb wide (44 px).
    sizes = page.evaluate(
        "() => [...document.querySelectorAll('main button, main select, main summary,"
        " main input:not([type=hidden])')].filter(e => e.offsetParent && e.type !== 'radio')"
        ".map(e => Math.min(e.getBoundingClientRect().height, e.getBoundingClientRect().width))"
    )
    assert min(sizes) >= 44
    context.close()
