"""The table of unions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from core.errors import RuleViolation
from unions.enums import (
    FoundingChannel,
    FoundingDriver,
    FoundingMode,
    FoundingStrategy,
    UnionStatus,
)
from unions.models import Union, UnionKind
from unions.services import create_union, update_union
from unions.tabular.columns import (
    Choice,
    CodeColumn,
    DateColumn,
    NamedCode,
    RegionColumn,
    UnionColumn,
    YesNo,
)
from unions.tabular.resource import ScopedResource, column


class UnionResource(ScopedResource):
    """Unions are recognised by their code, else by their name under the parent."""

    name = column("name")
    short_name = column("short_name")
    kind = column("kind", NamedCode(UnionKind))
    parent = column("parent", UnionColumn("unions.change"))
    region = column("region", RegionColumn())
    code = column("code")
    uscc = column("uscc", CodeColumn())
    status = column("status", Choice(UnionStatus))
    mode = column("mode", Choice(FoundingMode))
    strategy = column("strategy", Choice(FoundingStrategy))
    driver = column("driver", Choice(FoundingDriver))
    channel = column("channel", Choice(FoundingChannel))
    is_nef = column("is_nef", YesNo())
    approval_number = column("approval_number")
    prepared_on = column("prepared_on", DateColumn())
    founded_on = column("founded_on", DateColumn())
    term_ends_on = column("term_ends_on", DateColumn())
    contact_name = column("contact_name")
    contact_phone = column("contact_phone")
    address = column("address")

    required = ("name", "kind", "parent")
    example = {
        "name": "示范镇灵活就业人员联合工会",
        "kind": "乡镇(街道)灵活就业人员联合工会",
        "parent": "（上级工会名称或代码）",
        "status": "已建",
        "is_nef": "是",
        "founded_on": "2023-09-06",
    }

    class Meta(ScopedResource.Meta):
        model = Union

    def find(self, values: Mapping[str, Any]) -> Union | None:
        """By code in scope, else by name and parent."""
        rows = Union.objects.visible_to(self.actor, "unions.change")
        if values.get("code") and (found := rows.filter(code=values["code"]).first()):
            return found
        if values.get("name") and values.get("parent"):
            same = rows.filter(parent=values["parent"], name=values["name"])
            return same.exclude(status=UnionStatus.DISSOLVED).first()
        return None

    def create(self, values: dict[str, Any]) -> Union:
        """Register."""
        self._refuse_dissolving(values)
        values = {name: value for name, value in values.items() if value != ""}
        return create_union(actor=self.actor, **values)

    def update(self, record: Union, changes: dict[str, Any]) -> None:
        """Change what differs."""
        self._refuse_dissolving(changes)
        update_union(record, actor=self.actor, **changes)

    @staticmethod
    def _refuse_dissolving(values: Mapping[str, Any]) -> None:
        if values.get("status") == UnionStatus.DISSOLVED:
            raise RuleViolation(
                _("Unions are not dissolved by a table."), field="status", code="dissolved"
            )
