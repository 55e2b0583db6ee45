"""Writing the trail. Call inside the transaction that makes the change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import connection, models

from accounts.models import User
from audit.models import AuditEntry

Actor = User | AnonymousUser | None

# Keys whose values never enter the trail, whoever passes them; a name does where it is no person's.
SECRET_KEYS = frozenset({"id_number", "phone", "name", "password", "token", "contact_phone"})

# Records whose name is no person's.
NAMED = frozenset({"unions.union", "campaigns.campaign", "stations.station"})


def log(
    actor: Actor,
    action: str,
    obj: models.Model,
    data: Mapping[str, Any] | None = None,
    *,
    union_path: str = "",
) -> AuditEntry:
    """Write one entry for ``obj``.

    ``action`` is ``noun.verb_past`` (``application.approved``). Must run inside a transaction, so
    that the act and its trace commit together: raises RuntimeError otherwise.
    """
    return log_many(actor, action, [(obj, data or {}, union_path)])[0]


def log_many(
    actor: Actor,
    action: str,
    items: Iterable[tuple[models.Model, Mapping[str, Any], str]],
) -> list[AuditEntry]:
    """Write one entry per ``(object, data, union_path)`` in a single statement."""
    if not connection.in_atomic_block:
        raise RuntimeError("audit entries are written in the transaction of their change")
    return AuditEntry.objects.bulk_create(
        AuditEntry(
            actor=actor if isinstance(actor, User) else None,
            action=action,
            object_type=obj._meta.label_lower,
            object_id=str(obj.pk),
            union_path=union_path,
            data=_without_secrets(data, obj._meta.label_lower),
        )
        for obj, data, union_path in items
    )


def entries_from(select: str) -> str:
    """SQL that writes an entry for each row of ``select``, as a part of a larger statement.

    For the one path that cannot afford a statement of its own. ``select`` yields ``at``,
    ``actor_id``, ``action``, ``object_type``, ``object_id``, ``union_path`` and ``data`` (jsonb)
    in this order; what is kept out of ``data`` elsewhere is to be kept out here.
    """
    return (
        "INSERT INTO audit_auditentry"
        " (at, actor_id, action, object_type, object_id, union_path, data)"
        f" {select}"
    )


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """``{"field": [old, new]}`` for each key of ``after`` whose value differs, as strings."""
    return {
        key: [_plain(before.get(key)), _plain(value)]
        for key, value in after.items()
        if before.get(key) != value
    }


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value.pk) if isinstance(value, models.Model) else str(value)


def _without_secrets(data: Mapping[str, Any], label: str) -> dict[str, Any]:
    hidden = SECRET_KEYS - {"name"} if label in NAMED else SECRET_KEYS
    return {key: "…" if key in hidden else value for key, value in data.items()}
