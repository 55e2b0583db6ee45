"""Blocks kept for a moment: for whom, until when, and what happens when the shelf is gone."""

from threading import Timer
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils.safestring import SafeString

from reports import shelf
from reports.models import ReportRun
from reports.runs import PUBLISH
from tests.builders import make_official
from tests.reports.world import World, build_world
from unions.enums import Role
from unions.models import Appointment, Union
from unions.services.unions import move_union

pytestmark = pytest.mark.django_db
OLD, NEW = "某县", "改名县"


@pytest.fixture
def world(settings: LazySettings) -> World:
    world = build_world()
    settings.FIGURES_KEPT_SECONDS = 60
    rename(world.dong, OLD)
    return world


def rename(union: Union, name: str) -> None:
    Union.objects.filter(pk=union.pk).update(name=name)


def names_shown(user: Any, address: str = "/dashboard/", **query: str) -> list[str]:
    """Which of the two names stand on the page, for somebody with a browser of their own."""
    client = Client()
    client.force_login(user)
    response = client.get(address, query, headers={"accept-language": query.pop("language", "zh")})
    assert response.status_code == 200
    text = response.content.decode()
    return [name for name in (OLD, NEW) if name in text]


def test_who_sees_the_same_gets_the_kept_block(world: World) -> None:
    second = make_official("second", world.city, Role.LEADER)
    assert names_shown(world.leader) == [OLD]
    rename(world.dong, NEW)
    assert names_shown(second) == [OLD]
    client = Client()
    client.force_login(second)
    with CaptureQueriesContext(connection) as captured:
        client.get("/dashboard/")
    # Session, user, newest count, appointments: nothing of unions or figures.
    assert len(captured) == 4


def test_another_scope_address_or_language_gets_its_own(world: World) -> None:
    above = make_official("above", world.province, Role.LEADER)
    official = make_official("same-place", world.city, Role.FEDERATION_OFFICIAL)
    assert names_shown(world.leader) == [OLD]
    rename(world.dong, NEW)
    city = str(world.city.pk)
    assert names_shown(above, union=city) == [NEW]
    assert names_shown(official) == [NEW]
    assert names_shown(world.leader, sort="name") == [NEW]
    assert names_shown(world.leader, language="en") == [NEW]
    assert names_shown(world.leader) == [OLD]


def test_addresses_that_mean_nothing_are_not_kept(world: World) -> None:
    assert names_shown(world.leader, filler="1") == [OLD]
    rename(world.dong, NEW)
    assert names_shown(world.leader, filler="1") == [NEW]


def test_a_right_taken_away_takes_the_block_with_it(world: World) -> None:
    city = str(world.city.pk)
    assert names_shown(world.leader, union=city) == [OLD]
    Appointment.objects.filter(user=world.leader).delete()
    client = Client()
    client.force_login(world.leader)
    assert client.get("/dashboard/").status_code == 403
    assert client.get("/dashboard/", {"union": city}).status_code == 404


def test_a_union_that_moved_out_of_sight_takes_the_block_with_it(world: World) -> None:
    below = str(world.dong.pk)
    assert names_shown(world.leader, union=below) == [OLD]
    move_union(world.dong, to_parent=world.other_city, reason="区划调整", actor=None)
    client = Client()
    client.force_login(world.leader)
    assert client.get("/dashboard/", {"union": below}).status_code == 404


def test_who_comes_while_a_block_is_made_waits_for_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    class BegunElsewhere:
        """The shelf, on which somebody has just begun the block that is asked for first."""

        def __getattr__(self, name: str) -> Any:
            return getattr(cache, name)

        def add(self, key: str, value: Any, timeout: int) -> bool:
            cache.add(key, value, timeout)
            block = ("title", SafeString("<p>made elsewhere</p>"))
            Timer(0.2, cache.set, (key.removesuffix(":making"), block, 60)).start()
            return False

    monkeypatch.setattr(shelf, "cache", BegunElsewhere())
    client = Client()
    client.force_login(world.leader)
    assert b"<p>made elsewhere</p>" in client.get("/dashboard/").content


def test_who_waits_in_vain_makes_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "WAIT_SECONDS", 0.1)
    monkeypatch.setattr(shelf, "MAKING_SECONDS", 60)
    first = Client(raise_request_exception=False)
    first.force_login(world.leader)
    with monkeypatch.context() as dying:
        # Dies with the block in its hands, and nobody tidies up behind it.
        dying.setattr(shelf, "_lay_down", lambda *arguments: None)
        dying.setattr("reports.views.front_for", lambda *arguments, **options: 1 / 0)
        assert first.get("/dashboard/").status_code == 500
    assert names_shown(world.leader) == [OLD]
    rename(world.dong, NEW)
    assert names_shown(world.leader) == [OLD]  # what the one who waited made lies there


def test_a_block_that_failed_is_made_by_the_next(world: World, monkeypatch: Any) -> None:
    monkeypatch.setattr(shelf, "WAIT_SECONDS", 600)  # would be waited for if it were still "made"
    first = Client(raise_request_exception=False)
    first.force_login(world.leader)
    with monkeypatch.context() as failing:
        failing.setattr("reports.views.front_for", lambda *arguments, **options: 1 / 0)
        assert first.get("/dashboard/").status_code == 500
    assert names_shown(world.leader) == [OLD]


def test_a_new_count_is_seen_at_once(world: World) -> None:
    assert names_shown(world.leader) == [OLD]
    rename(world.dong, NEW)
    newest = ReportRun.objects.filter(report=PUBLISH).latest("day")
    newest.finished_at = newest.finished_at.replace(microsecond=7) if newest.finished_at else None
    newest.save()
    assert names_shown(world.leader) == [NEW]


def test_who_has_written_reads_fresh_others_do_not(world: World) -> None:
    writer = make_official("writer", world.city, Role.LEADER)
    assert names_shown(writer) == [OLD]
    rename(world.dong, NEW)
    client = Client()
    client.force_login(writer)
    assert client.post("/dashboard/").status_code == 405  # any form, taken or refused
    assert b"\xe6\x94\xb9\xe5\x90\x8d" in client.get("/dashboard/").content
    # What was made fresh lies on the shelf now, for all.
    assert names_shown(world.leader) == [NEW]


def test_blocks_that_come_later_are_kept_too(world: World) -> None:
    client = Client()
    client.force_login(world.leader)
    first = client.get("/dashboard/parts/structure/", headers={"hx-request": "true"}).content
    with CaptureQueriesContext(connection) as captured:
        again = client.get("/dashboard/parts/structure/", headers={"hx-request": "true"}).content
    assert again == first
    assert b"<html" not in again
    assert len(captured) == 4
    assert b"<html" in client.get("/dashboard/parts/structure/").content


def test_without_valkey_every_page_is_made(world: World) -> None:
    assert names_shown(world.leader) == [OLD]
    rename(world.dong, NEW)
    backend = "django.core.cache.backends.redis.RedisCache"
    gone = {"BACKEND": backend, "LOCATION": "unix:///nowhere/valkey.sock"}
    with override_settings(CACHES={"default": gone}):
        assert names_shown(world.leader) == [NEW]
        client = Client()
        client.force_login(world.leader)
        assert client.post("/dashboard/").status_code == 405
