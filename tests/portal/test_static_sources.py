"""Static files are collected anew whenever what they come from differs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from portal.embedded.stack import fingerprint_of_static_sources


def test_a_file_more_or_one_that_is_older_makes_a_difference(settings: Any, tmp_path: Path) -> None:
    settings.BASE_DIR = tmp_path
    style = tmp_path / "static" / "members" / "join.css"
    style.parent.mkdir(parents=True)
    style.write_text("a")
    first = fingerprint_of_static_sources()
    assert fingerprint_of_static_sources() == first
    # Unpacked from an archive that keeps the times of its files.
    os.utime(style, (1_000_000_000, 1_000_000_000))
    older = fingerprint_of_static_sources()
    assert older != first
    (style.parent / "find.css").write_text("b")
    assert fingerprint_of_static_sources() not in {first, older}
