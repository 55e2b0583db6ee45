"""What a public page may tell: no count so small that it points at somebody.

Personal Information Protection Law art. 25 (no publication without consent) and the practice of
official statistics: cells below a threshold are left out, and one cell alone is never the only one
left out of a table whose total is shown, for then it follows by subtraction.
"""

from __future__ import annotations

from collections.abc import Sequence

SMALL_CELL = 10  # persons


def suppressed(value: int | None) -> int | None:
    """``value`` as a public view may show it: None for 1 … 9. Zero points at nobody."""
    return None if value is None or 0 < value < SMALL_CELL else value


def suppressed_cells(values: Sequence[int]) -> list[int | None]:
    """The cells of a table whose total is shown as well.

    Where a single cell is too small, the next smallest goes with it.
    """
    shown = [suppressed(value) for value in values]
    hidden = [place for place, value in enumerate(shown) if value is None]
    if len(hidden) == 1:
        others = [place for place, value in enumerate(shown) if value]
        if others:
            shown[min(others, key=lambda place: values[place])] = None
    return shown
