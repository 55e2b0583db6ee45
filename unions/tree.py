"""The only writer of ``Union.parent``, ``Union.path`` and of the places left (``PastPath``).

Every structural write takes one transaction-scoped advisory lock before it reads what it computes
from, so that two movers cannot build a cycle out of two legal moves. Bulk loaders that COPY unions
use ``lock_tree`` and ``path_under`` as well. See docs/adr/0001-union-path.md.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import connection, transaction
from django.db.models import F, Value
from django.db.models.functions import Concat, Substr
from django.utils.translation import gettext as _

from core.clock import local_day_start, local_today
from core.errors import RuleViolation
from core.locks import advisory_lock
from unions.enums import UnionStatus
from unions.models import Union, UnionKindRule

SEPARATOR = "/"


def lock_tree() -> None:
    """Serialise structural writes until the end of the transaction (which must be open)."""
    advisory_lock("unions.tree")


def path_under(parent: Union | None, union_id: int) -> str:
    """The path of ``union_id`` under ``parent`` ("1/23/"); ids from the top, ends in "/"."""
    return f"{parent.path if parent else ''}{union_id}{SEPARATOR}"


def ensure_legal_parent(kind_code: str, parent: Union | None) -> None:
    """Raise RuleViolation (field ``parent``) unless a rule allows the kind under ``parent``."""
    parent_kind = parent.kind_id if parent else None
    rules = UnionKindRule.objects.filter(child_kind_id=kind_code)
    allowed = (
        rules.filter(parent_kind_id=parent_kind).exists()
        if parent_kind
        else rules.filter(parent_kind__isnull=True).exists()
    )
    if not allowed:
        message = (
            _("This kind of union may not stand under a “%(kind)s”.") % {"kind": parent.kind.name}
            if parent
            else _("This kind of union needs a parent union.")
        )
        raise RuleViolation(message, field="parent", code="illegal_parent")
    if parent and parent.status == UnionStatus.DISSOLVED:
        raise RuleViolation(
            _("The parent union has been dissolved."), field="parent", code="dissolved_parent"
        )


def attach(union: Union) -> Union:
    """Insert a new union under its ``parent``, with its path. Raises RuleViolation."""
    with transaction.atomic():
        lock_tree()
        parent = (
            Union.objects.select_related("kind").get(pk=union.parent_id)
            if union.parent_id
            else None
        )
        ensure_legal_parent(union.kind_id, parent)
        union.path = ""
        union.save(force_insert=True)
        union.path = path_under(parent, union.pk)
        Union.objects.filter(pk=union.pk).update(path=union.path)
    return union


def move(union: Union, new_parent: Union | None) -> int:
    """Hang ``union`` and its subtree under ``new_parent``; the number of paths rewritten.

    From today on it stands there; where each union stood up to yesterday is remembered.
    Raises RuleViolation (field ``parent``) for an illegal kind, a dissolved parent or a parent
    inside the union's own subtree.
    """
    with transaction.atomic():
        lock_tree()
        union.refresh_from_db(fields=["path", "parent", "kind"])
        if new_parent is not None:
            new_parent.refresh_from_db()
        ensure_may_hang(union, new_parent)
        old_path, new_path = union.path, path_under(new_parent, union.pk)
        if new_path != old_path:
            _remember_paths(f"{old_path}%")
        Union.objects.filter(pk=union.pk).update(parent=new_parent)
        rewritten = Union.objects.filter(path__startswith=old_path).update(
            path=Concat(Value(new_path), Substr(F("path"), len(old_path) + 1))
        )
        union.refresh_from_db(fields=["path", "parent"])
    return rewritten


def ensure_may_hang(union: Union, new_parent: Union | None) -> None:
    """Raise RuleViolation (field ``parent``) as ``move`` does; nothing is written."""
    if new_parent is not None and new_parent.path.startswith(union.path):
        raise RuleViolation(
            _("A union cannot stand under itself or under a union below it."),
            field="parent",
            code="cycle",
        )
    ensure_legal_parent(union.kind_id, new_parent)


def move_children(source: Union, target: Union) -> int:
    """Hang what stands directly below ``source``, with all below it, under ``target``.

    For mergers; how many unions changed place. Dissolved unions stay where they were, but for those
    below one that moves. In a transaction that holds the lock; raises RuleViolation as
    ``ensure_children_fit``.
    """
    ensure_children_fit(source, target)
    children = source.children.exclude(status=UnionStatus.DISSOLVED)
    below, but = f"{source.path}_%", _paths_of_dissolved(source)
    if not children.exists():
        return 0
    _remember_paths(below, but)
    children.update(parent=target)
    with connection.cursor() as cursor:
        cursor.execute(
            _REHANG,
            {
                "below": below,
                "but": but,
                "path": target.path,
                "begin": len(source.path) + 1,
            },
        )
        return cursor.rowcount


def ensure_children_fit(source: Union, target: Union) -> None:
    """Raise RuleViolation (field ``into``) unless the children of ``source`` may have ``target``.

    Codes ``illegal_child`` and ``duplicate`` (of a name).
    """
    children = source.children.exclude(status=UnionStatus.DISSOLVED).exclude(pk=target.pk)
    legal = UnionKindRule.objects.filter(parent_kind_id=target.kind_id).values("child_kind_id")
    if stray := children.exclude(kind_id__in=legal).first():
        raise RuleViolation(
            _("“%(child)s” below it may not stand under a union of this kind.")
            % {"child": stray.name},
            field="into",
            code="illegal_child",
        )
    names = target.children.exclude(status=UnionStatus.DISSOLVED).exclude(pk=source.pk)
    if twin := children.filter(name__in=names.values("name")).first():
        raise RuleViolation(
            _("“%(child)s” stands below both: two unions of one name cannot stand together.")
            % {"child": twin.name},
            field="into",
            code="duplicate",
        )


def _paths_of_dissolved(source: Union) -> list[str]:
    gone = source.children.filter(status=UnionStatus.DISSOLVED)
    return [f"{path}%" for path in gone.values_list("path", flat=True)]


# Paths hold digits and separators: patterns need no escape.
_REMEMBER_PATHS = """
    INSERT INTO unions_pastpath (union_id, path, until)
    SELECT u.id, u.path, %(yesterday)s FROM unions_union u
    WHERE u.path LIKE %(below)s AND NOT u.path LIKE ANY(%(but)s::text[])
      AND u.created_at < %(start_of_today)s
    ON CONFLICT (union_id, until) DO NOTHING
