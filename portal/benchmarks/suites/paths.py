"""Behind docs/adr/0001-union-path.md: three ways to keep a tree, with the same content.

``--unions`` (5,000 at least) in a tree of five levels and twenty rows on each of the lowest, in
tables of their own: a text path (collation C), PostgreSQL's ltree, and the parent alone with a
recursive query.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from django.db import connection

from core.copying import copy_rows
from portal.benchmarks.dataset import Sizes
from portal.benchmarks.rows import Row, best_seconds

SUITE = "paths"
TIMES = 9
ROWS_PER_UNION = 20
BRANCHING = (1, 14, 10, 10)  # provinces, cities, counties, townships; the rest below

_RECURSIVE = """
    WITH RECURSIVE below AS (
        SELECT id FROM bench_parent WHERE id = %(root)s
        UNION ALL
        SELECT u.id FROM bench_parent u JOIN below ON u.parent_id = below.id
    )
"""


class Way(NamedTuple):
    """SQL of one way; parameters ``root``, ``path``, ``new_path``, ``new_parent``, ``id``."""

    name: str
    total: str
    page: str
    insert: str
    move: str


WAYS = (
    Way(
        "text",
        "SELECT count(*) FROM bench_row r JOIN bench_text u ON u.id = r.union_id"
        " WHERE u.path LIKE %(path)s || '%%'",
        "SELECT r.id FROM bench_row r JOIN bench_text u ON u.id = r.union_id"
        " WHERE u.path LIKE %(path)s || '%%' ORDER BY r.id DESC LIMIT 100",
        "INSERT INTO bench_text VALUES (%(id)s, %(root)s, %(path)s || %(id)s || '/')",
        "UPDATE bench_text SET path = %(new_path)s || substr(path, length(%(path)s) + 1)"
        " WHERE path LIKE %(path)s || '%%'",
    ),
    Way(
        "ltree",
        "SELECT count(*) FROM bench_row r JOIN bench_ltree u ON u.id = r.union_id"
        " WHERE u.path <@ %(path)s::ltree",
        "SELECT r.id FROM bench_row r JOIN bench_ltree u ON u.id = r.union_id"
        " WHERE u.path <@ %(path)s::ltree ORDER BY r.id DESC LIMIT 100",
        "INSERT INTO bench_ltree VALUES (%(id)s, %(root)s, %(path)s::ltree || %(id)s::text)",
        "UPDATE bench_ltree SET path = CASE WHEN path = %(path)s::ltree THEN %(new_path)s::ltree"
        " ELSE %(new_path)s::ltree || subpath(path, nlevel(%(path)s::ltree)) END"
        " WHERE path <@ %(path)s::ltree",
    ),
    Way(
        "recursive",
        f"{_RECURSIVE} SELECT count(*) FROM bench_row r JOIN below ON below.id = r.union_id",  # noqa: S608
        f"{_RECURSIVE} SELECT r.id FROM bench_row r JOIN below ON below.id = r.union_id"  # noqa: S608
        " ORDER BY r.id DESC LIMIT 100",
        "INSERT INTO bench_parent VALUES (%(id)s, %(root)s)",
        "UPDATE bench_parent SET parent_id = %(new_parent)s WHERE id = %(root)s",
    ),
)


def run(sizes: Sizes) -> Iterator[Row]:
    """For each way and subtree: count, first page; insert and move. Milliseconds; ``n`` rows."""
    nodes = _nodes(max(sizes.unions, 5_000))
    rows = ROWS_PER_UNION * len(nodes)
    _fill(nodes, rows)
    subtrees = {"county": 1 + BRANCHING[1], "city": 1, "grassroots": len(nodes) - 1}
    for way in WAYS:
        for label, position in subtrees.items():
            values = _values(way, nodes, position)
            yield _row(f"count_{label}_{way.name}", way.total, values, rows)
            yield _row(f"page_{label}_{way.name}", way.page, values, rows)
        yield _insert(way, nodes)
        yield _move(way, nodes)


def _nodes(count: int) -> list[tuple[int, int | None, str]]:
    """``(id, parent id, path "1/2/3/")``, level by level."""
    nodes: list[tuple[int, int | None, str]] = [(1, None, "1/")]
    level = nodes[:]
    for width in BRANCHING[1:]:
        level = [
            (len(nodes) + 1 + number, above[0], f"{above[2]}{len(nodes) + 1 + number}/")
            for number, above in enumerate(above for above in level for _ in range(width))
        ]
        nodes += level
    townships = level
    for number in range(max(0, count - len(nodes))):
        above = townships[number % len(townships)]
        node_id = len(nodes) + 1
        nodes.append((node_id, above[0], f"{above[2]}{node_id}/"))
    return nodes


def _fill(nodes: list[tuple[int, int | None, str]], rows: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE EXTENSION IF NOT EXISTS ltree;"
            "CREATE TABLE bench_text (id bigint PRIMARY KEY, parent_id bigint,"
            ' path text COLLATE "C" NOT NULL UNIQUE);'
            "CREATE TABLE bench_ltree (id bigint PRIMARY KEY, parent_id bigint, path ltree);"
            "CREATE TABLE bench_parent (id bigint PRIMARY KEY, parent_id bigint);"
            "CREATE TABLE bench_row (id bigint PRIMARY KEY, union_id bigint NOT NULL)"
        )
    copy_rows("bench_text", ("id", "parent_id", "path"), nodes)
    copy_rows(
        "bench_ltree",
        ("id", "parent_id", "path"),
        ((key, parent, _dotted(path)) for key, parent, path in nodes),
    )
    copy_rows("bench_parent", ("id", "parent_id"), (node[:2] for node in nodes))
    first = 1 + sum(1 for node in nodes if node[2].count("/") < len(BRANCHING) + 1)
    leaves = max(1, len(nodes) - first + 1)
    copy_rows(
        "bench_row",
        ("id", "union_id"),
        ((number + 1, first + number * 7919 % leaves) for number in range(rows)),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE INDEX ON bench_ltree USING gist (path);"
            "CREATE INDEX ON bench_ltree (path);"
            "CREATE INDEX ON bench_parent (parent_id);"
            "CREATE INDEX ON bench_row (union_id)"
        )
        cursor.execute("VACUUM (ANALYZE)")


def _values(way: Way, nodes: list[tuple[int, int | None, str]], position: int) -> dict[str, object]:
    key, _parent, path = nodes[position]
    return {"root": key, "path": _dotted(path) if way.name == "ltree" else path}


def _dotted(path: str) -> str:
    return path.rstrip("/").replace("/", ".")


def _row(name: str, sql: str, values: Mapping[str, object], n: int) -> Row:
    milliseconds = best_seconds(lambda: _fetch(sql, values), times=TIMES) * 1000
    return Row(SUITE, name, milliseconds, "ms", None, n)


def _fetch(sql: str, values: Mapping[str, object]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)  # type: ignore[arg-type]
        cursor.fetchall()


def _insert(way: Way, nodes: list[tuple[int, int | None, str]]) -> Row:
    """A child of the last county, committed each time."""
    values = _values(way, nodes, BRANCHING[1])
    keys = iter(range(10_000_000, 10_001_000))
    work: Callable[[], None] = lambda: _execute(way.insert, {**values, "id": next(keys)})  # noqa: E731
    return Row(
        SUITE, f"insert_{way.name}", best_seconds(work, times=50) * 1000, "ms", None, len(nodes)
    )


def _move(way: Way, nodes: list[tuple[int, int | None, str]]) -> Row:
    """A county with all below it to another city and back, committed each time."""
    county = nodes[1 + BRANCHING[1]]
    here, there = nodes[1], nodes[2]
    paths = [f"{city[2]}{county[0]}/" for city in (here, there)]
    below = sum(1 for node in nodes if node[2].startswith(county[2]))
    turn = iter(range(1000))

    def move() -> None:
        back = next(turn) % 2
        old, new = (paths[1], paths[0]) if back else (paths[0], paths[1])
        if way.name == "ltree":
            old, new = _dotted(old), _dotted(new)
        parent = (here if back else there)[0]
        _execute(
            way.move,
            {"root": county[0], "new_parent": parent, "path": old, "new_path": new},
        )

    return Row(SUITE, f"move_{way.name}", best_seconds(move, times=10) * 1000, "ms", None, below)


def _execute(sql: str, values: Mapping[str, object]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)  # type: ignore[arg-type]
