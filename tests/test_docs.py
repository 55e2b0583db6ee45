"""What the documents name is there: files, commands, addresses of links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import get_commands

from portal.demo.accounts import SAMPLE_APPLICANT
from portal.demo.liaocheng_unions import DEMO_JOIN_CODE

ROOT = Path(settings.BASE_DIR)
DOCUMENTS = tuple(
    sorted(
        str(path.relative_to(ROOT))
        for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/adr/*.md"))
    )
)
# A word in backticks with a slash in it and a known folder in front, down to a `::test` if any.
FOLDERS = "|".join(
    sorted(path.name for path in ROOT.iterdir() if path.is_dir() and path.name[0].isalpha())
)
NAMED = re.compile(rf"`((?:{FOLDERS})/[\w./-]*)(?:::\w+)?`")
COMMAND = re.compile(r"manage\.py ([a-z_]+)")
# In docs/architecture.md every name of a class, a setting or a function with an underscore.
WORD = re.compile(r"`([A-Z]\w{3,}|[a-z]+_\w+)(?:\(\w*\))?`")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[\w-]*)?\)")
# Made by whoever runs the portal, or by installing it.
NOT_KEPT = ("deploy/secrets/", "node_modules/")


def test_enough_is_named() -> None:
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    assert len(set(NAMED.findall(text))) >= 80


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_is_named_is_there(document: str) -> None:
    text = (ROOT / document).read_text("utf-8")
    names = {name for name in NAMED.findall(text) if not name.startswith(NOT_KEPT)}
    assert sorted(name for name in names if not (ROOT / name).exists()) == []
    assert sorted(set(COMMAND.findall(text)) - set(get_commands())) == []
    links = {link for link in LINK.findall(text) if "://" not in link}
    folder = (ROOT / document).parent
    assert sorted(link for link in links if not (folder / link).exists()) == []


def test_every_name_is_in_the_code() -> None:
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    names = set(WORD.findall(text))
    modules = [path for app in ROOT.glob("*/__init__.py") for path in app.parent.rglob("*.py")]
    written = {
        word for path in modules for word in re.findall(r"[A-Za-z_]\w+", path.read_text("utf-8"))
    }
    tables = {model._meta.db_table for model in apps.get_models()}
    assert len(names) >= 40
    assert sorted(names - written - tables) == []


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_walk_through_the_demo_names_a_person_who_can_apply(readme: str) -> None:
    text = (ROOT / readme).read_text("utf-8")
    assert [value for value in (*SAMPLE_APPLICANT, DEMO_JOIN_CODE) if value not in text] == []


def test_every_limit_in_the_table_is_the_default() -> None:
    settings_text = (ROOT / "portal/settings.py").read_text("utf-8")
    defaults = {
        name: int(value)
        for name, value in re.findall(r'^(\w+) = env_int\(\s*"\w+", ([\d_]+)', settings_text, re.M)
    }
    table = (ROOT / "docs/joining.md").read_text("utf-8").partition("## Limits")[2]
    told: dict[str, int] = {}
    for names, values in re.findall(r"^\| (`.+?`) \| ([\d, ]+) \|", table, re.M):
        numbers = [int(value.replace(",", "")) for value in values.split(", ")]
        told.update(zip(re.findall(r"`(\w+)`", names), numbers, strict=True))
    assert len(told) == 20
    assert told == {name: defaults[name] for name in told}


def test_every_variable_is_one_that_the_portal_reads() -> None:
    known = set(re.findall(r"^#(\w+)=", (ROOT / ".env.example").read_text("utf-8"), re.M))
    for document in ("docs/joining.md", "docs/deployment.md"):
        text = (ROOT / document).read_text("utf-8")
        named = set(
            re.findall(r"\b((?:SMS|CODE|JOIN|CARD|EMAIL|ALTCHA|BLIND)_[A-Z_]+[A-Z])\b", text)
        )
        assert sorted(named - known) == [], document
