"""The tree: legal parents, derived paths, no cycles, held by service and database."""

import threading
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from audit.models import AuditEntry
from core.errors import RuleViolation
from tests.builders import make_union
from unions import tree
from unions.kinds import KINDS, LEGAL_CHILDREN
from unions.models import Union, UnionKind, UnionKindRule
from unions.services import create_union, update_union

pytestmark = pytest.mark.django_db


@pytest.fixture
def line() -> list[Union]:
    """National → provincial → city → county federation → township union → flexible joint union."""
    unions: list[Union] = []
    for name, kind in (
        ("全总", "national_federation"),
        ("省总", "provincial_federation"),
        ("市总", "city_federation"),
        ("县总", "county_federation"),
        ("镇工会", "township_union"),
        ("镇灵活就业联合工会", "flexible_township"),
    ):
        unions.append(make_union(name, kind, unions[-1] if unions else None))
    return unions


def test_path_is_the_ids_from_the_top(line: list[Union]) -> None:
    assert line[-1].path == "".join(f"{union.pk}/" for union in line)
    assert tree.wrong_paths() == []


def test_kinds_and_rules_are_loaded_and_name_only_known_kinds() -> None:
    known = {kind.code for kind in KINDS}
    assert set(UnionKind.objects.values_list("pk", flat=True)) == known
    named = {parent for parent in LEGAL_CHILDREN if parent} | {
        child for children in LEGAL_CHILDREN.values() for child in children
    }
    assert named <= known
    assert UnionKindRule.objects.count() == sum(len(c) for c in LEGAL_CHILDREN.values())


def test_illegal_parent_is_refused_beside_the_field(line: list[Union]) -> None:
    before = (Union.objects.count(), AuditEntry.objects.count())
    with pytest.raises(RuleViolation) as refusal:
        make_union("县总二", "county_federation", line[-1])
    assert (refusal.value.field, refusal.value.code) == ("parent", "illegal_parent")
    assert (Union.objects.count(), AuditEntry.objects.count()) == before


def test_same_name_under_same_parent_is_refused_and_elsewhere_allowed(line: list[Union]) -> None:
    with pytest.raises(RuleViolation) as refusal:
        make_union("镇工会", "township_union", line[3])
    assert (refusal.value.field, refusal.value.code) == ("name", "duplicate")
    other = make_union("县总二", "county_federation", line[2])
    assert make_union("镇工会", "township_union", other).parent == other


@pytest.mark.django_db(transaction=True)
def test_database_refuses_an_illegal_parent() -> None:
    top = make_union("省总", "provincial_federation")
    low = make_union("基层", "grassroots_union", top)
    with pytest.raises(IntegrityError, match="may not stand under"), transaction.atomic():
        Union.objects.filter(pk=top.pk).update(parent=low.pk)
    top.refresh_from_db()
    assert top.parent is None


@pytest.mark.django_db(transaction=True)
def test_database_refuses_a_cycle_even_of_legal_kinds() -> None:
    top = make_union("省总", "provincial_federation")
    first = make_union("产业一", "industrial_union", top)
    second = make_union("产业二", "industrial_union", first)
    with pytest.raises(IntegrityError), transaction.atomic():
        Union.objects.filter(pk=first.pk).update(parent=second.pk)
    with pytest.raises(IntegrityError, match="path"), transaction.atomic():
        Union.objects.filter(pk=first.pk).update(parent=second.pk, path=f"{second.path}{first.pk}/")
    first.refresh_from_db()
    assert first.parent == top


@pytest.mark.django_db(transaction=True)
def test_database_refuses_a_wrong_path() -> None:
    top = make_union("省总", "provincial_federation")
    with pytest.raises(IntegrityError, match="does not follow"), transaction.atomic():
        Union.objects.filter(pk=top.pk).update(path="7/")


def test_move_rewrites_the_subtree(line: list[Union]) -> None:
    other_city = make_union("市总二", "city_federation", line[1])
    update_union(line[3], actor=None, parent=other_city)
    line[5].refresh_from_db()
    assert line[5].path == "".join(
        f"{union.pk}/" for union in (line[0], line[1], other_city, *line[3:])
    )
    assert tree.wrong_paths() == []
    entry = AuditEntry.objects.filter(action="union.updated").get()
    assert entry.data == {"parent_id": [line[2].pk, other_city.pk]}


def test_move_below_itself_is_refused(line: list[Union]) -> None:
    first = make_union("产业一", "industrial_union", line[1])
    second = make_union("产业二", "industrial_union", first)
    with pytest.raises(RuleViolation) as refusal:
        update_union(first, actor=None, parent=second)
    assert refusal.value.code == "cycle"
    first.refresh_from_db()
    assert first.parent == line[1]


def test_kind_change_that_strands_a_child_is_refused(line: list[Union]) -> None:
    with pytest.raises(RuleViolation) as refusal:
        update_union(line[4], actor=None, kind=UnionKind.objects.get(pk="industry_federation"))
    assert (refusal.value.field, refusal.value.code) == ("kind", "illegal_child")


def test_rebuild_union_paths_finds_and_mends(line: list[Union]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE unions_union DISABLE TRIGGER unions_union_guard_update")
    Union.objects.filter(pk=line[4].pk).update(path="wrong/")
    with pytest.raises(SystemExit):
        call_command("rebuild_union_paths", "--check", stdout=StringIO(), stderr=StringIO())
    assert [row[0] for row in tree.wrong_paths()] == [line[4].pk]
    out = StringIO()
    call_command("rebuild_union_paths", stdout=out)
    assert out.getvalue().strip() == "1 path mended"
    assert tree.wrong_paths() == []


@pytest.mark.django_db(transaction=True)
def test_two_movers_cannot_build_a_cycle_out_of_two_legal_moves() -> None:
    top = make_union("省总", "provincial_federation")
    left = make_union("产业左", "industrial_union", top)
    right = make_union("产业右", "industrial_union", top)
    refusals: list[RuleViolation] = []
    start = threading.Barrier(2)

    def move(union: Union, target: Union) -> None:
        start.wait()
        try:
            tree.move(union, target)
        except RuleViolation as refusal:
            refusals.append(refusal)
        finally:
            connection.close()

    movers = [
        threading.Thread(target=move, args=(Union.objects.get(pk=a.pk), Union.objects.get(pk=b.pk)))
        for a, b in ((left, right), (right, left))
    ]
    for mover in movers:
        mover.start()
    for mover in movers:
        mover.join(timeout=20)
    assert [refusal.code for refusal in refusals] == ["cycle"]
    assert tree.wrong_paths() == []


def test_unknown_detail_is_a_programming_error() -> None:
    with pytest.raises(TypeError, match="colour"):
        create_union(
            name="x",
            kind=UnionKind.objects.get(pk="provincial_federation"),
            parent=None,
            actor=None,
            colour="red",
        )
