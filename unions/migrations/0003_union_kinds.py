"""Load the kinds of union and the rules of the tree from ``unions/kinds.py``."""

from typing import Any

from django.db import migrations

from unions.kinds import KINDS, rules


def load(apps: Any, _schema_editor: Any) -> None:
    """Write every kind and rule."""
    kind_model = apps.get_model("unions", "UnionKind")
    rule_model = apps.get_model("unions", "UnionKindRule")
    kind_model.objects.bulk_create(kind_model(**kind._asdict()) for kind in KINDS)
    rule_model.objects.bulk_create(
        rule_model(parent_kind_id=parent, child_kind_id=child) for parent, child in rules()
    )


def unload(apps: Any, _schema_editor: Any) -> None:
    """Take them out again."""
    apps.get_model("unions", "UnionKindRule").objects.all().delete()
    apps.get_model("unions", "UnionKind").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("unions", "0002_tree_guard")]

    operations = [migrations.RunPython(load, unload)]
