"""An application beside the records that may be the same person's, as far as they may be seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db.models import Prefetch, prefetch_related_objects
from django.urls import reverse
from django.utils.translation import gettext as _, pgettext

from core.clock import CHINA
from members.duplicates import Likeness, applications_like, members_like
from members.enums import ApplicationStatus
from members.models import Application, Member, Membership
from members.models.application import PersonalData
from unions.models import Union
from unions.scope import Actor, can


class Cell(NamedTuple):
    """A value of one record, and whether it differs from the application's."""

    value: str
    differs: bool = False


@dataclass
class Column:
    """One record of the comparison."""

    title: str
    link: str
    likeness: Likeness
    record: PersonalData

    @property
    def summary(self) -> str:
        """Union, status and since when, in one line."""
        return " · ".join((_union_name(self.record), _status(self.record), _since(self.record)))


@dataclass
class Elsewhere:
    """Registrations outside the viewer's scope: that they exist, and who can see both."""

    same_id: int = 0
    same_phone: int = 0
    ask: list[Union] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.same_id or self.same_phone)


@dataclass
class Comparison:
    """Columns of records, rows of their fields; ``is_member``: approval would be refused.

    ``own``: once approved, the person's record and other applications, which are no duplicates.
    """

    columns: list[Column]
    rows: list[tuple[str, list[Cell]]]
    elsewhere: Elsewhere
    is_member: bool
    own: list[Column]


def compare(application: Application, actor: Actor) -> Comparison:
    """The application and those like it. Of members out of scope only ID number and phone count,
    and only that there is one is said: the reviewer must know, for approval is refused. Of
    applications out of scope nothing is said: an employer's official who hands in an application
    in a worker's name must not read here that the worker has applied elsewhere."""
    spells = Membership.objects.select_related("union", "worker_group").order_by("-started_on")
    members = members_like(application)
    if members:
        prefetch_related_objects(members, Prefetch("memberships", spells, to_attr="spells"))
    columns: list[Column] = []
    outside: list[tuple[Likeness, Union]] = []
    for member in members:
        likeness = Likeness.of(member, application)
        union = _union_of(member)
        if can(actor, "members.view", member.home_union):
            link = reverse("admin:members_member_change", args=[member.pk])
            columns.append(Column(_("Member"), link, likeness, member))
        else:
            outside.append((likeness, union))
    for other in applications_like(application):
        likeness = Likeness.of(other, application)
        if can(actor, "applications.view", other.union):
            link = reverse("admin:members_application_change", args=[other.pk])
            columns.append(Column(_("Application"), link, likeness, other))
    is_member = any(
        spell.ended_on is None
        for member in members
        if Likeness.of(member, application).same_id
        for spell in _spells(member)
    )
    own: list[Column] = []
    if application.status == ApplicationStatus.APPROVED:
        # The record of this number is the one the approval wrote, or wrote to.
        own = [column for column in columns if column.likeness.same_id]
        columns = [column for column in columns if not column.likeness.same_id]
        outside = [found for found in outside if not found[0].same_id]
    elsewhere = _elsewhere(application, outside)
    return Comparison(columns, _rows(application, columns), elsewhere, is_member, own)


def _spells(member: Member) -> list[Membership]:
    found: list[Membership] = getattr(member, "spells", [])
    return found


def _union_of(member: Member) -> Union:
    spells = _spells(member)
    return spells[0].union if spells else member.home_union


def _rows(application: Application, columns: list[Column]) -> list[tuple[str, list[Cell]]]:
    """Each field of the application and of every column, marked where it is another."""
    records = [column.record for column in columns]
    equal_by_hash = {"id": "id_number_hash", "phone": "phone_hash"}

    def plain(title: str, show: Callable[[Any], str]) -> tuple[str, list[Cell]]:
        """A line in which another value means nothing."""
        return title, [Cell(show(record)) for record in (application, *records)]

    def line(title: str, show: Callable[[Any], str], hashed: str = "") -> tuple[str, list[Cell]]:
        own = show(application)
        cells = [Cell(own)]
        for record in records:
            value = show(record)
            differs = (
                bytes(getattr(record, equal_by_hash[hashed]))
                != bytes(getattr(application, equal_by_hash[hashed]))
                if hashed
                else value != own
            )
            cells.append(Cell(value, differs))
        return title, cells

    return [
        line(pgettext("person", "Name"), lambda record: record.name),
        line(_("Date of birth"), lambda record: _day(record.birth_date)),
        line(_("Document"), lambda record: str(record.get_id_type_display())),
        line(_("ID number"), lambda record: record.masked_id_number, "id"),
        line(_("Phone"), lambda record: record.masked_phone, "phone"),
        line(_("Worker group"), lambda record: str(_work(record, "worker_group") or "—")),
        line(_("Employer or platform"), lambda record: str(_work(record, "employer_name") or "—")),
        plain(_("Union"), _union_name),
        plain(_("Status"), _status),
        plain(_("Since"), _since),
    ]


def _day(value: Any) -> str:
    return value.isoformat() if value else "—"


def _work(record: Any, name: str) -> Any:
    if isinstance(record, Member):
        spells = _spells(record)
        return getattr(spells[0], name) if spells else None
    return getattr(record, name)


def _union_name(record: Any) -> str:
    return str(_union_of(record) if isinstance(record, Member) else record.union)


def _status(record: Any) -> str:
    if isinstance(record, Member):
        spells = _spells(record)
        return str(spells[0].get_status_display()) if spells else "—"
    return str(record.get_status_display())


def _since(record: Any) -> str:
    if isinstance(record, Member):
        spells = _spells(record)
        return _day(spells[0].started_on) if spells else "—"
    return _day(record.submitted_at.astimezone(CHINA).date())


def _elsewhere(application: Application, outside: list[tuple[Likeness, Union]]) -> Elsewhere:
    """What is out of scope: counted, and the lowest union that stands above both."""
    found = Elsewhere(
        same_id=sum(likeness.same_id for likeness, _union in outside),
        same_phone=sum(
            likeness.same_phone and not likeness.same_id for likeness, _union in outside
        ),
    )
    both = [
        _lowest_above(application.union.path, union.path)
        for likeness, union in outside
        if likeness.same_id or likeness.same_phone
    ]
    if above := {pk for pk in both if pk is not None}:
        found.ask = list(Union.objects.filter(pk__in=above).order_by("path"))
    return found


def _lowest_above(path: str, other: str) -> int | None:
    common = None
    for mine, theirs in zip(path.strip("/").split("/"), other.strip("/").split("/"), strict=False):
        if mine != theirs:
            break
        common = int(mine)
    return common
