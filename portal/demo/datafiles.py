"""The package's own data files, each row with its source."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

DATA = Path(__file__).resolve().parent / "data"


@cache
def read_data(name: str) -> tuple[dict[str, str], ...]:
    """The rows of ``data/<name>.csv``. Do not change them: they are kept."""
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


@cache
def citation(key: str) -> str:
    """How a paper is cited beside a figure: publisher, date, headline."""
    row = next(row for row in read_data("sources") if row["key"] == key)
    return f"{row['publisher']}，{row['published_on']}：《{row['title']}》"


def assumption(key: str) -> str:
    """The assumption of this key, in the language of the demo's texts."""
    row = next(row for row in read_data("assumptions") if row["key"] == key)
    return row["assumption_zh"]
