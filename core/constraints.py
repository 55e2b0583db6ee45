"""What the database refused, said as a rule of the field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from core.errors import RuleViolation

# Constraint name → the refusal it stands for.
Refusals = Mapping[str, RuleViolation]


@contextmanager
def refusing(refusals: Refusals) -> Iterator[None]:
    """A savepoint whose broken constraints come out as the RuleViolation named for them.

    A constraint that nobody named is a fault of the program and passes as IntegrityError.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        diagnosis = getattr(error.__cause__, "diag", None)
        refusal = refusals.get(getattr(diagnosis, "constraint_name", None) or "")
        if refusal is None:
            raise
        raise refusal from error
