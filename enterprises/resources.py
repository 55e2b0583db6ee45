"""The tables of employers and baselines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from enterprises.models import AffiliateType, Employer, FoundingState, WorkforceBaseline
from enterprises.services import (
    record_baseline,
    record_employer,
    update_baseline,
    update_employer,
)
from reference.models import WorkerGroup
from unions.tabular.columns import (
    Choice,
    CodeColumn,
    DateColumn,
    GroupSetColumn,
    NamedCode,
    RegionColumn,
    UnionColumn,
    WholeNumber,
    YesNo,
)
from unions.tabular.resource import ScopedResource, column


class EmployerResource(ScopedResource):
    """Employers are recognised by their code, else by their name in the region."""

    name = column("name")
    uscc = column("uscc", CodeColumn())
    region = column("region", RegionColumn())
    keeper = column("keeper", UnionColumn("employers.change"))
    covering_union = column("covering_union", UnionColumn("employers.change"))
    founding_state = column("founding_state", Choice(FoundingState))
    is_platform = column("is_platform", YesNo())
    is_head = column("is_head", YesNo())
    affiliate_type = column("affiliate_type", Choice(AffiliateType))
    staff_count = column("staff_count", WholeNumber())
    nef_worker_count = column("nef_worker_count", WholeNumber())
    surveyed_on = column("surveyed_on", DateColumn())

    required = ("name", "region", "keeper")
    example = {
        "name": "示范快递有限公司",
        "region": "371502",
        "keeper": "（登记工会名称或代码）",
        "is_platform": "否",
        "staff_count": "120",
        "nef_worker_count": "80",
        "surveyed_on": "2023-09-06",
    }

    class Meta(ScopedResource.Meta):
        model = Employer

    def find(self, values: Mapping[str, Any]) -> Employer | None:
        """By code in scope, else by name and region."""
        rows = Employer.objects.visible_to(self.actor, "employers.change").select_related(
            "region", "keeper", "covering_union"
        )
        if values.get("uscc") and (found := rows.filter(uscc=values["uscc"]).first()):
            return found
        if values.get("name") and values.get("region"):
            return rows.filter(name=values["name"], region=values["region"]).first()
        return None

    def create(self, values: dict[str, Any]) -> Employer:
        """Record."""
        values = {name: value for name, value in values.items() if value != ""}
        return record_employer(actor=self.actor, **values)

    def update(self, record: Employer, changes: dict[str, Any]) -> None:
        """Change what differs."""
        update_employer(record, actor=self.actor, **changes)


class WorkforceBaselineResource(ScopedResource):
    """Baselines are recognised by group, place and day."""

    keeper = column("keeper", UnionColumn("figures.change"))
    group = column("group", NamedCode(WorkerGroup))
    group_set = column("group_set", GroupSetColumn())
    region = column("region", RegionColumn())
    union = column("union", UnionColumn("figures.change"))
    counted_on = column("counted_on", DateColumn())
    worker_count = column("worker_count", WholeNumber())
    source = column("source")
    note = column("note")

    required = ("keeper", "counted_on", "worker_count", "source")
    example = {
        "keeper": "（登记工会名称或代码）",
        "group": "快递员",
        "region": "371502",
        "counted_on": "2023-09-06",
        "worker_count": "3200",
        "source": "2023年摸底排查",
    }

    class Meta(ScopedResource.Meta):
        model = WorkforceBaseline

    def find(self, values: Mapping[str, Any]) -> WorkforceBaseline | None:
        """By what makes a baseline one."""
        if not values.get("counted_on"):
            return None
        rows = WorkforceBaseline.objects.visible_to(self.actor, "figures.change").select_related(
            "keeper__kind", "group", "group_set", "region", "union"
        )
        return rows.filter(
            counted_on=values["counted_on"],
            group=values.get("group"),
            group_set=values.get("group_set"),
            region=values.get("region"),
            union=values.get("union"),
        ).first()

    def create(self, values: dict[str, Any]) -> WorkforceBaseline:
        """Record."""
        return record_baseline(actor=self.actor, **values)

    def update(self, record: WorkforceBaseline, changes: dict[str, Any]) -> None:
        """Change what differs."""
        update_baseline(record, actor=self.actor, **changes)
