"""The table of a collective registration: its columns, and what is wrong in which cell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _, gettext_lazy, pgettext_lazy

from core.errors import RuleViolation
from core.identity import IdentityType, demo_identity_number
from core.masking import mask_identity_number, mask_phone
from core.normalising import normalise_text
from members.services.enrolment import CheckedPerson, PersonInput, check_person
from reference.models import WorkerGroup
from unions.tabular.columns import (
    Choice,
    CodeColumn,
    Column,
    NamedCode,
    cell_text,
    labels_in_all_languages,
    listed,
)
from unions.tabular.files import Table

MOST_ROWS = 500
LONGEST_EMPLOYER = 120
REQUIRED = ("name", "id_number", "phone", "worker_group")
HEADINGS: dict[str, Any] = {
    "name": pgettext_lazy("person", "name"),
    "id_type": gettext_lazy("document"),
    "id_number": gettext_lazy("ID number"),
    "phone": gettext_lazy("phone"),
    "worker_group": gettext_lazy("worker group"),
    "employer_name": gettext_lazy("employer or platform"),
}


@dataclass
class ListRow:
    """One row: what was read of it, and the faults by column ("" for the whole row)."""

    line: int
    cells: dict[str, str]
    faults: dict[str, list[str]] = field(default_factory=dict)
    person: CheckedPerson | None = None
    worker_group: WorkerGroup | None = None
    employer_name: str = ""

    def fault(self, column: str, text: str) -> None:
        """Note a fault."""
        self.faults.setdefault(column, []).append(text)

    def shown(self, column: str) -> str:
        """The cell as a page may show it: numbers without a fault are masked."""
        value = self.cells.get(column, "")
        if column in self.faults or self.person is None:
            return value
        if column == "id_number":
            return mask_identity_number(self.person.id_number)
        return mask_phone(self.person.phone) if column == "phone" else value


def headings() -> list[str]:
    """The columns in the active language."""
    return [str(text) for text in HEADINGS.values()]


def example_row() -> list[str]:
    """One row to show how it is filled in; its number is nobody's."""

    number = demo_identity_number("371500", dt.date(1990, 1, 1), 0)
    return [
        "张三",
        str(IdentityType.RESIDENT_ID.label),
        number,
        "13800000000",
        "快递员",
        "某某快递",
    ]


def read_list(table: Table) -> list[ListRow]:
    """Check every row of an uploaded table. Raises RuleViolation (field ``import_file``) for
    unknown or missing columns and for more than ``MOST_ROWS`` rows; other faults stay with their
    rows. Two rows with one ID number or one phone are a fault: each confirms on their own phone.
    """
    names = _columns(table.headers)
    if len(table.rows) > MOST_ROWS:
        raise _refusal(
            _("A list has at most %(limit)d rows; this one has %(rows)d.")
            % {"limit": MOST_ROWS, "rows": len(table.rows)}
        )
    readers: dict[str, Column] = {
        "name": Column(),
        "id_type": Choice(IdentityType),
        "id_number": CodeColumn(),
        "phone": Column(),
        "worker_group": NamedCode(WorkerGroup),
        "employer_name": Column(),
    }
    rows = []
    for line, cells in zip(table.lines, table.rows, strict=True):
        given = dict(zip(names, cells, strict=True))
        rows.append(_read_row(line, given, readers))
    _mark_twins(rows, "id_number", lambda person: person.id_number)
    _mark_twins(rows, "phone", lambda person: person.phone)
    return rows


def _read_row(line: int, given: dict[str, Any], readers: dict[str, Column]) -> ListRow:
    row = ListRow(line, {name: cell_text(value) for name, value in given.items()})
    values: dict[str, Any] = {}
    for name, cell in given.items():
        try:
            values[name] = readers[name].clean(cell)
        except ValueError as error:
            row.fault(name, str(error))
    for name in REQUIRED:
        if name not in row.faults and values.get(name) in (None, ""):
            row.fault(name, _("This must be filled in."))
    group = values.get("worker_group")
    if group is not None and not group.is_active:
        row.fault("worker_group", _("“%(value)s” is not in the list.") % {"value": group.name})
    row.worker_group = group
    row.employer_name = normalise_text(values.get("employer_name") or "")
    if len(row.employer_name) > LONGEST_EMPLOYER:
        row.fault("employer_name", _("This is too long."))
    if len(values.get("name") or "") > 60:
        row.fault("name", _("This is too long."))
    if row.faults:
        return row
    try:
        row.person = check_person(
            PersonInput(
                name=values["name"],
                id_type=values.get("id_type") or IdentityType.RESIDENT_ID,
                id_number=values["id_number"],
                phone=values["phone"],
            )
        )
    except RuleViolation as violation:
        row.fault(violation.field if violation.field in HEADINGS else "", str(violation.message))
    return row


def _mark_twins(rows: Sequence[ListRow], column: str, key: Any) -> None:
    first: dict[str, ListRow] = {}
    for row in rows:
        if row.person is None:
            continue
        earlier = first.setdefault(key(row.person), row)
        if earlier is not row:
            row.fault(column, _("The same as in row %(line)d.") % {"line": earlier.line})


def _columns(headers: Sequence[str]) -> list[str]:
    known = {
        text.lower(): name
        for name, heading in HEADINGS.items()
        for text in (name, *labels_in_all_languages(heading))
    }
    names = [known.get(normalise_text(header).lower(), "") for header in headers]
    unknown = [header for header, name in zip(headers, names, strict=True) if not name]
    if unknown:
        raise _refusal(
            _("Unknown column: %(found)s. Known columns: %(known)s.")
            % {"found": listed(unknown), "known": "、".join(headings())}
        )
    if len(set(names)) != len(names):
        raise _refusal(_("A column stands in the file twice."))
    if missing := [str(HEADINGS[name]) for name in REQUIRED if name not in names]:
        raise _refusal(_("Missing column: %(missing)s.") % {"missing": "、".join(missing)})
    return names


def _refusal(message: str) -> RuleViolation:
    return RuleViolation(message, field="import_file", code="columns")
