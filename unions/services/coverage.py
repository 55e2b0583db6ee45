"""Writes on coverage."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from audit.services import log
from core.errors import RuleViolation
from unions.models import Union, UnionCoverage
from unions.scope import Actor
from unions.services.rights import ensure_may_write


def cover_union(covering: Union, covered: Union, *, since: dt.date, actor: Actor) -> UnionCoverage:
    """Record that ``covering`` covers ``covered`` from ``since`` on. Raises RuleViolation."""
    with transaction.atomic():
        ensure_may_write(actor, covering)
        try:
            with transaction.atomic():
                coverage = UnionCoverage.objects.create(
                    covering=covering, covered=covered, since=since
                )
        except IntegrityError as error:
            raise RuleViolation(
                _("This union is covered already."), field="covered", code="duplicate"
            ) from error
        log(
            actor,
            "union.covered",
            covering,
            {"covered": covered.pk, "since": since.isoformat()},
            union_path=covering.path,
        )
    return coverage
