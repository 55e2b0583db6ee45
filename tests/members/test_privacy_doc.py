"""docs/privacy.md names files and tests that are there."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

TEXT = (settings.BASE_DIR / "docs" / "privacy.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`([a-z_]+/[\w./]+(?:::\w+)?)`", TEXT)))
ARTICLES = (
    6, 13, 14, 15, 17, 19, 21, 23, 24, 25, 28, 29, 30, 37, 40, 44, 45, 46, 47, 51, 54, 55, 56, 57,
)  # fmt: skip


def test_enough_is_named() -> None:
    assert len([name for name in NAMED if "::test_" in name]) >= 15


@pytest.mark.parametrize("name", NAMED)
def test_what_is_named_is_there(name: str) -> None:
    path, _separator, test = name.partition("::")
    assert (settings.BASE_DIR / path).exists()
    if test:
        assert f"def {test}(" in (settings.BASE_DIR / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("article", ARTICLES)
def test_every_article_has_its_row(article: int) -> None:
    table = TEXT.partition("## Article by article")[2].partition("## What is kept")[0]
    rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("| ")]
    assert any(re.search(rf"\b{article}\b", row) for row in rows)
