"""The county's holding pool (周转库) becomes a kind of union."""

from typing import Any

from django.db import migrations


def add(apps: Any, _schema_editor: Any) -> None:
    """Write the kind and its place in the tree; a new database has them from 0003."""
    kinds = apps.get_model("unions", "UnionKind").objects
    kinds.update_or_create(
        code="holding_pool",
        defaults={
            "name_zh": "会员周转库",
            "name_en": "Holding pool",
            "level": 67,
            "family": "holding_pool",
            "is_territorial": False,
            "enrols_members": True,
        },
    )
    apps.get_model("unions", "UnionKindRule").objects.get_or_create(
        parent_kind_id="county_federation", child_kind_id="holding_pool"
    )


class Migration(migrations.Migration):
    dependencies = [("unions", "0003_union_kinds")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
