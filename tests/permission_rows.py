"""What a row of the permission table says, and the rows of the officials' site."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.core.files.uploadedfile import SimpleUploadedFile

from tests.permission_world import World

# Led to the page to log in.
LOGIN = "log in"
# Not asked: the operator sees what any official sees, so it is tried only where they differ.
SKIP = "not asked"


class Expected(NamedTuple):
    """The answer for each role: a status, or ``LOGIN``."""

    anonymous: int | str
    stranger: int | str
    leader: int | str
    official: int | str
    operator: int | str = SKIP


@dataclass(frozen=True)
class Row:
    """One request to one address, and its answer for every role.

    ``writers`` are the roles whose request changes something; for all others nothing changes.
    ``is_public``: anybody may read about the right branch there. ``is_marked``: the right official
    does read about it, so that not finding its name in a stranger's answer means something.
    ``shows_numbers``: the only kind of page that holds a whole ID number or phone.
    ``fill`` says what to send; it gets the world and, with ``form``, what the page of that name
    would send back unchanged for the first writer.
    """

    name: str
    expected: Expected
    arguments: Callable[[World], tuple[Any, ...]] = lambda world: ()
    query: Callable[[World], str] = lambda world: ""
    method: str = "get"
    fill: Callable[[World], dict[str, Any]] = lambda world: {}
    form: str = ""
    writers: tuple[str, ...] = ()
    is_public: bool = False
    is_marked: bool = False
    shows_numbers: bool = False
    note: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.name} {self.note}".strip()


# -- the officials' site: one line per list, from which its rows follow ---------------------------

OFFICIALS = ("stranger", "official")
OPERATOR = ("operator",)
NOBODY: tuple[str, ...] = ()

# Each official sees the own branch: the lists are there for both, the records only for the right.
SCOPED_LIST = Expected(LOGIN, 200, 403, 200)
SCOPED_RECORD = Expected(LOGIN, 404, 403, 200)
# Reference that every official may look up.
SHARED = Expected(LOGIN, 200, 403, 200, 200)
OPERATORS_ONLY = Expected(LOGIN, 403, 403, 403, 200)
FORBIDDEN = Expected(LOGIN, 403, 403, 403, 403)
SCOPED, OPEN, CLOSED = "scoped", "open", "closed"


@dataclass(frozen=True)
class AdminList:
    """A list of the officials' site.

    ``reach``: ``SCOPED`` to the branch, ``OPEN`` to every official, or ``CLOSED`` to all but
    operators. ``added``: the fields of a record of the right branch that its official (an operator
    where closed) may add; None where nothing is added. ``changed``: the fields changed on the page
    of the record; None where it is read only.
    ``exchange``: with import and export.
    """

    name: str
    key: Callable[[World], Any]
    reach: str = SCOPED
    added: Callable[[World], dict[str, Any]] | None = None
    changed: dict[str, Any] | None = None
    exchange: bool = False
    viewers: tuple[str, ...] = ()  # whose look at a record is entered in the trail

    def rows(self) -> Iterator[Row]:
        """The rows of this list's addresses."""
        yield from self._reading()
        yield from self._adding()
        yield from self._changing()
        if self.exchange:
            yield from self._exchanging()

    def _reading(self) -> Iterator[Row]:
        whole = {SCOPED: SCOPED_LIST, OPEN: SHARED, CLOSED: OPERATORS_ONLY}[self.reach]
        one = SCOPED_RECORD if self.reach == SCOPED else whole
        marked = self.reach == SCOPED
        yield Row(f"{self.name}_changelist", whole, is_marked=marked)
        page = f"{self.name}_change"
        yield Row(page, one, self._arguments, is_marked=marked, writers=self.viewers)
        yield Row(f"{self.name}_history", one, self._arguments)
        # Nothing is deleted, by anybody.
        yield Row(f"{self.name}_delete", FORBIDDEN, self._arguments, method="post", fill=_yes)

    def _adding(self) -> Iterator[Row]:
        address = f"{self.name}_add"
        if self.added is None:
            yield Row(address, FORBIDDEN)
            yield Row(address, FORBIDDEN, method="post", fill=_yes)
            return
        if self.reach == CLOSED:
            page, sent, writers = OPERATORS_ONLY, Expected(LOGIN, 403, 403, 403, 302), OPERATOR
        else:
            # A stranger may add too, but not to the right branch: the page comes back.
            page, sent, writers = SCOPED_LIST, Expected(LOGIN, 200, 403, 302), ("official",)
        yield Row(address, page)
        yield Row(address, sent, method="post", form=address, fill=self.added, writers=writers)

    def _changing(self) -> Iterator[Row]:
        address = f"{self.name}_change"
        if self.changed is None:
            # Nobody may, whether the record exists or not.
            yield Row(address, FORBIDDEN, self._arguments, method="post", fill=_yes)
            return
        changed = self.changed
        closed = self.reach == CLOSED
        yield Row(
            address,
            Expected(LOGIN, 403, 403, 403, 302) if closed else Expected(LOGIN, 404, 403, 302),
            self._arguments,
            method="post",
            form=address,
            fill=lambda world: changed,
            writers=OPERATOR if closed else ("official",),
        )

    def _exchanging(self) -> Iterator[Row]:
        yield Row(f"{self.name}_import", SCOPED_LIST)
        yield Row(
            f"{self.name}_import", SCOPED_LIST, method="post", fill=_table, note="looks, writes not"
        )
        yield Row(
            f"{self.name}_process_import",
            Expected(LOGIN, 302, 403, 302),
            method="post",
            note="without a file",
        )
        yield Row(f"{self.name}_import_template", SCOPED_LIST)
        yield Row(
            f"{self.name}_export", SCOPED_LIST, writers=OFFICIALS, is_marked=True, note="is logged"
        )

    def _arguments(self, world: World) -> tuple[Any, ...]:
        return (self.key(world),)


