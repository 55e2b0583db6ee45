"""What the address of a dashboard page says: the address alone keeps the state of the page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.http import Http404, HttpRequest, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from core.errors import WrongAddress
from reports.selectors.days import AsOf, as_of
from reports.selectors.funnel import DEFAULT_PERIOD, PERIODS
from reports.selectors.map import clean_metric
from reports.selectors.place import Place, place_of
from reports.selectors.ranking import DEFAULT_SORT, clean_sort
from reports.selectors.trends import ALL_MONTHS, DEFAULT_RANGE, RANGES

# Words of the address that the blocks of a dashboard share; others belong to one page.
STATE = (
    "union", "day", "sort", "kind", "status", "pace", "page", "range", "figure", "period",
    "view", "map",
)  # fmt: skip
_SHOWN_OF_A_WORD = 40
PUBLISHED, NOW = "published", "now"


@dataclass(frozen=True)
class Asked:
    """The words of an address, cleaned. ``union`` and ``other`` are keys as they were sent.

    ``range`` is how far back the trend goes (``RANGES``, or ``ALL_MONTHS``), ``period`` that of
    the applications (``PERIODS``).
    """

    union: str
    other: str
    day: dt.date | None
    second_day: dt.date | None
    sort: str
    kind: str
    status: str
    pace: str
    page: int
    view: str
    map: str
    range: str
    period: str
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

    def found(self, request: HttpRequest) -> tuple[Place, AsOf]:
        """The union and the day shown. Raises Http404 where there is none of them to be shown."""
        place, shown = self.place(request), self.as_of()
        if place is None or shown is None:
            raise Http404
        return place, shown


def asked_of(request: HttpRequest) -> Asked:
    """The state in the address of ``request``. Raises WrongAddress for a day that is none."""
    get = request.GET
    return Asked(
        union=get.get("union", ""),
        other=get.get("with", ""),
        day=date_of(get.get("day", "")),
        second_day=date_of(get.get("day2", "")),
        sort=clean_sort(get.get("sort", DEFAULT_SORT)),
        kind=get.get("kind", "")[:40],
        status=get.get("status", "")[:12],
        pace=get.get("pace", "")[:60],
        page=number_of(get.get("page", ""), default=1),
        view=NOW if get.get("view") == NOW else PUBLISHED,
        map=clean_metric(get.get("map", "")),
        range=_one_of((*RANGES, ALL_MONTHS), get.get("range", ""), DEFAULT_RANGE),
        period=_one_of(PERIODS, get.get("period", ""), DEFAULT_PERIOD),
        query=get,
    )


def _one_of(choices: Iterable[str], text: str, default: str) -> str:
    return text if text in choices else default


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
    """An ISO date; None for nothing. Raises WrongAddress for what is no date."""
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise wrong(
            _("“%(text)s” is no date. A day is written as year-month-day, such as 2026-01-31.")
            % {"text": text[:_SHOWN_OF_A_WORD]}
        ) from error


def start_of(text: str, last: dt.date) -> dt.date | None:
    """The first day of a period up to ``last``; None for nothing.

    Raises WrongAddress as ``date_of``, and for a day after ``last``.
    """
    first = date_of(text)
    if first is not None and first > last:
        raise wrong(
            _("The period would begin on %(first)s, after its last day, %(last)s.")
            % {"first": first.isoformat(), "last": last.isoformat()}
        )
    return first


def wrong(message: str) -> WrongAddress:
    """The refusal of an address of these pages; it leads back to the dashboard."""
    return WrongAddress(
        message, back=reverse("reports:dashboard"), back_name=_("Back to the dashboard")
    )


def number_of(text: str, *, default: int) -> int:
    """A positive number that fits the database; ``default`` for anything else."""
    return (
        int(text)
        if text.isascii() and text.isdigit() and 0 < len(text) < 16 and int(text)
        else default
    )
