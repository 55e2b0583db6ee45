"""Import and export of tables: in scope, row errors beside the row, all rows or none."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.translation import override

from audit.models import AuditEntry
from core.errors import RuleViolation
from enterprises.models import Employer
from enterprises.services import record_employer
from tests.builders import make_union
from tests.portal.world import World, logged_in, make_world
from unions.models import Union
from unions.tabular import files
from unions.tabular.files import read_table, write_csv, write_workbook

UNIONS = "/admin/unions/union/"
EMPLOYERS = "/admin/enterprises/employer/"


def workbook(*rows: Sequence[Any]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def rows_of(content: bytes) -> list[list[Any]]:
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def upload(client: Client, page: str, content: bytes, name: str = "table.xlsx") -> Any:
    return client.post(f"{page}import/", {"import_file": SimpleUploadedFile(name, content)})


def confirm(client: Client, page: str, checked: Any) -> Any:
    return client.post(f"{page}import/confirm/", {"token": checked.context["token"]}, follow=True)


def faults(checked: Any) -> dict[int, dict[str, list[str]]]:
    """Line → heading (or "" for the row) → what is wrong."""
    preview = checked.context["preview"]
    found: dict[int, dict[str, list[str]]] = {}
    for row in preview["rows"]:
        of_row = {
            heading: cell["faults"]
            for heading, cell in zip(preview["headings"], row["cells"], strict=True)
            if cell["faults"]
        }
        if row["faults"]:
            of_row[""] = row["faults"]
        if of_row:
            found[row["line"]] = of_row
    return found


# -- files ----------------------------------------------------------------------------------------


def test_table_is_read_from_workbook_and_csv_alike() -> None:
    rows = [["name", "founded_on"], ["甲", "2023-09-06"], ["", ""], ["乙", ""]]
    book = read_table("a.xlsx", workbook(*rows))
    table = read_table("a.CSV", write_csv(rows[0], rows[1:]))
    assert (
        book.headers,
        [[str(cell) for cell in row] for row in book.rows],
        book.lines,
    ) == (["name", "founded_on"], [["甲", "2023-09-06"], ["乙", ""]], [2, 4])
    assert table.headers == book.headers
    assert table.rows == [["甲", "2023-09-06"], ["乙", ""]]


def test_csv_of_chinese_excel_is_read() -> None:
    table = read_table("a.csv", "name,地区\r\n聊城,山东\r\n".encode("gb18030"))
    assert (table.headers, table.rows) == (["name", "地区"], [["聊城", "山东"]])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.xlsx", b"garbage", "This is not a readable Excel workbook (.xlsx)."),
        ("a.xlsx", b"PK\x03\x04garbage", "This is not a readable Excel workbook (.xlsx)."),
        ("a.xls", b"x", "Only .xlsx and .csv files can be read."),
        ("a", b"x", "Only .xlsx and .csv files can be read."),
        ("a.csv", b"\xff\x00\xfe\x81", "This is not a readable CSV file."),
        ("a.csv", b"name\x00", "This is not a readable CSV file."),
        ("a.csv", b"", "The file is empty."),
        ("a.csv", b"name\n", "The file has headings but no rows."),
        ("a.csv", b"n\n" + b"1\n" * 10_001,
         "The file has 10,001 rows; at most 10,000 can be imported at once."),
        ("a.csv", b"x" * (files.FILE_LIMIT + 1), "The file is larger than 5 MB."),
    ],
)  # fmt: skip
def test_unreadable_file_says_why(name: str, content: bytes, message: str) -> None:
    with override("en"), pytest.raises(RuleViolation) as refusal:
        read_table(name, content)
    assert (str(refusal.value), refusal.value.field) == (message, "import_file")


def test_exported_text_is_never_a_formula() -> None:
    book = openpyxl.load_workbook(io.BytesIO(write_workbook(["a"], [["=1+1"]])))
    cell = book.active["A2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")
    written = write_csv(["a"], [["=1+1"], ["-甲"]])
    assert written.decode("utf-8-sig").splitlines() == ["a", "'=1+1", "'-甲"]
    assert read_table("a.csv", written).rows == [["=1+1"], ["-甲"]]


# -- through the site -----------------------------------------------------------------------------


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def client(world: World) -> Client:
    return logged_in(world.official)


def test_unions_are_imported_with_their_trail(world: World, client: Client) -> None:
    checked = upload(
        client,
        UNIONS,
        workbook(
            ["name", "kind", "parent union", "region", "founded on", "is_nef", "status", "code"],
            ["阳谷县总工会", "县级总工会", "聊城市总工会", "聊城市", "2023年9月6日", "是",
             "established", 371521],
            ["阳谷快递工会", "grassroots_union", "371521", "", dt.date(2023, 10, 1), "", "", ""],
        ),
    )  # fmt: skip
    assert faults(checked) == {}
    assert (checked.context["preview"]["new"], Union.objects.count()) == (2, 6)
    response = confirm(client, UNIONS, checked)
    assert [str(m) for m in response.context["messages"]] == [
        "Imported: 2 new, 0 changed, 0 unchanged."
    ]
    county = Union.objects.get(code="371521")
    low = Union.objects.get(name="阳谷快递工会")
    assert (county.parent, county.is_nef, county.founded_on) == (
        world.city,
        True,
        dt.date(2023, 9, 6),
    )
    assert (low.path, low.founded_on) == (f"{county.path}{low.pk}/", dt.date(2023, 10, 1))
    trail = AuditEntry.objects.filter(actor=world.official, action="union.created")
    assert trail.count() == 2


def test_foreign_union_is_refused_as_if_it_were_not_there(world: World, client: Client) -> None:
    checked = upload(
        client,
        UNIONS,
        workbook(
            ["name", "kind", "parent"],
            ["甲工会", "基层工会", "德州市总工会"],
            ["乙工会", "基层工会", "没有这个工会"],
            ["丙工会", "基层工会", "聊城市总工会"],
        ),
    )
    missing = {"parent union": ["No union of this code or name."]}
    assert faults(checked) == {2: missing, 3: missing}
    assert "token" not in checked.context
    assert Union.objects.count() == 6


def test_every_fault_of_a_row_stands_beside_its_cell(world: World, client: Client) -> None:
    checked = upload(
        client,
        EMPLOYERS,
        workbook(
            ["name", "region", "keeper", "staff_count", "surveyed_on", "is_platform"],
            ["", "东营", "3715", "一百", "去年", "也许"],
            ["甲公司", "371502", "3715", -5, "2023/9/6", "否"],
            ["乙公司", "371502", "", 5, "", ""],
        ),
    )
    assert faults(checked) == {
        2: {
            "name": ["This must be filled in."],
            "region": ["No region of this code or name."],
            "staff": ["Enter a number."],
            "surveyed on": ["Enter a date such as 2023-09-06."],
            "platform firm": ["Enter yes or no."],
        },
        3: {"staff": ["Ensure this value is greater than or equal to 0."]},
        4: {"kept by": ["This must be filled in."]},
    }


def test_one_refused_row_keeps_all_out(world: World, client: Client) -> None:
    good = ["甲公司", "371502", "3715"]
    checked = upload(
        client, EMPLOYERS, workbook(["name", "region", "keeper"], good, ["乙公司", "371502", "x"])
    )
    assert (checked.context["preview"]["faulty"], Employer.objects.count()) == (1, 0)
    entries = AuditEntry.objects.filter(action="employer.recorded").count()
    assert entries == 0


def test_refusal_between_check_and_confirmation_keeps_all_out(world: World, client: Client) -> None:
    checked = upload(
        client,
        EMPLOYERS,
        workbook(
            ["name", "region", "keeper", "uscc"],
            ["甲公司", "371502", "3715", ""],
            ["乙公司", "371502", "3715", "91370000MA3C00000X"],
        ),
    )
    assert checked.context["token"]
    record_employer(
        name="丙公司", region=world.regions["371502"], keeper=world.other,
        uscc="91370000MA3C00000X", actor=None,
    )  # fmt: skip
    response = confirm(client, EMPLOYERS, checked)
    assert faults(response) == {
        3: {"unified social credit code": ["An employer of this code is already registered."]}
    }
    assert set(Employer.objects.values_list("name", flat=True)) == {"丙公司"}


def test_a_file_is_confirmed_once_and_by_its_owner(world: World, client: Client) -> None:
    checked = upload(
        client, EMPLOYERS, workbook(["name", "region", "keeper"], ["甲公司", "371502", "3715"])
    )
    token = {"token": checked.context["token"]}
    page = f"{EMPLOYERS}import/confirm/"
    for stranger, at in ((world.neighbour, page), (world.official, f"{UNIONS}import/confirm/")):
        response = logged_in(stranger).post(at, token, follow=True)
        assert [str(m) for m in response.context["messages"]] == [
            "The file is no longer kept. Please choose it again."
        ]
    assert confirm(client, EMPLOYERS, checked).redirect_chain == [(EMPLOYERS, 302)]
    assert confirm(client, EMPLOYERS, checked).redirect_chain == [(f"{EMPLOYERS}import/", 302)]
    assert Employer.objects.count() == 1
    # A log-in in between leads there by GET.
    assert client.put(page).status_code == 405
    response = client.get(page, follow=True)
    assert response.redirect_chain == [(f"{EMPLOYERS}import/", 302)]
    assert [str(m) for m in response.context["messages"]] == [
        "Nothing has been done yet: choose the file again."
    ]
    assert Employer.objects.count() == 1


def test_garbage_and_unknown_columns_are_said_beside_the_file(world: World, client: Client) -> None:
    for content, beginning in (
        (b"garbage", "This is not a readable Excel workbook"),
        (workbook(["name", "naem"], ["a", "b"]), "Unknown column: naem."),
        (workbook(["name", "Name"], ["a", "b"]), "A column stands in the file twice."),
    ):
        response = upload(client, EMPLOYERS, content)
        errors = response.context["form"].errors["import_file"]
        assert (response.status_code, len(errors)) == (200, 1)
        assert errors[0].startswith(beginning)
    empty = client.post(f"{EMPLOYERS}import/", {})
    assert list(empty.context["form"].errors) == ["import_file"]


def test_export_holds_what_is_in_scope_and_can_be_imported_again(
    world: World, client: Client
) -> None:
    make_union("德州邮政工会", "grassroots_union", world.other)
    response = client.get(f"{UNIONS}export/")
    rows = rows_of(response.content)
    assert [row[0] for row in rows] == ["name", "聊城市总工会", "东昌府区总工会", "顺丰工会"]
    content = workbook(rows[0], *rows[2:])
    checked = upload(client, UNIONS, content)
    assert faults(checked) == {}
    preview = checked.context["preview"]
    assert (preview["new"], preview["changed"], preview["same"]) == (0, 0, 2)
    entry = AuditEntry.objects.get(action="list.exported")
    assert (entry.actor, entry.data) == (world.official, {"list": "unions.union", "rows": 3})


def test_export_follows_filter_and_search(world: World, client: Client) -> None:
    filtered = rows_of(client.get(f"{UNIONS}export/?q=顺丰").content)
    assert [row[0] for row in filtered[1:]] == ["顺丰工会"]
    as_csv = client.get(f"{UNIONS}export/?format=csv&q=顺丰")
    assert as_csv.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert read_table("a.csv", as_csv.content).rows[0][0] == "顺丰工会"


def test_changed_row_changes_the_record(world: World, client: Client) -> None:
    checked = upload(
        client, UNIONS, workbook(["code", "name", "address"], ["371502", "东昌府总", "振兴路"])
    )
    assert checked.context["preview"]["changed"] == 1
    confirm(client, UNIONS, checked)
    world.county.refresh_from_db()
    assert (world.county.name, world.county.address, world.county.region_id) == (
        "东昌府总",
        "振兴路",
        "371502",
    )


def test_foreign_code_does_not_reach_the_foreign_record(world: World, client: Client) -> None:
    checked = upload(
        client,
        UNIONS,
        workbook(["code", "name", "kind", "parent"], ["3714", "我的", "基层工会", "3715"]),
    )
    assert faults(checked) == {2: {"union code": ["This code is taken."]}}
    world.other.refresh_from_db()
    assert world.other.name == "德州市总工会"


def test_table_dissolves_no_union(world: World, client: Client) -> None:
    checked = upload(client, UNIONS, workbook(["code", "status"], ["371502", "dissolved"]))
    assert faults(checked) == {2: {"status": ["Unions are not dissolved by a table."]}}


@pytest.mark.parametrize(
    "page",
    [
        UNIONS,
        EMPLOYERS,
        "/admin/enterprises/workforcebaseline/",
        "/admin/stations/station/",
        "/admin/reports/reportedfigure/",
    ],
)
def test_template_has_headings_that_are_understood(world: World, client: Client, page: str) -> None:
    rows = rows_of(client.get(f"{page}import/template/").content)
    assert len(rows) == 2
    checked = upload(client, page, workbook(*rows))
    assert checked.context["preview"]["total"] == 1


def test_chinese_headings_are_understood_whatever_the_language(
    world: World, client: Client
) -> None:
    chinese = Client(headers={"Accept-Language": "zh-hans"})
    chinese.force_login(world.official)
    rows = rows_of(chinese.get(f"{EMPLOYERS}import/template/").content)
    checked = upload(client, EMPLOYERS, workbook(*rows))
    assert checked.context["preview"]["total"] == 1


def test_leader_and_grassroots_import_nothing_beyond_their_rights(world: World) -> None:
    for page in (UNIONS, EMPLOYERS):
        leader = logged_in(world.leader)
        assert [
            leader.get(f"{page}{name}").status_code
            for name in ("import/", "import/template/", "export/")
        ] == [403, 403, 403]
        assert leader.post(f"{page}import/confirm/").status_code == 403
    grassroots = logged_in(world.grassroots)
    assert grassroots.get(f"{UNIONS}import/").status_code == 403
    checked = upload(
        grassroots, EMPLOYERS, workbook(["name", "region", "keeper"], ["甲", "371502", "371502"])
    )
    assert faults(checked) == {2: {"kept by": ["No union of this code or name."]}}


def test_an_empty_cell_empties_only_what_may_be_empty(world: World, client: Client) -> None:
    employer = record_employer(
        name="丙公司", region=world.regions["371502"], keeper=world.city, staff_count=5,
        founding_state="C", uscc="91370000MA3C00000X", actor=None,
    )  # fmt: skip
    row = ["uscc", "founding_state", "staff_count"], ["91370000MA3C00000X", "", ""]
    checked = upload(client, EMPLOYERS, workbook(*row))
    assert checked.context["preview"]["changed"] == 1
    confirm(client, EMPLOYERS, checked)
    employer.refresh_from_db()
    # A mark that each has, and a new one gets by itself, is left alone.
    assert (employer.founding_state, employer.staff_count) == ("C", None)
    checked = upload(client, UNIONS, workbook(["code", "status"], ["371502", ""]))
    preview = checked.context["preview"]
    assert (preview["changed"], preview["same"], faults(checked)) == (0, 1, {})
    # And what must be given is not taken away.
    checked = upload(
        client, EMPLOYERS, workbook(["uscc", "region", "name"], ["91370000MA3C00000X", "", ""])
    )
    must = ["This must be filled in."]
    assert faults(checked) == {2: {"region": must, "name": must}}
