"""Hostile tables at every door where officials send one in.

Refused in the official's words, or read row by row with what is wrong beside the cell; nothing is
half written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.translation import override

from tests.builders import person
from tests.portal.world import World, make_world
from tests.unions.hostile_files import CELLS, Raw, book, hostile_files
from unions.models import Union

pytestmark = pytest.mark.django_db

NOTHING: dict[str, Any] = {}


@dataclass(frozen=True)
class Door:
    """A page that takes a table; ``row`` is one that is right, by heading."""

    page: str
    row: Mapping[str, Any]
    beside: Callable[[World], dict[str, Any]] = lambda world: NOTHING
    differing: Callable[[int], dict[str, Any]] = lambda number: NOTHING  # from row to row


DOORS = {
    "unions": Door(
        "/admin/unions/union/import/",
        {
            "name": "阳谷快递工会", "short_name": "阳谷", "kind": "基层工会", "parent": "3715",
            "region": "3715", "code": "371521", "uscc": "", "status": "已建", "mode": "",
            "strategy": "", "driver": "", "channel": "", "is_nef": "是", "approval_number": "1号",
            "prepared_on": "2023-01-02", "founded_on": "2023-09-06", "term_ends_on": "2028-09-06",
            "contact_name": "张三", "contact_phone": "0635-8210000", "address": "示范路1号",
        },
    ),
    "stations": Door(
        "/admin/stations/station/import/",
        {
            "name": "示范路工会驿站", "kind": "工会驿站", "host_union": "3715", "region": "371502",
            "address": "示范路1号", "longitude": 115.98, "latitude": 36.45, "opening_hours": "8:00",
            "phone": "0635-8210000", "facilities": "", "status": "", "opened_on": "2023-09-06",
            "closed_on": "",
        },
    ),
    "employers": Door(
        "/admin/enterprises/employer/import/",
        {
            "name": "示范快递有限公司", "uscc": "", "region": "371502", "keeper": "3715",
            "covering_union": "371502", "founding_state": "", "is_platform": "否", "is_head": "",
            "affiliate_type": "", "staff_count": 120, "nef_worker_count": 80,
            "surveyed_on": "2023-09-06",
        },
    ),
    "baselines": Door(
        "/admin/enterprises/workforcebaseline/import/",
        {
            "keeper": "3715", "group": "快递员", "group_set": "", "region": "371502", "union": "",
            "counted_on": "2023-09-06", "worker_count": 3200, "source": "摸底排查", "note": "",
        },
    ),
    "figures": Door(
        "/admin/reports/reportedfigure/import/",
        {
            "union": "3715", "metric": "members", "group_set": "", "value": 57768,
            "unit": "person", "as_of": "2023-09-06", "source": "月报", "note": "",
        },
    ),
    "lists": Door(
        "/admin/members/collectiveregistration/add/",
        {
            "name": "张小明", "id_type": "", "id_number": person(1).id_number,
            "phone": person(1).phone, "worker_group": "快递员", "employer_name": "顺达",
        },
        lambda world: {"union": world.low.pk},
        lambda number: {"id_number": person(number).id_number, "phone": person(number).phone},
    ),
}  # fmt: skip


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def client(world: World) -> Client:
    """An official's browser, in Chinese."""
    client = Client(headers={"Accept-Language": "zh-hans"})
    client.force_login(world.official)
    return client


def send(client: Client, world: World, door: Door, name: str, content: bytes) -> Any:
    file = SimpleUploadedFile(name, content)
    return client.post(door.page, {**door.beside(world), "import_file": file})


def stored() -> dict[str, int]:
    """Rows of every table of ours."""
    return {
        model._meta.label: model._default_manager.count()
        for model in apps.get_models()
        if model.__module__.split(".")[0]
        in ("unions", "members", "enterprises", "stations", "reports", "audit", "campaigns")
    }


@pytest.mark.parametrize("place", range(len(DOORS)), ids=DOORS)
def test_hostile_files_are_refused_at_every_door(world: World, client: Client, place: int) -> None:
    name, door = list(DOORS.items())[place]
    rows = [list(door.row), list(door.row.values())]
    right = send(client, world, door, "a.xlsx", book(rows))
    assert (right.context["preview"]["total"], right.context["preview"]["faulty"]) == (1, 0)
    assert right.context["token"]
    before = stored()
    files = list(hostile_files(rows).items())
    # Some at each door: they have one reader, which ``test_hostile_files`` gives all of them.
    for hostile, (file_name, content, words) in files[place :: 3 if name == "lists" else 8]:
        answer = send(client, world, door, file_name, content)
        assert answer.status_code == 200, hostile
        with override("zh-hans"):
            expected = words.said() if hostile != "unknown heading" else "未知列：没有这一栏。"
        (said,) = answer.context["form"].errors["import_file"]
        assert said.startswith(expected), hostile
        assert "preview" not in answer.context
        assert "token" not in answer.context
    assert stored() == before


# How many of the 28 hostile cells are refused, each in a row and in a column of its own.
REFUSED = {
    "unions": 16, "stations": 20, "employers": 21, "baselines": 22, "figures": 22, "lists": 21,
}  # fmt: skip


@pytest.mark.parametrize("name", DOORS)
def test_a_hostile_cell_is_taken_or_refused_beside_its_row(
    world: World, client: Client, name: str
) -> None:
    door = DOORS[name]
    columns = list(door.row)
    before = stored()
    rows = [columns]
    for number, cell in enumerate(CELLS.values()):
        row = {**door.row, **door.differing(number), columns[number % len(columns)]: cell}
        rows.append([row[column] for column in columns])
    answer = send(client, world, door, "a.xlsx", book(rows))
    assert answer.status_code == 200
    preview = answer.context["preview"]
    assert sorted(row["line"] for row in preview["rows"]) == list(range(2, len(CELLS) + 2))
    for shown in preview["rows"]:
        faults = shown["faults"] + [text for cell in shown["cells"] for text in cell["faults"]]
        # A sentence about the cell, in the official's language; no fault of ours.
        assert "此行无法读取。" not in faults
        assert all("\u4e00" <= text[0] <= "\u9fff" or text[0] == "“" for text in faults)
        assert all(len(cell["value"]) <= 201 for cell in shown["cells"])
    assert preview["faulty"] == REFUSED[name]
    assert "token" not in answer.context
    assert stored() == before


def test_what_is_taken_is_stored_clean(world: World, client: Client) -> None:
    odd = Raw('<c r="{r}" t="str"><v>\u202e阳谷_x0000_快递\u2066工会👩‍👧&lt;b&gt;</v></c>')
    row = {**DOORS["unions"].row, "name": odd, "address": CELLS["formula with a result"]}
    checked = send(client, world, DOORS["unions"], "a.xlsx", book([list(row), list(row.values())]))
    page = "/admin/unions/union/import/confirm/"
    assert client.post(page, {"token": checked.context["token"]}).status_code == 302
    union = Union.objects.get(code="371521")
    assert (union.name, union.address) == ("阳谷快递工会👩👧<b>", "=1+1")
    assert "<b>" not in checked.content.decode()