def _yes(world: World) -> dict[str, Any]:
    return {"post": "yes"}


def _table(world: World) -> dict[str, Any]:
    return {"import_file": SimpleUploadedFile("table.csv", b"a,b\n1,2\n")}


def _campaign(world: World) -> dict[str, Any]:
    return {
        "owner": world.right.pk,
        "name": "新行动",
        "kind": "drive",
        "starts_on": dt.date(2024, 1, 1),
        "ends_on": dt.date(2024, 12, 31),
    }


ADMIN_LISTS = (
    AdminList(
        "admin:unions_union",
        lambda world: world.county.pk,
        added=lambda world: {
            "name": "新县总",
            "kind": "county_federation",
            "parent": world.right.pk,
            "status": "active",
        },
        changed={"name": "改名县总"},
        exchange=True,
    ),
    AdminList(
        "admin:unions_appointment",
        lambda world: world.appointment.pk,
        added=lambda world: {
            "user": world.clerk.pk,
            "union": world.county.pk,
            "role": "leader",
            "starts_on": dt.date(2024, 1, 1),
        },
        changed={"ends_on": dt.date(2030, 1, 1)},
    ),
    AdminList(
        "admin:unions_unioncoverage",
        lambda world: world.coverage.pk,
        added=lambda world: {
            "covering": world.right.pk,
            "covered": world.county.pk,
            "since": dt.date(2024, 1, 1),
        },
    ),
    AdminList("admin:unions_unionkind", lambda world: "county_federation", reach=OPEN),
    AdminList(
        "admin:enterprises_employer",
        lambda world: world.employer.pk,
        added=lambda world: {
            "name": "新公司",
            "region": world.region.pk,
            "keeper": world.right.pk,
            "founding_state": "N",
        },
        changed={"name": "改名公司"},
        exchange=True,
    ),
    AdminList(
        "admin:enterprises_workforcebaseline",
        lambda world: world.baseline.pk,
        added=lambda world: {
            "keeper": world.right.pk,
            "group": "courier",
            "union": world.county.pk,
            "counted_on": dt.date(2024, 2, 1),
            "worker_count": 5,
            "source": "摸底表",
        },
        changed={"worker_count": 11},
        exchange=True,
    ),
    AdminList(
        "admin:members_joincode",
        lambda world: world.join_code.pk,
        added=lambda world: {"union": world.low.pk, "channel": "qr", "label": "新"},
    ),
    AdminList(
        "admin:campaigns_campaign",
        lambda world: world.draft.pk,
        added=_campaign,
        changed={"name": "改名行动"},
    ),
    AdminList(
        "admin:campaigns_indicator",
        lambda world: world.indicator.pk,
        changed={"targets-0-value": "123"},
    ),
    AdminList(
        "admin:stations_station",
        lambda world: world.station.pk,
        added=lambda world: {
            "name": "新驿站",
            "kind": "union_station",
            "host_union": world.county.pk,
            "region": world.region.pk,
            "address": "新路",
            "status": "open",
            "opened_on": dt.date(2024, 1, 1),
        },
        changed={"name": "改名驿站"},
        exchange=True,
    ),
    AdminList(
        "admin:reports_reportedfigure",
        lambda world: world.figure.pk,
        added=lambda world: {
            "union": world.right.pk,
            "metric": "members",
            "value": "8",
            "unit": "person",
            "as_of": dt.date(2024, 2, 1),
            "source": "通报",
        },
        changed={"value": "9"},
        exchange=True,
    ),
    AdminList("admin:audit_auditentry", lambda world: world.entry.pk),
    AdminList(
        "admin:accounts_user", lambda world: world.clerk.pk, changed={"display_name": "改名"}
    ),
    AdminList(
        "admin:reference_region",
        lambda world: world.region.pk,
        reach=OPEN,
        added=lambda world: {"parent": world.region.pk, "name": "新区"},
    ),
    # What only the operators of the system keep.
    AdminList(
        "admin:members_rejectionreason",
        lambda world: world.reason.pk,
        reach=CLOSED,
        added=lambda world: {
            "code": "other_2",
            "text_zh": "其他",
            "text_en": "Other",
            "sort_order": 1,
        },
        changed={"text_en": "Changed"},
    ),
    AdminList(
        "admin:members_consenttext",
        lambda world: world.text.pk,
        reach=CLOSED,
        added=lambda world: {
            "purpose": world.text.purpose,
            "version": 99,
            "title_zh": "题",
            "title_en": "Title",
            "body_zh": "文",
            "body_en": "Text",
            "published_on": dt.date(2030, 1, 1),
        },
    ),
    AdminList(
        "admin:stations_stationkind",
        lambda world: "union_station",
        reach=CLOSED,
        added=lambda world: {"code": "new", "name_zh": "新", "name_en": "New", "sort_order": 1},
        changed={"name_en": "Changed"},
    ),
    AdminList(
        "admin:stations_facility",
        lambda world: "wifi",
        reach=CLOSED,
        added=lambda world: {"code": "new", "name_zh": "新", "name_en": "New", "sort_order": 1},
        changed={"name_en": "Changed"},
    ),
    AdminList(
        "admin:reports_pacethreshold",
        lambda world: world.threshold.pk,
        reach=CLOSED,
        changed={"minimum_pace": "1.07"},
    ),
    AdminList("admin:reports_reportrun", lambda world: world.run.pk, reach=CLOSED),
    AdminList(
        "admin:reference_workergroup",
        lambda world: "courier",
        reach=CLOSED,
        added=lambda world: {"code": "new", "name_zh": "新", "name_en": "New", "sort_order": 1},
        changed={"name_en": "Changed"},
    ),
    AdminList(
        "admin:reference_groupset",
        lambda world: world.group_set.pk,
        reach=CLOSED,
        added=lambda world: {
            "code": "new",
            "version": 1,
            "name_zh": "新",
            "name_en": "New",
            "valid_from": dt.date(2024, 1, 1),
            "source": "文件",
            "groups": ["courier"],
        },
        changed={"name_en": "Changed"},
    ),
    AdminList(
        "admin:django_celery_beat_periodictask",
        lambda world: world.task.pk,
        reach=CLOSED,
        added=lambda world: {
            "name": "again",
            "task": "reports.run_nightly",
            "crontab": world.crontab.pk,
        },
        changed={"description": "Changed"},
    ),
    AdminList(
        "admin:django_celery_beat_crontabschedule",
        lambda world: world.crontab.pk,
        reach=CLOSED,
        added=lambda world: {"hour": "3", "minute": "30"},
        changed={"hour": "4"},
    ),
    AdminList(
        "admin:django_celery_beat_intervalschedule",
        lambda world: world.interval.pk,
        reach=CLOSED,
        added=lambda world: {"every": 2, "period": "hours"},
        changed={"every": 3},
    ),
)
