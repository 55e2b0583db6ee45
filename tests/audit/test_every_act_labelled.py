"""Every act that is written into the trail has words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.utils import translation

from audit.labels import ACTIONS, action_label
from portal.admin.trail import list_actions

ROOT = Path(__file__).resolve().parents[2]
APPS = (
    "accounts", "unions", "enterprises", "members", "campaigns", "stations", "activities",
    "reports", "portal",
)  # fmt: skip
WRITERS = {"log", "log_view", "log_own_act"}
NAME = re.compile(r"[a-z_]+[.][a-z_]+")


def acts() -> Iterator[tuple[str, str]]:
    """The files that name an act as plain text, and its name."""
    for app in APPS:
        for file in sorted((ROOT / app).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in WRITERS:
                    values = [getattr(argument, "value", None) for argument in node.args]
                    names = [v for v in values if isinstance(v, str) and NAME.fullmatch(v)]
                    yield from ((file.name, name) for name in names)


def test_every_act_has_words() -> None:
    found = set(acts())
    assert len(found) > 60
    assert sorted(act for act in found if act[1] not in ACTIONS) == []


def test_changes_of_code_lists_have_words() -> None:
    codes = list_actions()
    assert {"pacethreshold.changed", "signalrule.changed"} <= set(codes)
    assert [code for code in codes if action_label(code) == code] == []
    with translation.override("zh-hans"):
        assert action_label("pacethreshold.changed") == "进度预警线：已修改"
    assert action_label("nothing.changed") == "nothing.changed"
