"""The pages of the officials' site: readable for everybody, and none wider than a phone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Browser, Page

from tests.browser.conftest import DESK, PHONE, serious_violations, shoot, sideways_overflow
from tests.permission_world import World, build_world

pytestmark = pytest.mark.django_db(transaction=True)


def pages_of(world: World) -> Iterator[tuple[str, str, str]]:
    """Who looks, what it is called, and its address."""
    privacy, ways_in = world.privacy, world.ways_in
    application, transfer = world.application.pk, world.transfer.pk
    for name, page, arguments in (
        ("overview", "index", ()),
        ("queue", "members_application_changelist", ()),
        ("application", "members_application_change", (application,)),
        ("application-pass", "members_application_pass", (application,)),
        ("application-bulk", "members_application_bulk", ()),
        ("application-direct", "members_application_direct", ()),
        ("member", "members_member_change", (world.membership.member_id,)),
        ("membership", "members_membership_change", (world.membership.pk,)),
        ("membership-expel", "members_membership_act", (world.membership.pk, "expel")),
        ("transfers", "members_transfer_changelist", ()),
        ("transfer", "members_transfer_change", (transfer,)),
        ("transfer-receive", "members_transfer_receive", ()),
        ("merge-candidates", "members_membermerge_candidates", ()),
        ("merge-compare", "members_membermerge_compare", (privacy.one.pk, privacy.two.pk)),
        ("merge", "members_membermerge_change", (privacy.merge.pk,)),
        ("export", "members_personalexport_change", (privacy.asked.pk,)),
        ("collective", "members_collectiveregistration_change", (ways_in.collective.pk,)),
        ("collective-add", "members_collectiveregistration_add", ()),
        ("window", "members_mobilewindow_change", (ways_in.window.pk,)),
        ("window-add", "members_mobilewindow_add", ()),
        ("paper-add", "members_applicationpaper_add", ()),
        ("question", "members_extraquestion_change", (world.question.pk,)),
    ):
        yield "official", name, reverse(f"admin:{page}", args=arguments)
    for name, page, arguments in (
        ("purge", "members_purgerun_change", (privacy.purge.pk,)),
        ("retention", "members_retentionrule_changelist", ()),
        ("routing-add", "members_routingrule_add", ()),
        ("routing-try", "members_routingrule_try", ()),
    ):
        yield "operator", name, reverse(f"admin:{page}", args=arguments)


def faults(page: Page, name: str) -> list[str]:
    """What is wrong with the page that is open, at both widths."""
    found = []
    # The width at hand first: to lay out a page anew takes long.
    for size in (DESK, PHONE) if page.viewport_size == DESK else (PHONE, DESK):
        if page.viewport_size != size:
            page.set_viewport_size(size)
        width = size["width"]
        shoot(page, f"admin-{name}-{width}")
        found += [f"{name} at {width}: {fault}" for fault in serious_violations(page)]
        if over := sideways_overflow(page):
            found.append(f"{name} at {width}: {over} px too wide")
    return found


def logged_in(browser: Browser, world: World, role: str, base: str) -> Page:
    """A window of the browser in which ``role`` is logged in."""
    context = browser.new_context(viewport=DESK, locale="zh-CN")
    cookie: Any = {
        "name": settings.SESSION_COOKIE_NAME, "value": world.sessions[role], "url": base,
    }  # fmt: skip
    context.add_cookies([cookie])
    return context.new_page()


def test_every_page_can_be_read_by_everybody(live_server: Any, browser: Browser) -> None:
    world = build_world()
    base = live_server.url
    windows = {role: logged_in(browser, world, role, base) for role in ("official", "operator")}
    found = []
    for role, name, address in pages_of(world):
        page = windows[role]
        answer = page.goto(base + address, wait_until="load")
        assert answer is not None
        assert (answer.status, urlsplit(page.url).path) == (200, address), name
        found += faults(page, name)
    assert found == []


def test_choices_are_called_as_their_labels(live_server: Any, browser: Browser) -> None:
    world = build_world()
    page = logged_in(browser, world, "official", live_server.url)
    page.goto(live_server.url + reverse("admin:members_mobilewindow_add"))
    box = page.locator(".select2-selection")
    assert box.get_attribute("aria-label") == "工会"
    box.click()
    page.fill(".select2-search__field", world.low.name)
    option = page.locator(f".select2-results__option:has-text('{world.low.name}')")
    option.wait_for()
    assert serious_violations(page) == []
    option.click()
    assert box.get_attribute("aria-label") == f"工会: {world.low.name}"
