"""Load the worker groups and version 1 of the group sets.

The files carry their version in the name and are never edited: a later change is a later file and
a later migration, so that every installation goes the same way.
"""

import csv
from pathlib import Path

from django.db import migrations

DATA = Path(__file__).resolve().parent.parent / "data"


def read(name):
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def load(apps, schema_editor):
    worker_group = apps.get_model("reference", "WorkerGroup")
    group_set = apps.get_model("reference", "GroupSet")
    worker_group.objects.bulk_create(
        worker_group(**row) for row in read("worker_groups.v1.csv")
    )
    for row in read("group_sets.v1.csv"):
        codes = row.pop("groups").split()
        group_set.objects.create(**row).groups.set(codes)


def unload(apps, schema_editor):
    apps.get_model("reference", "GroupSet").objects.all().delete()
    apps.get_model("reference", "WorkerGroup").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("reference", "0001_initial")]

    operations = [migrations.RunPython(load, unload)]
