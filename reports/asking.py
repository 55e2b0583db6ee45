"""What the address of a dashboard page says: the address alone keeps the state of the page."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.http import Http404, HttpRequest, QueryDict

from reports.selectors.days import AsOf, as_of
from reports.selectors.map import clean_metric
from reports.selectors.place import Place, place_of
from reports.selectors.ranking import DEFAULT_SORT, clean_sort

# Words of the address that the blocks of a dashboard share; others belong to one page.
STATE = (
    "union", "day", "sort", "kind", "status", "page", "range", "figure", "period", "view", "map",
)  # fmt: skip
PUBLISHED, NOW = "published", "now"


@dataclass(frozen=True)
class Asked:
    """The words of an address, cleaned. ``union`` and ``other`` are keys as they were sent."""

    union: str
    other: str
    day: dt.date | None
    second_day: dt.date | None
    sort: str
    kind: str
    status: str
    page: int
    view: str
    map: str
    query: QueryDict

    @property
    def known_now(self) -> bool:
        """Figures as they are known today, late entries included."""
        return self.view == NOW

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What a form for another day or union keeps: all of the state but these and the page."""
        dropped = ("union", "day", "page")
        found = [(key, self.query.get(key, "")) for key in STATE if key not in dropped]
        return [(key, str(value)) for key, value in found if value]

    def place(self, request: HttpRequest) -> Place | None:
        """The union shown and where the viewer stands. Raises Http404 out of scope."""
        return place_of(request.user, self.union, self.other)

    def as_of(self) -> AsOf | None:
        """The day shown; None before the first night."""
        return as_of(self.day)


def asked_of(request: HttpRequest) -> Asked:
    """The state in the address of ``request``. Raises Http404 for a day that is none."""
    get = request.GET
    return Asked(
        union=get.get("union", ""),
        other=get.get("with", ""),
        day=date_of(get.get("day", "")),
        second_day=date_of(get.get("day2", "")),
        sort=clean_sort(get.get("sort", DEFAULT_SORT)),
        kind=get.get("kind", "")[:40],
        status=get.get("status", "")[:12],
        page=number_of(get.get("page", ""), default=1),
        view=NOW if get.get("view") == NOW else PUBLISHED,
        map=clean_metric(get.get("map", "")),
        query=get,
    )


def without(query: QueryDict, *dropped: str) -> str:
    """The query of a page without ``dropped``, ready for another word."""
    kept = query.copy()
    for key in dropped:
        kept.pop(key, None)
    return f"{kept.urlencode()}&" if kept else ""


def state_of(query: QueryDict, **changed: object) -> str:
    """The state in ``query`` as a query string, with some words changed; "" takes a word out."""
    kept = {key: query.get(key, "") for key in STATE}
    kept |= {key: str(value) for key, value in changed.items()}
    fresh = QueryDict(mutable=True)
    for key, value in kept.items():
        if value:
            fresh[key] = value
    return fresh.urlencode()


def date_of(text: str) -> dt.date | None:
    """An ISO date; None for nothing. Raises Http404 for what is no date."""
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise Http404 from error


def number_of(text: str, *, default: int) -> int:
    """A positive number that fits the database; ``default`` for anything else."""
    return (
        int(text)
        if text.isascii() and text.isdigit() and 0 < len(text) < 16 and int(text)
        else default
    )
