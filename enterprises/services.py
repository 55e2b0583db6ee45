"""Writes on employers and workforce baselines."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _, gettext_lazy

from core.errors import RuleViolation
from core.uscc import check_uscc
from enterprises.models import Employer, WorkforceBaseline
from reference.models import GroupSet, Region, WorkerGroup
from unions.models import Union
from unions.records import change_record, insert_record, refuse_unknown, required_text
from unions.scope import Actor

EMPLOYER_DETAILS = (
    "covering_union", "founding_state", "is_platform", "is_head", "affiliate_type", "staff_count",
    "nef_worker_count", "surveyed_on",
)  # fmt: skip

_EMPLOYER_REFUSALS = {
    "enterprises_employer_uscc_unique": RuleViolation(
        gettext_lazy("An employer of this code is already registered."),
        field="uscc",
        code="duplicate",
    ),
    "enterprises_employer_name_in_region": RuleViolation(
        gettext_lazy("An employer of this name is already registered in this region."),
        field="name",
        code="duplicate",
    ),
}
_BASELINE_REFUSALS = {
    "enterprises_baseline_unique": RuleViolation(
        gettext_lazy("There already is a baseline of this group, place and day."),
        field="counted_on",
        code="duplicate",
    ),
}


def record_employer(
    *,
    name: str,
    region: Region,
    keeper: Union,
    uscc: str = "",
    actor: Actor,
    is_demo: bool = False,
    **details: Any,
) -> Employer:
    """Enter an employer in the register that ``keeper`` keeps.

    Raises RuleViolation beside ``name`` (empty, taken in the region), ``uscc`` (taken), ``keeper``
    (out of scope) or a count. A code with a wrong check character is stored as it is: real ones
    exist.
    """
    refuse_unknown(details, EMPLOYER_DETAILS)
    employer = Employer(
        name=required_text(name, "name"),
        region=region,
        keeper=keeper,
        uscc=check_uscc(uscc).normalised,
        is_demo=is_demo,
        **details,
    )
    _check_counts(employer.staff_count, employer.nef_worker_count)
    return insert_record(
        employer,
        permission="employers.change",
        action="employer.recorded",
        actor=actor,
        refusals=_EMPLOYER_REFUSALS,
        keeper_field="keeper",
    )


def update_employer(employer: Employer, *, actor: Actor, **changes: Any) -> Employer:
    """Change fields of ``employer``; refusals as for ``record_employer``."""
    refuse_unknown(changes, ("name", "region", "keeper", "uscc", *EMPLOYER_DETAILS))
    if "name" in changes:
        changes["name"] = required_text(changes["name"], "name")
    if "uscc" in changes:
        changes["uscc"] = check_uscc(changes["uscc"]).normalised
    # As stored: the one that was passed may be of a page that shows what somebody changed since.
    stored = Employer.objects.get(pk=employer.pk)
    _check_counts(
        changes.get("staff_count", stored.staff_count),
        changes.get("nef_worker_count", stored.nef_worker_count),
    )
    return change_record(
        employer,
        changes,
        permission="employers.change",
        action="employer.updated",
        actor=actor,
        refusals=_EMPLOYER_REFUSALS,
        keeper_field="keeper",
    )


def record_baseline(
    *,
    keeper: Union,
    counted_on: dt.date,
    worker_count: int,
    source: str,
    group: WorkerGroup | None = None,
    group_set: GroupSet | None = None,
    region: Region | None = None,
    union: Union | None = None,
    note: str = "",
    actor: Actor,
    is_demo: bool = False,
) -> WorkforceBaseline:
    """Record how many workers (persons) there were on ``counted_on``.

    Either of ``group`` and ``group_set``, either of ``region`` and ``union``. Counts of a region
    are the denominators of every territorial union there; hence only a territorial union records
    them, for its own region and what lies in it. Raises RuleViolation beside the field.
    """
    baseline = WorkforceBaseline(
        keeper=keeper,
        counted_on=counted_on,
        worker_count=worker_count,
        source=required_text(source, "source"),
        group=group,
        group_set=group_set,
        region=region,
        union=union,
        note=note.strip(),
        is_demo=is_demo,
    )
    _check_baseline(baseline)
    return insert_record(
        baseline,
        permission="figures.change",
        action="baseline.recorded",
        actor=actor,
        refusals=_BASELINE_REFUSALS,
        keeper_field="keeper",
    )


def update_baseline(
    baseline: WorkforceBaseline, *, actor: Actor, **changes: Any
) -> WorkforceBaseline:
    """Change fields of ``baseline``; refusals as for ``record_baseline``."""
    refuse_unknown(
        changes,
        (
            "keeper", "counted_on", "worker_count", "source", "group", "group_set", "region",
            "union", "note",
        ),
    )  # fmt: skip
    planned = WorkforceBaseline.objects.select_related("keeper__kind").get(pk=baseline.pk)
    for name, value in changes.items():
        setattr(planned, name, value)
    planned.source = required_text(planned.source, "source")
    _check_baseline(planned)
    return change_record(
        baseline,
        changes,
        permission="figures.change",
        action="baseline.updated",
        actor=actor,
        refusals=_BASELINE_REFUSALS,
        keeper_field="keeper",
    )


def _check_baseline(baseline: WorkforceBaseline) -> None:
    if (baseline.group is None) == (baseline.group_set is None):
        raise RuleViolation(
            _("Choose either a worker group or a group set."), field="group", code="one_of"
        )
    if (baseline.region is None) == (baseline.union is None):
        raise RuleViolation(_("Choose either a region or a union."), field="region", code="one_of")
    if baseline.worker_count < 0:
        raise RuleViolation(_("This cannot be negative."), field="worker_count")
    keeper = baseline.keeper
    if baseline.region is not None:
        own_region = keeper.region_id
        if not keeper.kind.is_territorial:
            raise RuleViolation(
                _("Only the union of a territory records figures for a region."), field="region"
            )
        if own_region and not baseline.region.pk.startswith(own_region):
            raise RuleViolation(
                _("This region lies outside the territory of “%(union)s”.")
                % {"union": keeper.name},
                field="region",
                code="out_of_scope",
            )
    if baseline.union is not None and not baseline.union.path.startswith(keeper.path):
        raise RuleViolation(
            _("This union does not stand under “%(union)s”.") % {"union": keeper.name},
            field="union",
            code="out_of_scope",
        )


def _check_counts(staff: int | None, nef_workers: int | None) -> None:
    for field, count in (("staff_count", staff), ("nef_worker_count", nef_workers)):
        if count is not None and count < 0:
            raise RuleViolation(_("This cannot be negative."), field=field)
