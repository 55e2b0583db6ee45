"""Filling in the sign-up form as a worker does, step by step."""

from __future__ import annotations

import datetime as dt

from playwright.sync_api import Page, expect

from core.identity import demo_identity_number
from core.phone import demo_phone


def go_on(page: Page) -> None:
    """To the next step."""
    page.click(".step:not([hidden]) [data-go=next]")


def fill_person(page: Page, number: int = 7) -> None:
    """The first step, with a person who cannot exist."""
    page.fill("#id_name", "张演示")
    page.fill("#id_id_number", demo_identity_number("371502", dt.date(1990, 1, 1), number))
    page.fill("#id_phone", demo_phone(number).removeprefix("+86"))


def fill_work(page: Page, employer: str = "顺丰速运") -> None:
    """The second step."""
    # As a thumb does: the box itself is hidden, its face is what one taps.
    page.click("label:has(input[name=worker_group][value=courier])")
    expect(page.locator("input[name=worker_group][value=courier]")).to_be_checked()
    page.fill("#id_employer_name", employer)


def agree(page: Page) -> None:
    """The third step."""
    for box in page.query_selector_all(".consent-box input"):
        box.check()


def fill_all(page: Page, number: int = 7) -> None:
    """All three, ready to be sent."""
    fill_person(page, number)
    go_on(page)
    fill_work(page)
    go_on(page)
    agree(page)