"""
# A place at which a union has been counted (``counted`` names rows of union_id, old_path, path) is
# one it had, though no day ended there: what was recorded of days gone by stays at it. For those
# registered on ``day`` or since; others have left theirs behind when they moved.
REMEMBER_COUNTED_PLACES = """
    INSERT INTO unions_pastpath (union_id, path, until)
    SELECT n.union_id, n.old_path, %(day)s::date - 1
    FROM {counted} n JOIN unions_union u ON u.id = n.union_id
    WHERE n.old_path <> n.path AND (u.created_at AT TIME ZONE %(zone)s)::date >= %(day)s
    ON CONFLICT (union_id, until) DO NOTHING
"""
_REHANG = """
    UPDATE unions_union u SET path = %(path)s || substr(u.path, %(begin)s)
    WHERE u.path LIKE %(below)s AND NOT u.path LIKE ANY(%(but)s::text[])
"""


def _remember_paths(below: str, but: Sequence[str] = ()) -> None:
    """Write down where each union whose path is like ``below`` stood when yesterday ended.

    Of several moves on one day only the first leaves a place behind: no day ended at the others.
    Nor did one end for a union registered today: a place chosen by mistake is none, unless the
    union has been counted there meanwhile (``REMEMBER_COUNTED_PLACES``).
    """
    today = local_today()
    with connection.cursor() as cursor:
        cursor.execute(
            _REMEMBER_PATHS,
            {
                "yesterday": today - dt.timedelta(days=1),
                "below": below,
                "but": list(but),
                "start_of_today": local_day_start(today),
            },
        )


def ensure_children_stay_legal(union: Union, new_kind: str) -> None:
    """Raise RuleViolation (field ``kind``) if a child could not stand under ``new_kind``."""
    lock_tree()
    legal = UnionKindRule.objects.filter(parent_kind_id=new_kind).values("child_kind_id")
    if stray := union.children.exclude(kind_id__in=legal).first():
        raise RuleViolation(
            _("“%(child)s” below it may not stand under a union of this kind.")
            % {"child": stray.name},
            field="kind",
            code="illegal_child",
        )


_RIGHT_PATHS = """
    WITH RECURSIVE tree AS (
        SELECT id, id || '/' AS path FROM unions_union WHERE parent_id IS NULL
        UNION ALL
        SELECT u.id, tree.path || u.id || '/' FROM unions_union u JOIN tree ON u.parent_id = tree.id
    )
"""
_WRONG_PATHS = f"""{_RIGHT_PATHS}
    SELECT u.id, u.path, tree.path FROM unions_union u JOIN tree USING (id)
    WHERE u.path IS DISTINCT FROM tree.path ORDER BY u.id
"""
_MEND_PATHS = f"""{_RIGHT_PATHS}
    UPDATE unions_union u SET path = tree.path FROM tree
    WHERE u.id = tree.id AND u.path IS DISTINCT FROM tree.path
"""


def wrong_paths() -> list[tuple[int, str, str]]:
    """``(id, stored path, right path)`` of each union whose path disagrees with its parents."""
    with connection.cursor() as cursor:
        cursor.execute(_WRONG_PATHS)
        return list(cursor.fetchall())


def rebuild_paths() -> int:
    """Write the right path wherever the stored one is wrong; how many were wrong.

    Nothing moved, so nothing is remembered: a wrong path was never a place.
    """
    with transaction.atomic():
        lock_tree()
        with connection.cursor() as cursor:
            cursor.execute(_MEND_PATHS)
            return cursor.rowcount
