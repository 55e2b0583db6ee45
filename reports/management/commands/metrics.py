"""Write the registry of metrics into docs/metrics.md."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from reports.metrics.document import with_registry


class Command(BaseCommand):
    """``manage.py metrics``: after a change in ``reports/metrics/``."""

    help = "Write the registry of metrics into docs/metrics.md."

    def handle(self, *args: Any, **options: Any) -> None:
        """Replace the table between the marks."""
        path = settings.BASE_DIR / "docs" / "metrics.md"
        path.write_text(with_registry(path.read_text("utf-8")), "utf-8")
