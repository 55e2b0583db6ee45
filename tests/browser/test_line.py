"""The whole line, by hand: a union is registered, a worker joins, an official approves, the night
counts in a real Celery worker, and the leader's dashboard shows one more."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from accounts.models import User
from core.clock import local_today
from core.phone import demo_phone
from members.models import Application, JoinCode, Membership
from reports.models import ReportRun
from reports.nightly import PUBLISH, run_nightly
from reports.tasks import run_nightly_task
from tests.browser.conftest import (
    DESK,
    PHONE,
    follow,
    serious_violations,
    shoot,
    sideways_overflow,
)
from tests.browser.joining import fill_all
from tests.browser.watching import Watch
from tests.builders import PASSWORD, make_official, make_region, make_union
from unions.enums import Role
from unions.models import Union

pytestmark = pytest.mark.django_db(transaction=True)

UNION_NAME = "古楼街道灵活就业人员联合工会"


@pytest.fixture
def county() -> Union:
    """A county federation in its region, under a city and a province."""
    province = make_region("37", "山东省")
    city = make_region("3715", "聊城市", province)
    region = make_region("371502", "东昌府区", city)
    make_region("371502001", "古楼街道", region)
    shandong = make_union("山东省总工会", "provincial_federation", region=province)
    liaocheng = make_union("聊城市总工会", "city_federation", shandong, region=city)
    return make_union("东昌府区总工会", "county_federation", liaocheng, region=region)


@pytest.fixture
def worker_process(
    python: str, subprocess_environment: dict[str, str], watch: Watch, tmp_path: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A real Celery worker on the test's database and Valkey."""
    output = tmp_path / "worker.log"
    output.touch()
    watch.outputs.append(output)
    with output.open("wb") as stream:
        process = subprocess.Popen(
            [python, "-m", "celery", "-A", "portal", "worker", "-c", "1", "-l", "INFO"],
            env=subprocess_environment,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    yield process
    process.terminate()
    process.wait(timeout=20)


def wait_for(condition: Callable[[], Any], *, seconds: float = 30) -> None:
    """Until ``condition`` holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.2)


def log_in(page: Page, base: str, user: User, *, to: str) -> None:
    """Through the log-in page, as a person would."""
    page.goto(f"{base}/admin/login/?next={to}")
    page.fill("input[name=username]", user.username)
    page.fill("input[name=password]", PASSWORD)
    follow(page, "[type=submit]")
    page.wait_for_url(f"{base}{to}")


def choose(page: Page, field: str, text: str) -> None:
    """Pick ``text`` in an autocomplete box of the admin."""
    page.click(f"#id_{field} + .select2 .select2-selection")
    page.fill(".select2-search__field", text)
    page.click(f".select2-results__option:has-text('{text}')")


def members_shown(page: Page) -> int:
    """The number on the first card of the dashboard."""
    text = page.inner_text(".card-figure .stat-value >> nth=0")
    return int("".join(re.findall(r"\d", text)))


def test_from_a_scanned_code_to_a_leaders_figure(
    live_server: Any, browser: Browser, county: Union, worker_process: subprocess.Popen[bytes]
) -> None:
    base = live_server.url
    official = make_official("gongzuozhe", county)
    leader = make_official("lingdao", county.parent, Role.LEADER)  # type: ignore[arg-type]
    run_nightly()

    # The leader, before.
    leader_page = browser.new_context(viewport=DESK, locale="zh-CN").new_page()
    log_in(leader_page, base, leader, to="/dashboard/")
    assert members_shown(leader_page) == 0

    # The official registers a union …
    desk = browser.new_context(viewport=DESK, locale="zh-CN").new_page()
    log_in(desk, base, official, to="/admin/")
    desk.goto(f"{base}/admin/unions/union/add/")
    desk.fill("#id_name", UNION_NAME)
    desk.select_option("#id_kind", "flexible_township")
    choose(desk, "parent", "东昌府区总工会")
    choose(desk, "region", "古楼街道")
    desk.fill("#id_founded_on", local_today().isoformat())
    shoot(desk, "union-add-1440")
    follow(desk, "[name=_save]")
    desk.wait_for_url(f"{base}/admin/unions/union/")
    union = Union.objects.get(name=UNION_NAME)
    assert union.parent == county

    # … and makes and prints its code.
    desk.goto(f"{base}/admin/members/joincode/add/")
    choose(desk, "union", UNION_NAME)
    desk.fill("#id_label", "街道服务大厅")
    follow(desk, "[name=_save]")
    code = JoinCode.objects.get()
    poster = desk.request.get(f"{base}/join/codes/{code.pk}/poster.pdf")
    assert (poster.status, poster.body()[:5]) == (200, b"%PDF-")

    # A worker opens the code's address on a phone and applies.
    phone = browser.new_context(
        viewport=PHONE, locale="zh-CN", is_mobile=True, has_touch=True
    ).new_page()
    phone.goto(f"{base}/join/{code.code}/")
    assert UNION_NAME in phone.inner_text("h1")
    shoot(phone, "join-390")
    assert serious_violations(phone) == []
    assert sideways_overflow(phone) == 0
    fill_all(phone, 7)
    phone.click("button.send")
    phone.wait_for_selector("#receipt-number")
    shoot(phone, "receipt-390")
    receipt = phone.inner_text("#receipt-number").replace(" ", "").replace("-", "")
    application = Application.objects.get()
    assert application.receipt_number.replace("-", "") == receipt
    assert receipt not in phone.url

    # The official finds it in the queue and approves.
    desk.goto(f"{base}/admin/members/application/")
    assert desk.locator("#result_list tbody tr").count() == 1
    shoot(desk, "queue-1440")
    assert serious_violations(desk) == []
    desk.check("#result_list tbody input.action-select")
    desk.select_option("select[name=action]", "approve_selected")
    follow(desk, "button[name=index]")
    desk.wait_for_selector("input[name=confirmed]", state="attached")
    shoot(desk, "approve-1440")
    follow(desk, ".portal-button-primary")
    membership = Membership.objects.get()
    assert (membership.union, membership.join_code, membership.application) == (
        union, code, application,
    )  # fmt: skip

    # The worker sees it.
    phone.goto(f"{base}/join/status/")
    phone.fill("input[name=receipt_number]", receipt)
    phone.fill("input[name=phone]", demo_phone(7).removeprefix("+86"))
    follow(phone, "main button[type=submit], main form button")
    phone.wait_for_selector(f"text={UNION_NAME}")
    shoot(phone, "status-390")

    # The night, in the worker; and the leader's figure is one more.
    run_nightly_task.delay(local_today().isoformat())
    wait_for(
        ReportRun.objects.filter(report=PUBLISH, day=local_today(), status="done").exists,
        seconds=40,
    )
    leader_page.goto(f"{base}/dashboard/")
    assert members_shown(leader_page) == 1
    # The blocks have come after the page, each chart drawn from its table.
    leader_page.wait_for_selector(".part-later", state="detached")
    leader_page.wait_for_selector("#part-trend .chart svg")
    leader_page.click("#trend-joined")
    leader_page.wait_for_selector("#part-trend [data-chart=bars] .chart svg")
    assert "figure=joined" in leader_page.url
    shoot(leader_page, "dashboard-after-1440")
    assert serious_violations(leader_page) == []
    leader_page.set_viewport_size(PHONE)
    assert sideways_overflow(leader_page) == 0
