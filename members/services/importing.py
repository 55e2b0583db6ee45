"""Taking over a register of existing members: checked row by row, written by COPY, all or nothing.

Running the same file again changes nothing: whoever has an open membership at the union is left
alone. All rows are written in one transaction, so that a run that was broken off wrote nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy, pgettext_lazy

from audit.services import log
from core.clock import local_today
from core.copying import copy_rows
from core.errors import RuleViolation
from core.identity import IdentityType
from core.normalising import normalise_text
from enterprises.models import Employer
from members.enums import EVENT_EFFECTS, EventType, JoinChannel, MembershipStatus
from members.models import Member, Membership
from members.services.enrolment import CheckedPerson, PersonInput, check_person
from members.services.recording import ensure_may_enrol
from reference.models import WorkerGroup
from unions.models import Union
from unions.scope import Actor
from unions.tabular.columns import (
    Choice,
    CodeColumn,
    Column,
    DateColumn,
    NamedCode,
    labels_in_all_languages,
    listed,
)
from unions.tabular.files import Table

EARLIEST = dt.date(1921, 1, 1)
LOOK_UP_AT_ONCE = 2000
REQUIRED = ("name", "id_number", "phone", "worker_group", "started_on")
HEADINGS: dict[str, Any] = {
    "name": pgettext_lazy("person", "name"),
    "id_type": gettext_lazy("document"),
    "id_number": gettext_lazy("ID number"),
    "phone": gettext_lazy("phone"),
    "worker_group": gettext_lazy("worker group"),
    "employer_name": gettext_lazy("employer or platform"),
    "started_on": gettext_lazy("member since"),
}
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Fault:
    """What is wrong in which row and column; never the value itself."""

    line: int
    column: str
    text: str


@dataclass(frozen=True)
class Entry:
    """A row that can be written."""

    line: int
    person: CheckedPerson
    id_hash: bytes
    worker_group_id: str
    employer_name: str
    started_on: dt.date


@dataclass
class Outcome:
    """What an import did, or would do."""

    rows: int = 0
    imported: int = 0
    unchanged: int = 0
    faults: list[Fault] = field(default_factory=list)
    is_written: bool = False


def import_members(
    union: Union,
    table: Table,
    *,
    dry_run: bool = False,
    skip_errors: bool = False,
    actor: Actor,
    on_progress: Progress | None = None,
) -> Outcome:
    """Enter the people of ``table`` as members of ``union`` since the days given.

    With a fault anywhere nothing is written, unless ``skip_errors``: then the sound rows are.
    Raises RuleViolation for wrong columns (field ``import_file``) or a union that enrols nobody
    (``union``). ``actor`` None is the system.
    """
    ensure_may_enrol(union, actor)
    names = _columns(table.headers)
    outcome = Outcome(rows=len(table.rows))
    entries = list(_check(table, names, outcome.faults, on_progress))
    with transaction.atomic():
        fresh, known = _against_register(union, entries, outcome)
        outcome.imported = len(fresh)
        if dry_run or (outcome.faults and not skip_errors):
            return outcome
        if fresh:
            _write(union, fresh, known)
            log(
                actor,
                "member.imported",
                union,
                {"rows": len(fresh), "left_alone": outcome.unchanged},
                union_path=union.path,
            )
        outcome.is_written = True
    return outcome


# -- reading --------------------------------------------------------------------------------------


def _columns(headers: Sequence[str]) -> list[str]:
    known = {
        text.lower(): name
        for name, heading in HEADINGS.items()
        for text in (name, *labels_in_all_languages(heading))
    }
    names = [known.get(normalise_text(header).lower(), "") for header in headers]
    unknown = [header for header, name in zip(headers, names, strict=True) if not name]
    all_names = "、".join(str(text) for text in HEADINGS.values())
    if unknown:
        raise _refusal(
            _("Unknown column: %(found)s. Known columns: %(known)s.")
            % {"found": listed(unknown), "known": all_names}
        )
    if len(set(names)) != len(names):
        raise _refusal(_("A column stands in the file twice."))
    if missing := [str(HEADINGS[name]) for name in REQUIRED if name not in names]:
        raise _refusal(_("Missing column: %(missing)s.") % {"missing": "、".join(missing)})
    return names


def _check(
    table: Table, names: list[str], faults: list[Fault], on_progress: Progress | None
) -> Iterator[Entry]:
    """The sound rows; the faults of the others, and of those that repeat a person."""
    readers: dict[str, Column] = {
        "name": Column(),
        "id_type": Choice(IdentityType),
        "id_number": CodeColumn(),
        "phone": Column(),
        "worker_group": NamedCode(WorkerGroup),
        "employer_name": Column(),
        "started_on": DateColumn(),
    }
    today = local_today()
    first_line: dict[bytes, int] = {}
    for number, (line, cells) in enumerate(zip(table.lines, table.rows, strict=True), start=1):
        if on_progress is not None and number % 500 == 0:
            on_progress(number, len(table.rows))
        try:
            entry = _read_row(line, dict(zip(names, cells, strict=True)), readers, today)
        except RuleViolation as violation:
            faults.append(Fault(line, _heading(violation.field), str(violation.message)))
            continue
        earlier = first_line.setdefault(entry.id_hash, line)
        if earlier != line:
            text = _("The same as in row %(line)d.") % {"line": earlier}
            faults.append(Fault(line, _heading("id_number"), text))
            continue
        yield entry


def _read_row(
    line: int, given: dict[str, Any], readers: dict[str, Column], today: dt.date
) -> Entry:
    values: dict[str, Any] = {}
    for name, cell in given.items():
        try:
            values[name] = readers[name].clean(cell)
        except ValueError as error:
            raise RuleViolation(str(error), field=name) from error
    for name in REQUIRED:
        if values.get(name) in (None, ""):
            raise RuleViolation(_("This must be filled in."), field=name)
    employer_name = normalise_text(values.get("employer_name") or "")
    for name, text, limit in (
        ("name", values["name"], 60), ("employer_name", employer_name, 120),
    ):  # fmt: skip
        if len(text) > limit:
            raise RuleViolation(_("This is too long."), field=name)
    person = check_person(
        PersonInput(
            name=values["name"],
            id_type=values.get("id_type") or IdentityType.RESIDENT_ID,
            id_number=values["id_number"],
            phone=values["phone"],
        )
    )
    started_on: dt.date = values["started_on"]
    if started_on > today:
        raise RuleViolation(_("This day has not come yet."), field="started_on")
    if started_on < max(EARLIEST, person.birth_date or EARLIEST):
        raise RuleViolation(_("This day lies too far back."), field="started_on")
    return Entry(
        line,
        person,
        person.id_number_hash,
        values["worker_group"].pk,
        employer_name,
        started_on,
    )


# -- against what is there -----------------------------------------------------------------------


def _against_register(
    union: Union, entries: list[Entry], outcome: Outcome
) -> tuple[list[Entry], dict[bytes, int]]:
    """The rows to write, and the members known already, by the hash of their ID number."""
    known: dict[bytes, int] = {}
    open_at: dict[int, int] = {}
    last_day: dict[int, dt.date] = {}
    for start in range(0, len(entries), LOOK_UP_AT_ONCE):
        hashes = [entry.id_hash for entry in entries[start : start + LOOK_UP_AT_ONCE]]
        # A second record of a person, merged into another, stands for that one.
        rows = Member.objects.filter(id_number_hash__in=hashes).values_list(
            "pk", "merged_into", "id_number_hash"
        )
        found = {bytes(digest): merged or pk for pk, merged, digest in rows}
        known |= found
        spells = Membership.objects.filter(member__in=found.values())
        open_at |= dict(spells.filter(ended_on=None).values_list("member", "union"))
        counted = spells.exclude(status=MembershipStatus.ANNULLED)
        last_day |= dict(counted.values_list("member").annotate(last=Max("ended_on")))
    fresh = []
    for entry in entries:
        member = known.get(entry.id_hash)
        if member is None:
            fresh.append(entry)
        elif open_at.get(member) == union.pk:
            outcome.unchanged += 1
        elif member in open_at:
            text = _("This person already is a member; a transfer is needed instead.")
            outcome.faults.append(Fault(entry.line, _heading("id_number"), text))
        elif (ended := last_day.get(member)) and ended >= entry.started_on:
            text = _("An earlier membership of this person ended on %(day)s.") % {"day": ended}
            outcome.faults.append(Fault(entry.line, _heading("started_on"), text))
        else:
            fresh.append(entry)
    outcome.faults.sort(key=lambda fault: fault.line)
    return fresh, known


# -- writing --------------------------------------------------------------------------------------

_MEMBER_COLUMNS = (
    "id", "name", "id_type", "id_number_encrypted", "id_number_hash", "phone_encrypted",
    "phone_hash", "birth_date", "sex", "home_union_id", "created_at", "is_demo",
)  # fmt: skip
_MEMBERSHIP_COLUMNS = (
    "id", "member_id", "union_id", "worker_group_id", "employer_id", "employer_name", "status",
    "channel", "started_on",
)  # fmt: skip
_EVENT_COLUMNS = (
    "membership_id", "type", "union_id", "worker_group_id", "channel", "effective_on",
    "recorded_at", "active_change", "retained_change", "joined_change", "rejoined_change",
)  # fmt: skip


def _write(union: Union, fresh: list[Entry], known: dict[bytes, int]) -> None:
    """New people, their memberships and the ledger, one COPY each."""
    now = timezone.now()
    employers = _employers(union, {entry.employer_name for entry in fresh} - {""})
    new = [entry for entry in fresh if entry.id_hash not in known]
    ids = dict(known)
    ids |= zip((e.id_hash for e in new), _reserve("members_member", len(new)), strict=True)

    def members() -> Iterator[Sequence[object]]:
        for entry in new:
            values = entry.person.columns()
            yield (
                ids[entry.id_hash],
                *(values[name] for name in _MEMBER_COLUMNS[1:9]),
                union.pk,
                now,
                False,
            )

    copy_rows("members_member", _MEMBER_COLUMNS, members())
    returning = [ids[entry.id_hash] for entry in fresh if entry.id_hash in known]
    Member.objects.filter(pk__in=returning).update(home_union=union)
    earlier = Membership.objects.exclude(status=MembershipStatus.ANNULLED)
    rejoining = set(earlier.filter(member__in=returning).values_list("member", flat=True))
    keys = _reserve("members_membership", len(fresh))
    copy_rows(
        "members_membership",
        _MEMBERSHIP_COLUMNS,
        (
            (
                key, ids[entry.id_hash], union.pk, entry.worker_group_id,
                employers.get(entry.employer_name), entry.employer_name,
                MembershipStatus.ACTIVE.value, JoinChannel.IMPORT.value, entry.started_on,
            )
            for key, entry in zip(keys, fresh, strict=True)
        ),
    )  # fmt: skip
    effect = EVENT_EFFECTS[EventType.JOINED]
    copy_rows(
        "members_membershipevent",
        _EVENT_COLUMNS,
        (
            (
                key, EventType.JOINED.value, union.pk, entry.worker_group_id,
                JoinChannel.IMPORT.value, entry.started_on, now, *effect,
                int(ids[entry.id_hash] in rejoining),
            )
            for key, entry in zip(keys, fresh, strict=True)
        ),
    )  # fmt: skip


def _employers(union: Union, names: set[str]) -> dict[str, int]:
    """The register's rows of exactly these names that the union covers, keeps or has nearby."""
    belongs = Q(covering_union=union) | Q(keeper=union)
    if union.region_id:
        belongs |= Q(region__code__startswith=union.region_id[:6])
    rows = Employer.objects.filter(belongs, name__in=names).order_by("-pk")
    return dict(rows.values_list("name", "pk"))


def _reserve(table: str, count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [table, count],
        )
        return [row[0] for row in cursor.fetchall()]


def _heading(name: str | None) -> str:
    return str(HEADINGS.get(name or "", ""))


def _refusal(message: str) -> RuleViolation:
    return RuleViolation(message, field="import_file", code="columns")
