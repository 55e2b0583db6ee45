"""The readers of ``bench scale``: what they ask for is what the pages ask for; memory is seen."""

from __future__ import annotations

import datetime as dt
import itertools
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client, override_settings

from portal.benchmarks import readers
from portal.benchmarks.dataset import LEADER, Sizes
from portal.benchmarks.memory import PeakMemory
from portal.benchmarks.readers import BLOCKS, MAP, SHARES, Read, Reader, looks_of
from portal.benchmarks.rows import Row
from portal.benchmarks.suites import scale
from reports.models import DailyCount, UnpostedEntry
from reports.nightly import run_nightly
from tests.builders import make_membership, make_union
from tests.portal.world import World, make_world
from unions.models import Union


@pytest.fixture
def world(db: None) -> World:
    """With figures up to a day."""
    world = make_world()
    run_nightly(dt.date(2024, 3, 5), opening=dt.date(2024, 3, 1))
    return world


def first_looks(reader: Reader, count: int) -> list[list[str]]:
    return list(itertools.islice(looks_of(reader, 7), count))


def kind_of(look: list[str], own: int) -> str:
    """Which of ``SHARES`` it was."""
    if len(look) > 1:
        return "own page" if look[0] == readers.DASHBOARD else "page of a child"
    address = look[0]
    assert f"union={own}" in address
    for mark, kind in (("sort=", "ranking"), ("/trend/", "trend"), ("/funnel/", "funnel")):
        if mark in address:
            return kind
    assert address.startswith(MAP)
    return "map"


def test_shares_are_as_they_are_said_to_be() -> None:
    assert sum(SHARES.values()) == 100
    looks = first_looks(Reader({}, 1, (2, 3)), 4000)
    seen = Counter(kind_of(look, 1) for look in looks)
    assert {kind: round(100 * count / 4000) for kind, count in seen.items()} == pytest.approx(
        SHARES, abs=2
    )
    assert {look[0] for look in looks if len(look) > 1} == {
        "/dashboard/", "/dashboard/?union=2", "/dashboard/?union=3",
    }  # fmt: skip
    assert looks == first_looks(Reader({}, 1, (2, 3)), 4000)
    # Nobody below: the own page again.
    assert all("union=1" in look[-1] for look in first_looks(Reader({}, 1), 100))


def test_leaders_stand_at_unions_of_three_levels(world: World) -> None:
    second = make_union("阳谷县总工会", "county_federation", world.city)
    (top,) = readers.top_readers(1)
    found = readers.readers_of_levels()
    assert [reader.union for reader in found] == [
        *[world.province.pk] * 4,
        *[world.city.pk, world.other.pk] * 3,
        *[world.county.pk, second.pk] * 3,
    ]
    assert (top.union, found[0].children) == (world.province.pk, (world.city.pk, world.other.pk))
    assert found[-1].children == ()
    assert len({tuple(reader.cookies.values()) for reader in (top, *found)}) == 17
    assert {name for name in names_of_leaders() if name.startswith(f"{LEADER}-")} == {
        f"{LEADER}-{number}" for number in range(17)
    }


def names_of_leaders() -> set[str]:
    return set(Union.objects.values_list("appointments__user__username", flat=True)) - {None}


def asking(reader: Reader) -> Client:
    client = Client()
    client.cookies.load(reader.cookies)
    return client


def get(client: Client, address: str) -> Any:
    headers = {"HX-Request": "true"} if "/parts/" in address else {}
    return client.get(address, headers=headers)


def test_a_page_brings_the_blocks_that_readers_ask_for(world: World) -> None:
    readers.top_readers(1)
    levels = readers.readers_of_levels()
    for reader in (levels[0], levels[4], levels[10]):
        client = asking(reader)
        page = client.get(readers.DASHBOARD).content.decode()
        loaded = re.findall(r'hx-get="([^"]+)"\s+hx-trigger="load"', page)
        assert {address.replace("&amp;", "&") for address in loaded} == set(
            readers.blocks_of(reader.union)
        )
        assert len(loaded) == len(BLOCKS)
        assert f'data-url="{MAP}"' in page
    client = asking(levels[0])
    looks = {kind_of(look, levels[0].union): look for look in first_looks(levels[0], 200)}
    assert looks.keys() == SHARES.keys()
    for address in itertools.chain.from_iterable(looks.values()):
        assert get(client, address).status_code == 200, address


@override_settings(FIGURES_KEPT_SECONDS=60)
def test_what_was_made_is_counted_and_what_was_kept_is_not(world: World) -> None:
    cache.clear()
    reader = readers.readers_of_levels()[0]
    client = asking(reader)
    page = [readers.DASHBOARD, *readers.blocks_of(reader.union)]
    made = readers.blocks_made()
    for address in page:
        assert get(client, address).status_code == 200
    assert readers.blocks_made() - made == len(page)
    for address in (*page, f"{MAP}?union={reader.union}"):
        assert get(client, address).status_code == 200
    assert readers.blocks_made() - made == len(page)
    assert scale._share_kept(Read([0.1] * 19, shelved=2 * len(page)), len(page)) == 0.5


