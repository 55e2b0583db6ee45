"""Books that differ and reports that the register does not bear out, one by one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.utils.translation import gettext as _

from members.models import Membership
from reports.metrics import METRICS, reported_name
from reports.models import Drift
from reports.selectors.scope import PERMISSION
from unions.models import Union
from unions.scope import Actor

PAGE_SIZE = 50
Book = Drift.Book


@dataclass(frozen=True)
class OpenDrift:
    """A difference that was not mended, in words, with both figures as they were found."""

    drift: Drift

    @property
    def is_report(self) -> bool:
        """What the union says differs from the register: no fault of the books."""
        return self.drift.book == Book.REPORTED

    @property
    def name(self) -> str:
        """Which figure it is; of a membership, what of it and its key."""
        metric, _sign, key = self.drift.metric.partition("#")
        if key:
            return f"{_('Membership')} {key} · {_column_name(metric)}"
        if self.is_report:
            return str(reported_name(metric))
        defined = {entry.code: entry.name for entry in METRICS}
        found = str(defined.get(metric, metric))
        return f"{found} · {self.drift.breakdown}" if self.drift.breakdown else found

    @property
    def sides(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """What each of the two says: whose word it is, and the word or number."""
        names = {
            Book.LEDGER.value: (_("Membership"), _("Ledger")),
            Book.COUNTS.value: (_("Published figure"), _("Ledger")),
            Book.ROLL_UP.value: (_("Published figure"), _("Sum of its parts")),
            Book.REPORTED.value: (_("Reported"), _("Register")),
        }
        first, second = names[self.drift.book]
        return (first, _shown(self.drift.stored)), (second, _shown(self.drift.expected))

    @property
    def meaning(self) -> str:
        """What it means, and what follows."""
        return {
            Book.LEDGER.value: _(
                "The membership is not what the entries of its ledger make of it. The figures "
                "above it are marked until it is mended."
            ),
            Book.COUNTS.value: _(
                "The figure is not what the ledger adds up to. It is marked until it is mended."
            ),
            Book.ROLL_UP.value: _(
                "The figure is not the sum of the union's own entries and of the unions below it. "
                "It is marked until it is mended."
            ),
            Book.REPORTED.value: _(
                "The union reported another number than its register held on that day. The portal "
                "changes neither: the report or the register is to be looked into."
            ),
        }[self.drift.book]


def _column_name(name: str) -> str:
    """A column of a membership as its forms call it; what is derived from several stays a code."""
    names = {field.name: field.verbose_name for field in Membership._meta.fields}
    return str(names.get(name, name))


def _shown(text: str) -> str:
    """A number with separators, as on the other pages; a word as it was recorded."""
    return f"{int(text):,}" if text.removeprefix("-").isdecimal() else text or "—"


def open_drifts(actor: Actor, union: Union, day: dt.date) -> QuerySet[Drift, Any]:
    """What stood open of ``union`` and below by ``day``, in the viewer's scope: first the books,
    then the reports, the newest first."""
    report_last = Case(
        When(book=Book.REPORTED, then=Value(1)), default=Value(0), output_field=IntegerField()
    )
    return (
        Drift.objects.visible_to(actor, PERMISSION)
        .filter(union__path__startswith=union.path, mended_at__isnull=True, day__lte=day)
        .select_related("union")
        .order_by(report_last, "-day", "union__path", "metric", "breakdown", "pk")
    )
