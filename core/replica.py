"""Where reads of figures go: to the database, or to a replica of it while a page allows that.

Django's router serves querysets (``portal/replica.py``). Statements written by hand ask for their
connection here. Outside of a page that said so, both are the database itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

REPLICA = "replica"

_alias: ContextVar[str] = ContextVar("figures_are_read_from", default=DEFAULT_DB_ALIAS)


def reading_alias() -> str:
    """The alias of the database that figures are read from just now."""
    return _alias.get()


def reading_connection() -> BaseDatabaseWrapper:
    """The connection for a statement that reads figures; never for one that writes."""
    return connections[_alias.get()]


@contextmanager
def figures_read_from(alias: str) -> Iterator[None]:
    """Inside, in this thread, figures are read from the database of ``alias``."""
    token = _alias.set(alias)
    try:
        yield
    finally:
        _alias.reset(token)