def test_the_largest_process_is_seen_with_those_below_it() -> None:
    held = "held = bytearray(90_000_000)"
    below = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{held}; input()'])"
    process = subprocess.Popen([sys.executable, "-c", below], stdin=subprocess.PIPE)
    with PeakMemory(process.pid) as peak:
        while peak.megabytes < 86:
            assert process.poll() is None
        process.communicate(b"\n")
    assert 86 <= peak.megabytes < 200
    with PeakMemory(process.pid) as nobody:
        pass
    assert nobody.megabytes == 0


# -- the rows -------------------------------------------------------------------------------------


def test_what_no_night_can_do_without_is_taken_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The night that comes then counts the joining once."""
    tonight = dt.date(2024, 3, 6)

    def join(count: int) -> dt.date:
        make_membership(world.low, on=str(tonight))
        return tonight

    monkeypatch.setattr(scale, "_join", join)
    for members in (1, 2):
        assert scale._least() > 0
        figures = DailyCount.objects.filter(day=tonight).order_by("union")
        assert list(figures.values_list("union", "members")) == [
            (union.pk, members) for union in (world.province, world.city, world.county, world.low)
        ]
        assert not UnpostedEntry.objects.exists()
        tonight += dt.timedelta(days=1)


def test_rows_of_a_growing_register(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which rows at which stage; nothing is measured."""

    def storage(suite: str, night: object, events: int) -> Iterator[Row]:
        yield Row(suite, "bytes_1x", 1.0, "B", None, events)

    def no_page(user: object) -> Any:
        return lambda: None

    steps = {"close": 0.1}
    for name, stub in {
        "_grow": lambda members, stage: 1.0,
        "_page_of": no_page,
        "_best_night": lambda workers: (2.0, steps),
        "_night": lambda count, within=None: 1.0,
        "_least": lambda: 0.1,
        "_sweep": lambda: 1.0,
        "_heaviest_night": lambda: 300.0,
        "read_memberships": lambda _way="": None,
        "recount": lambda: None,
        "storage": storage,
    }.items():
        monkeypatch.setattr(scale, name, stub)
    monkeypatch.setattr(scale.dataset, "leader", lambda: None)
    monkeypatch.setattr(
        scale, "_read_while_counting", lambda members: iter([Row("scale", "web", 1, "", None, 0)])
    )
    rows = [(row.name, row.n) for row in scale.run(Sizes(80_000, 500))]
    of_stage = [
        "floor_hashed",
        "floor_by_index",
        "full",
        "incremental",
        "step_close",
        "least_night",
        "night_of_nothing",
        "incremental_busy",
        "one_worker",
    ]
    expected = [("dashboard_ms", 10_000)]
    for stage in (20_000, 40_000, 80_000):
        names = ["first_night", "dashboard_ms", *of_stage, "worker_rss_mb"]
        names += ["growth"] if stage > 20_000 else []
        expected += [(name, stage) for name in names]
    expected += [("bytes_1x", 30_000), ("sweep", 80_000), ("web", 0)]
    assert rows == expected


def test_rows_of_the_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each before a night and during it, beside each other; and the memory of the web."""
    asked: list[tuple[int, float, int]] = []
    made = itertools.count(step=5)

    def read(
        port: int, who: list[Reader], looks: list[Any], *, pause: float, each: int = 0,
        until: object = None,
    ) -> Read:  # fmt: skip
        asked.append((len(who), pause, each))
        return Read([0.1, 0.2 if until is None else 0.3], shelved=20)

    class Server:
        port, pid = 1, 2_000_000_000

        def __enter__(self) -> Server:
            return self

        def __exit__(self, *_error: object) -> None:
            pass

    class Night:
        @staticmethod
        def wait() -> int:
            return 0

    for name, stub in {
        "top_readers": lambda count: [Reader({}, 1)] * count,
        "readers_of_levels": lambda: [Reader({}, 1)] * 3,
        "served": lambda application, probe: Server(),
        "read": read,
        "blocks_made": lambda: next(made),
        "newest_day": lambda: dt.date(2024, 3, 4),
        "prepare_figures": lambda day: 0,
        "_join": lambda count: dt.date(2024, 3, 5),
        "_start_night": lambda day: Night(),
    }.items():
        monkeypatch.setattr(scale, name, stub)
    rows = list(scale._read_while_counting(500))
    assert [(row.name, row.n) for row in rows] == [
        ("readers_p95_ms", 500), ("readers_p95_ms_at_night", 500), ("readers_p95_ms_night_s", 500),
        ("hurried_p95_ms", 500), ("hurried_p95_ms_at_night", 500), ("hurried_p95_ms_night_s", 500),
        ("readers_mixed_p95_ms", 500), ("readers_mixed_kept_share", 20),
        ("readers_mixed_p95_ms_at_night", 500), ("readers_mixed_p95_ms_night_s", 500),
        ("readers_mixed_kept_share_at_night", 20), ("web_rss_mb", 500),
    ]  # fmt: skip
    by_name = {row.name: row for row in rows}
    assert by_name["readers_mixed_p95_ms"].value == 200
    night = by_name["readers_mixed_p95_ms_at_night"]
    assert (night.value, night.floor) == (300, 200)
    assert by_name["readers_mixed_kept_share"].value == 0.75
    assert asked == [
        (16, 0.0, 20), (16, 1.0, 20), (16, 1.0, 0), (16, 0.0, 20), (16, 0.0, 0), (3, 5.0, 12),
        (3, 5.0, 0),
    ]  # fmt: skip
