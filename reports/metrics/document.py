"""The registry as the table that stands in docs/metrics.md, between its two marks."""

from __future__ import annotations

from django.utils import translation

from reports.metrics import METRICS

BEGIN = "<!-- registry: manage.py metrics -->"
END = "<!-- end of the registry -->"


def registry_table() -> str:
    """Markdown, in English with the Chinese names."""
    with translation.override("en"):
        rows = [
            f"| `{metric.code}` | {metric.name_in('zh-hans')} | {metric.name} | {metric.unit} "
            f"| {metric.version} | {'yes' if metric.is_public else 'no'} | {metric.source} |"
            for metric in METRICS
        ]
    head = [
        "| code | 名称 | name | unit | version | public | source |",
        "|---|---|---|---|---|---|---|",
    ]
    return "\n".join((BEGIN, *head, *rows, END))


def with_registry(document: str) -> str:
    """``document`` with the table of today between its marks. Raises ValueError without marks."""
    before, begin, rest = document.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the document has no marks for the registry")
    return f"{before}{registry_table()}{after}"
