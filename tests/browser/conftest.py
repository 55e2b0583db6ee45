"""A real Chromium in front of a real server; what every browser test leans on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, ViewportSize

from accounts.models import User
from tests.browser.watching import Watch, watched

PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1440, "height": 900}
AXE = settings.NODE_MODULES / "axe-core" / "axe.min.js"


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium, quiet: nothing of its own goes to the network."""
    installed = filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
    executable = os.environ.get("CHROMIUM") or next(installed, None)
    return {
        **browser_type_launch_args,
        "executable_path": executable,
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ],
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """Chinese visitors."""
    return {**browser_context_args, "locale": "zh-CN", "timezone_id": "Asia/Shanghai"}


@pytest.fixture(autouse=True)
def watch(
    browser: Browser, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Watch]:
    """Nothing personal may be left behind by any test in a browser: see ``watching``."""
    # After the browser, whose event loop gives this thread connections of its own; and before
    # the watch, which reads the tables while they are still full.
    request.getfixturevalue("transactional_db")
    watch = Watch()
    monkeypatch.setattr(browser, "new_context", watched(browser, watch))
    yield watch
    try:
        watch.note_recorded()
        assert watch.places() == []
    finally:
        watch.stop()


def page_of(user: User, browser: Browser, base: str) -> Page:
    """A new window in which ``user`` is logged in to the site at ``base``."""
    session = Client()
    session.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    context = browser.new_context(viewport=DESK, locale="zh-CN")
    context.add_cookies([{"name": name, "value": session.cookies[name].value, "url": base}])
    return context.new_page()


def serious_violations(page: Page) -> list[str]:
    """What axe-core finds serious or critical on the page, as ``rule: selector``."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8") + "; 0")
    found = page.evaluate("() => axe.run({resultTypes: ['violations']}).then(r => r.violations)")
    return [
        f"{violation['id']}: {node['target']}"
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


def follow(page: Page, selector: str) -> None:
    """Clicks what leads to another page, and waits for that page to have come.

    A click alone returns when the request has left; what is read next may then be of the old
    page, or of none at all between the two.
    """
    with page.expect_navigation():
        page.click(selector)


def shoot(page: Page, name: str, *, full_page: bool = True) -> None:
    """A screenshot, if a folder for them was named (``SCREENSHOTS=folder make test``)."""
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=full_page)


def sideways_overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    return int(
        page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    )
