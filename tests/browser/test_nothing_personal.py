"""The watch over the browser tests sees what it should; and what officials do leaves nothing.

Every test in this folder is watched (``conftest.watch``): sign-up, proof, review, the own page, the
night. Here the watch itself is tried, and the acts that show whole numbers are done by hand.
"""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote

import pytest
import redis
from django.conf import settings
from django.db import transaction
from playwright.sync_api import Browser

from audit.models import AuditEntry
from audit.services import log
from members.models import Member, PersonalExport
from members.services.personal_export import ask_export, decide_export
from portal.celery import app
from tests.browser.conftest import DESK, follow, serious_violations
from tests.browser.watching import Watch
from tests.builders import PASSWORD, make_membership, make_official, make_union, person

pytestmark = pytest.mark.django_db(transaction=True)
WHO = person(77, name="欧阳演示")


@pytest.fixture
def own_watch() -> Any:
    """One whose finds are expected."""
    watch = Watch()
    yield watch
    watch.stop()


def test_the_watch_finds_a_number_wherever_it_is_left(own_watch: Watch) -> None:
    number, name = "371502199001019999", "欧阳演示"
    assert own_watch.places() == []
    own_watch.note_typed({"id_number": [number], "name": [name]})
    assert own_watch.places() == []
    own_watch.addresses.append(f"http://localhost/?q={quote(name)}")
    assert own_watch.places() == ["addresses"]
    own_watch.addresses.clear()
    logging.getLogger("members").warning("person %s", number)
    assert own_watch.places() == ["logs"]
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.hset("some-hash", "who", name)
    assert own_watch.places() == ["logs", "commands to Redis", "Redis"]
    client.delete("some-hash")
    own_watch.commands.clear()
    # The arguments of a task, in the envelope Celery gives them.
    app.send_task("no.such.task", args=[number], queue="nobody-listens")
    assert own_watch.places() == ["logs", "commands to Redis", "Redis"]
    union = make_union("县总", "county_federation")
    with transaction.atomic():
        log(None, "union.updated", union, {"remark": name})
    assert own_watch.places()[-1] == "table audit_auditentry"


def test_revealing_and_exporting_leave_nothing_behind(
    live_server: Any, browser: Browser, watch: Watch
) -> None:
    county = make_union("县总", "county_federation")
    low = make_union("镇工会", "township_union", county)
    make_membership(low, WHO, on="2024-01-01")
    official, other = make_official("gongzuozhe", low), make_official("fushen", county)
    export = ask_export(low, purpose="慰问品名单", actor=official)
    decide_export(export, allow=True, actor=other)
    page = browser.new_context(viewport=DESK, locale="zh-CN").new_page()
    page.goto(f"{live_server.url}/admin/login/")
    page.fill("input[name=username]", official.username)
    page.fill("input[name=password]", PASSWORD)
    follow(page, "[type=submit]")
    page.wait_for_url(f"{live_server.url}/admin/")

    page.goto(f"{live_server.url}/admin/members/member/{Member.objects.get().pk}/reveal/")
    assert serious_violations(page) == []
    page.fill("input[name=reason]", "电话核对")
    follow(page, ".portal-card .portal-button-primary")
    page.wait_for_selector(f"text={WHO.id_number}")

    page.goto(f"{live_server.url}/admin/members/personalexport/{export.pk}/change/")
    assert serious_violations(page) == []
    with page.expect_download() as download:
        page.click(".portal-card .portal-button-primary")
    assert download.value.suggested_filename.endswith(".xlsx")
    assert PersonalExport.objects.get().downloads == 1
    assert set(AuditEntry.objects.values_list("action", flat=True)) >= {
        "member.revealed", "personal_export.downloaded",
    }  # fmt: skip
    watch.note_recorded()
    assert WHO.id_number in watch.numbers
    assert watch.places() == []
