"""Loading the demo part by part: each in one transaction, each only once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from django.db import transaction

from audit.models import AuditEntry
from audit.services import log
from core.errors import RuleViolation
from core.locks import advisory_lock
from portal.demo.accounts import load_accounts
from portal.demo.applications import load_applications
from portal.demo.bulk import Tick, no_tick
from portal.demo.campaigns import load_campaigns
from portal.demo.federations import ROOT_CODE, federation_of, load_federations
from portal.demo.figures import load_figures
from portal.demo.liaocheng_members import load_liaocheng_members
from portal.demo.liaocheng_unions import load_liaocheng_unions
from portal.demo.luoyang import county_codes, load_county_members, load_luoyang_unions
from portal.demo.pools import load_ways_in
from portal.demo.stations import load_stations
from reference.enums import RegionLevel
from reference.loading import load_regions, load_villages
from reference.models import Region
from reports.counting.history import forget_figures
from reports.nightly import run_nightly
from unions.models import Union

ACTION = "demo.loaded"

Loader = Callable[[Tick], dict[str, int] | None]


class Scale(StrEnum):
    """``SMALL`` holds Liaocheng's 57,768 members; ``FULL`` adds Luoyang's 1,450,000."""

    SMALL = "small"
    FULL = "full"


@dataclass(frozen=True)
class Part:
    """A piece of the demo that is there as a whole or not at all."""

    name: str
    label: str
    load: Loader


@dataclass(frozen=True)
class PartOutcome:
    """``counts`` is None when the part had been loaded before."""

    part: Part
    counts: dict[str, int] | None
    seconds: float


SMALL_PARTS: tuple[Part, ...] = (
    Part("federations", "Federations", load_federations),
    Part("liaocheng_unions", "Liaocheng: unions and enterprises", load_liaocheng_unions),
    Part("liaocheng_members", "Liaocheng: members", load_liaocheng_members),
    Part("accounts", "Accounts", load_accounts),
    Part("figures", "Reported figures and baselines", load_figures),
    Part("stations", "Stations", load_stations),
    Part("campaigns", "Campaigns", load_campaigns),
    Part("applications", "Applications", load_applications),
    Part("ways_in", "Pools, windows, lists", load_ways_in),
)


class ForeignTree(RuleViolation):
    """The database holds unions that the demo did not make: it is no place for the demo."""


def load_demo(
    scale: Scale, *, tick_of: Callable[[Part], Tick] | None = None
) -> Iterator[PartOutcome]:
    """Load what is missing of the demo, part after part, and count the night at the end.

    Safe to stop anywhere and to run again: a part that was loaded is left alone. Raises
    ForeignTree, and RegionDataError where the divisions are not installed.
    """
    _refuse_foreign_tree()
    changed = False
    for part in _parts(scale):
        started = time.monotonic()
        counts = _load_once(part, tick_of(part) if tick_of else no_tick)
        changed |= bool(counts) and part.name != "regions"
        yield PartOutcome(part, counts, time.monotonic() - started)
    yield _count(scale, again=changed)


def _parts(scale: Scale) -> Iterator[Part]:
    yield Part("regions", "Regions", _ensure_regions)
    yield from SMALL_PARTS
    if scale is Scale.FULL:
        yield Part("luoyang_unions", "Luoyang: unions", load_luoyang_unions)
        for county in Region.objects.filter(pk__in=county_codes()).order_by("code"):
            yield Part(
                f"luoyang_members_{county.pk}",
                f"Luoyang: members, {county.name}",
                partial(load_county_members, county.pk),
            )


def _load_once(part: Part, tick: Tick) -> dict[str, int] | None:
    """What was loaded; None when the part is there already. One transaction."""
    with transaction.atomic():
        advisory_lock("portal.demo")
        if part.name == "regions":
            return part.load(tick)
        if is_loaded(part.name):
            return None
        counts = part.load(tick)
        log(None, ACTION, federation_of(""), {"part": part.name, **(counts or {})})
    return counts


def is_loaded(part_name: str) -> bool:
    """Whether the trail says so: the entry is written in the part's own transaction."""
    return AuditEntry.objects.filter(action=ACTION, data__part=part_name).exists()


def _count(scale: Scale, *, again: bool) -> PartOutcome:
    """Count the history up to yesterday; a night that was cut off is made up for."""
    part = Part(f"night_{scale}", "Nightly count", no_load)
    started = time.monotonic()
    counted = {f"night_{scale}", f"night_{Scale.FULL}"}
    if not again and any(map(is_loaded, counted)):
        return PartOutcome(part, None, 0.0)
    with transaction.atomic():
        forget_figures()  # the demo's history is told anew, as if it had been counted all along
    outcomes = run_nightly()
    counts = {outcome.step: outcome.row_count for outcome in outcomes}
    if all(outcome.state == "done" for outcome in outcomes):
        with transaction.atomic():
            log(None, ACTION, federation_of(""), {"part": part.name})
    return PartOutcome(part, counts, time.monotonic() - started)


def no_load(_tick: Tick) -> dict[str, int]:
    """For a part that is not loaded but computed."""
    return {}


def _ensure_regions(_tick: Tick) -> dict[str, int] | None:
    """Divisions of the whole country, and the villages of Liaocheng."""
    counts: dict[str, int] = {}
    if Region.objects.filter(pk__in=["371502", "410302", "620171"]).count() < 3:
        counts["regions"] = load_regions().inserted
    townships = Region.objects.filter(code__startswith="3715", level=RegionLevel.TOWNSHIP)
    if not Region.objects.filter(code__startswith="3715", level=RegionLevel.VILLAGE).exists():
        counts["villages"] = load_villages(list(townships.values_list("pk", flat=True))).inserted
    return counts or None


def _refuse_foreign_tree() -> None:
    if Union.objects.exists() and not Union.objects.filter(code=ROOT_CODE, is_demo=True).exists():
        raise ForeignTree("The database holds unions already: the demo is for an empty one.")
