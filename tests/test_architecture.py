"""What linters cannot see: relations point down, modules stay small, apps say what they are for."""

import ast
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

# Higher numbers may point at lower ones; apps on one floor do not know each other.
FLOORS = {
    "core": 0,
    "reference": 1,
    "accounts": 2,
    "audit": 3,
    "unions": 4,
    "enterprises": 5,
    "members": 6,
    "campaigns": 7,
    "stations": 7,
    "activities": 7,
    "reports": 8,
    "portal": 9,
}
LONGEST_MODULE = 400


def our_modules() -> list[Path]:
    folders = [settings.BASE_DIR / name for name in (*FLOORS, "tests", "tools")]
    return sorted(
        path
        for folder in folders
        for path in folder.rglob("*.py")
        if "migrations" not in path.relative_to(settings.BASE_DIR).parts
    )


def test_every_app_of_ours_has_a_floor():
    ours = {
        config.name.partition(".")[0]
        for config in apps.get_app_configs()
        if Path(config.path).is_relative_to(settings.BASE_DIR)
        and "site-packages" not in Path(config.path).parts
    }
    # The admin's configuration is ours as well, but its app is Django's.
    assert ours == set(FLOORS)


def test_relations_point_downwards():
    """Foreign keys and many-to-many, those of tables that Django makes included."""
    wrong = []
    for model in apps.get_models(include_auto_created=True):
        label = model._meta.app_label
        if label not in FLOORS:
            continue
        for field in model._meta.get_fields():
            target = field.related_model if field.is_relation else None
            if target is None or not (field.concrete or field.many_to_many) or field.auto_created:
                continue
            other = target._meta.app_label
            if other in FLOORS and other != label and FLOORS[other] >= FLOORS[label]:
                wrong.append(f"{label}.{model.__name__}.{field.name} -> {other}")
    assert wrong == []


def test_modules_stay_readable():
    lengths = {
        str(path.relative_to(settings.BASE_DIR)): len(path.read_text("utf-8").splitlines())
        for path in our_modules()
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST_MODULE} == {}


@pytest.mark.parametrize("app", FLOORS)
def test_every_app_says_what_it_is_for(app):
    source = (settings.BASE_DIR / app / "__init__.py").read_text("utf-8")
    assert len(ast.get_docstring(ast.parse(source)) or "") > 40


def test_only_portal_knows_portal():
    wrong = []
    for path in our_modules():
        name = path.relative_to(settings.BASE_DIR).parts[0]
        if name in {"portal", "tests", "tools"}:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            modules = []
            if isinstance(node, ast.ImportFrom):
                modules = [node.module or ""]
            elif isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            wrong += [f"{path}: {m}" for m in modules if m.partition(".")[0] == "portal"]
    assert wrong == []
