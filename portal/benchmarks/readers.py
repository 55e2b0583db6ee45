"""Leaders who read: which addresses they ask for, in which shares, and how long each took.

Two kinds. One looks at the front page of the top again and again: nearly always it lies on the
shelf. The other reads as people do: a page comes with its blocks, which its script asks for, and
from there readers go down, sort, look at another figure. They stand at unions of three levels.
"""

from __future__ import annotations

import itertools
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

import redis
from django.conf import settings
from django.test import Client as DjangoClient

from accounts.models import User
from portal.benchmarks import dataset
from portal.benchmarks.web import Client
from unions.models import Union

DASHBOARD = "/dashboard/"
MAP = f"{DASHBOARD}map.json"
# What the front page asks for by itself, in this order; the map last.
BLOCKS = (
    "establishment", "quality", "campaigns", "rates", "trend", "funnel", "structure", "reported",
)  # fmt: skip
CHILDREN = 20  # of a union, among whom a reader chooses
# How many readers stand where: sixteen in all.
PLACES = {"provincial_federation": 4, "city_federation": 6, "county_federation": 6}
# What a reader does next, in hundredths. A page has its blocks with it, ten requests in all; the
# others are one each.
SHARES = {
    "own page": 35,
    "page of a child": 25,
    "ranking": 10,
    "trend": 10,
    "funnel": 10,
    "map": 10,
}
_SORTS = ("name", "-month", "-year", "-set4", "-nef", "-pace")
_FIGURES = (("joined", "12"), ("members", "36"), ("unions", "36"), ("stations", "all"))
_PERIODS = ("month", "12")
_METRICS = ("set4", "nef", "year", "pace")

Look = list[str]


@dataclass(frozen=True)
class Reader:
    """Somebody who is logged in, the union whose leader that is, and the unions right below."""

    cookies: dict[str, str]
    union: int
    children: tuple[int, ...] = ()


@dataclass
class Read:
    """Seconds of each answer; how many of them were blocks or pages that may lie on the shelf."""

    times: list[float] = field(default_factory=list)
    shelved: int = 0


def top_readers(count: int) -> list[Reader]:
    """So many new leaders at the top of the tree."""
    top = Union.objects.get(parent=None)
    return [Reader(_log_in(user), top.pk) for user in dataset.leaders_of([top] * count)]


def readers_of_levels() -> list[Reader]:
    """New leaders at the unions of ``PLACES``, at as many different ones as there are."""
    unions: list[Union] = []
    for kind, count in PLACES.items():
        level = list(Union.objects.filter(kind=kind).order_by("pk")[:count])
        unions += itertools.islice(itertools.cycle(level), count)
    below: dict[int, tuple[int, ...]] = {}
    for union in unions:
        rows = Union.objects.filter(parent=union).order_by("pk")
        below[union.pk] = tuple(rows.values_list("pk", flat=True)[:CHILDREN])
    return [
        Reader(_log_in(user), union.pk, below[union.pk])
        for user, union in zip(dataset.leaders_of(unions), unions, strict=True)
    ]


def front_again_and_again() -> Iterator[Look]:
    """Looks at the front page of the viewer's highest union."""
    return itertools.repeat([DASHBOARD])


def looks_of(reader: Reader, seed: int) -> Iterator[Look]:
    """What a reader asks for, look after look, without end; the same ``seed`` gives the same."""
    chance = Random(seed)  # noqa: S311 -- nothing secret
    kinds, shares = list(SHARES), list(SHARES.values())
    while True:
        kind = chance.choices(kinds, shares)[0]
        union = reader.union
        if kind == "page of a child" and reader.children:
            union = chance.choice(reader.children)
        yield _addresses(kind, union, chance)


def _addresses(kind: str, union: int, chance: Random) -> Look:
    """In the order of words in which the pages write them: it is part of a block's name."""
    own = f"union={union}"
    if kind == "ranking":
        return [f"{DASHBOARD}?{own}&sort={chance.choice(_SORTS)}"]
    if kind == "trend":
        figure, months = chance.choice(_FIGURES)
        return [f"{DASHBOARD}parts/trend/?{own}&range={months}&figure={figure}"]
    if kind == "funnel":
        return [f"{DASHBOARD}parts/funnel/?{own}&period={chance.choice(_PERIODS)}"]
    if kind == "map":
        return [f"{MAP}?{own}&metric={chance.choice(_METRICS)}"]
    page = DASHBOARD if kind == "own page" else f"{DASHBOARD}?{own}"
    return [page, *blocks_of(union), f"{MAP}?{own}&metric=members"]


def blocks_of(union: int) -> Look:
    """The blocks that the front page of a union asks for."""
    return [f"{DASHBOARD}parts/{name}/?union={union}" for name in BLOCKS]


def read(
    port: int,
    readers: Sequence[Reader],
    looks: Sequence[Iterator[Look]],
    *,
    pause: float,
    each: int = 0,
    until: subprocess.Popen[bytes] | None = None,
) -> Read:
    """All readers at once, each with ``looks`` of its own and ``pause`` seconds after every look:
    ``each`` so many, or ``until`` a process is over. RuntimeError for an answer other than 200."""
    reads = [Read() for _reader in readers]
    failures: list[str] = []

    def go(place: int, reader: Reader, own: Iterator[Look]) -> None:
        done = reads[place]
        client = Client(port, reader.cookies)
        time.sleep(pause * place / len(readers))  # they did not come at the same moment
        seen = 0
        while seen < each if until is None else until.poll() is None:
            for address in next(own):
                headers = {"HX-Request": "true"} if "/parts/" in address else {}
                started = time.perf_counter()
                status, _ = client.request("GET", address, headers=headers)
                done.times.append(time.perf_counter() - started)
                done.shelved += not address.startswith(MAP)
                if status != 200:
                    failures.append(f"{address} answers {status}")
                    return
            seen += 1
            time.sleep(pause)
        client.close()

    threads = [
        threading.Thread(target=go, args=(place, reader, own), daemon=True)
        for place, (reader, own) in enumerate(zip(readers, looks, strict=True))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError("; ".join(failures))
    times = [seconds for one in reads for seconds in one.times]
    return Read(times, sum(one.shelved for one in reads))


def blocks_made() -> int:
    """How many blocks and pages were made and laid on the shelf since Valkey began: whoever has
    made one takes a mark away, and nobody else deletes anything while leaders read."""
    with redis.Redis.from_url(settings.REDIS_URL) as valkey:
        of_commands: dict[str, dict[str, int]] = valkey.info("commandstats")
    return int(of_commands.get("cmdstat_del", {}).get("calls", 0))


def _log_in(user: User) -> dict[str, str]:
    client = DjangoClient(SERVER_NAME="127.0.0.1")
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return {name: client.cookies[name].value}
