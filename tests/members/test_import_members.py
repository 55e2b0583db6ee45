"""Taking over a register: every row checked, all or none, and again changes nothing."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from audit.models import AuditEntry
from core.clock import local_today
from core.errors import RuleViolation
from enterprises.models import Employer
from members.models import Member, Membership, MembershipEvent
from members.reconciliation import membership_differences
from members.services.importing import Outcome, import_members
from reports.counting.history import count_history
from reports.models import DailyCount
from tests.builders import make_membership, make_union, person
from tests.members.joining import union as union
from unions.models import Union
from unions.tabular.files import read_table, write_csv, write_workbook

pytestmark = pytest.mark.django_db

HEADERS = ["姓名", "证件号码", "手机号码", "就业群体", "用人单位", "入会日期"]
NAMES = ["name", "id_number", "phone", "worker_group", "employer_name", "started_on"]


def row(number: int, **changes: Any) -> list[Any]:
    """A sound row; the same number is the same person."""
    who = person(number)
    values = {
        "name": who.name,
        "id_number": who.id_number,
        "phone": who.phone,
        "worker_group": "快递员",
        "employer_name": "",
        "started_on": "2022-03-01",
        **changes,
    }
    return [values[name] for name in NAMES]


def run(union: Union, rows: list[list[Any]], **options: Any) -> Outcome:
    table = read_table("list.csv", write_csv(NAMES, rows))
    return import_members(union, table, actor=None, **options)


def counts() -> tuple[int, int, int]:
    return Member.objects.count(), Membership.objects.count(), MembershipEvent.objects.count()


def test_people_become_members_since_their_day(union: Union) -> None:
    assert union.region is not None
    firm = Employer.objects.create(name="顺丰", region=union.region, keeper=union)
    outcome = run(
        union,
        [row(1, employer_name="顺丰"), row(2, worker_group="truck_driver", started_on="2021/1/5")],
    )
    assert (outcome.rows, outcome.imported, outcome.unchanged) == (2, 2, 0)
    assert outcome.is_written
    assert outcome.faults == []
    first = Membership.objects.get(worker_group="courier")
    assert (first.started_on, first.channel, first.status) == (
        dt.date(2022, 3, 1), "import", "active",
    )  # fmt: skip
    assert (first.employer, first.employer_name) == (firm, "顺丰")
    assert first.member.masked_id_number.startswith("993")
    assert first.member.home_union == union
    event = first.events.get()
    assert (event.type, event.effective_on, event.channel, event.union) == (
        "joined", dt.date(2022, 3, 1), "import", union,
    )  # fmt: skip
    assert (event.active_change, event.retained_change, event.joined_change) == (1, 0, 1)
    assert AuditEntry.objects.get(action="member.imported").data == {"rows": 2, "left_alone": 0}
    # They count from their day on.
    count_history(local_today())
    of_union = DailyCount.objects.filter(union=union)
    assert [(c.day, c.members) for c in of_union.order_by("day")] == [
        (dt.date(2021, 1, 5), 1), (dt.date(2022, 3, 1), 2),
    ]  # fmt: skip


def test_ledger_agrees(union: Union) -> None:
    run(union, [row(number) for number in range(1, 6)])
    assert list(membership_differences()) == []


def test_again_changes_nothing(union: Union) -> None:
    rows = [row(1), row(2)]
    run(union, rows)
    before = counts()
    outcome = run(union, [*rows, row(3)])
    assert (outcome.imported, outcome.unchanged, outcome.faults) == (1, 2, [])
    assert counts() == tuple(number + 1 for number in before)
    assert run(union, [*rows, row(3)]).imported == 0


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"name": ""}, "姓名"),
        ({"name": "长" * 61}, "姓名"),
        ({"id_number": "37150219900101001X"}, "证件号码"),
        ({"id_number": ""}, "证件号码"),
        ({"phone": "123"}, "手机号码"),
        ({"worker_group": "巫师"}, "就业群体"),
        ({"started_on": "2999-01-01"}, "入会日期"),
        ({"started_on": "1800-01-01"}, "入会日期"),
        ({"started_on": "昨天"}, "入会日期"),
        ({"employer_name": "司" * 121}, "用人单位"),
    ],
)
def test_a_fault_stops_all_and_names_row_and_column(
    union: Union, changes: dict[str, str], column: str
) -> None:
    outcome = run(union, [row(1), row(2, **changes), row(3)])
    assert [fault.line for fault in outcome.faults] == [3]
    assert outcome.faults[0].column
    assert not outcome.is_written
    assert counts() == (0, 0, 0)
    # Never the number itself.
    assert person(2).id_number not in outcome.faults[0].text


def test_sound_rows_alone_when_asked_for(union: Union) -> None:
    outcome = run(union, [row(1), row(2, phone="1"), row(1)], skip_errors=True)
    assert (outcome.imported, len(outcome.faults), outcome.is_written) == (1, 2, True)
    assert counts() == (1, 1, 1)


def test_dry_run_writes_nothing(union: Union) -> None:
    outcome = run(union, [row(1)], dry_run=True)
    assert (outcome.imported, outcome.is_written) == (1, False)
    assert counts() == (0, 0, 0)


def test_somebody_twice_in_the_file_is_named_by_row(union: Union) -> None:
    outcome = run(union, [row(1), row(2), row(1)])
    assert [fault.line for fault in outcome.faults] == [4]
    assert "2" in outcome.faults[0].text


def test_members_elsewhere_and_overlapping_spells_are_refused(union: Union) -> None:
    elsewhere = make_union("别处工会", "township_union", union.parent)
    make_membership(elsewhere, person(1), on="2021-01-01")
    gone = make_membership(elsewhere, person(2), on="2020-01-01")
    Membership.objects.filter(pk=gone.pk).update(ended_on=dt.date(2022, 3, 1), status="ended")
    outcome = run(union, [row(1), row(2), row(3)])
    assert [fault.line for fault in outcome.faults] == [2, 3]
    assert "别处" not in outcome.faults[0].text
    assert counts() == (2, 2, 2)
    # From the day after it is another spell of the same person.
    outcome = run(union, [row(2, started_on="2022-03-02")])
    assert outcome.imported == 1
    assert gone.member.memberships.count() == 2
    gone.member.refresh_from_db()
    assert gone.member.home_union == union


def test_columns_must_be_known(union: Union) -> None:
    with pytest.raises(RuleViolation):
        import_members(union, read_table("a.csv", b"a,b\n1,2\n"), actor=None)
    with pytest.raises(RuleViolation):
        import_members(union, read_table("a.csv", "姓名\n张三\n".encode()), actor=None)


def test_command_reads_a_workbook(union: Union, tmp_path: Path, capsys: Any) -> None:
    Union.objects.filter(pk=union.pk).update(code="U1")
    path = tmp_path / "members.xlsx"
    path.write_bytes(write_workbook(NAMES, [row(1), row(2)]))
    call_command("import_members", str(path), union="U1", dry_run=True)
    assert counts() == (0, 0, 0)
    call_command("import_members", str(path), union="U1")
    assert counts() == (2, 2, 2)
    assert "2 imported" in capsys.readouterr().out
    path.write_bytes(write_workbook(NAMES, [row(3), row(4, phone="1")]))
    with pytest.raises(CommandError):
        call_command("import_members", str(path), union="U1")
    assert counts() == (2, 2, 2)
    shown = capsys.readouterr().out
    assert person(4).id_number not in shown
    call_command("import_members", str(path), union="U1", skip_errors=True)
    assert counts() == (3, 3, 3)
    for arguments in ({"union": "nowhere"}, {"union": ""}):
        with pytest.raises(CommandError):
            call_command("import_members", str(path), **arguments)
    with pytest.raises(CommandError):
        call_command("import_members", str(tmp_path / "none.csv"), union="U1")
