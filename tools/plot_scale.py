"""Draw the curves of docs/scale.md from what ``manage.py bench scale --json`` printed.

    .venv/bin/uv run --no-project --with matplotlib \\
        tools/plot_scale.py docs/scale.jsonl docs/scale.svg

matplotlib (BSD licence) is fetched for this alone; nothing of the portal needs it.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

Curves = dict[str, list[tuple[int, float]]]
STEPS = (
    "weights",
    "deltas",
    "leaves",
    "roll_up",
    "establishment",
    "progress",
    "forecasts",
    "reconcile",
    "signals",
)


def read(path: Path) -> tuple[Curves, Curves]:
    """Values and floors by name of the row, each as (n, value)."""
    values: Curves = defaultdict(list)
    floors: Curves = defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        row: dict[str, Any] = json.loads(line)
        values[row["name"]].append((row["n"], row["value"]))
        if row["floor"] is not None:
            floors[row["name"]].append((row["n"], row["floor"]))
    return values, floors


def draw(curve: list[tuple[int, float]], axes: Axes, label: str, style: str = "o-") -> None:
    """One curve; nothing where nothing was measured."""
    if curve:
        axes.plot([n for n, _ in curve], [value for _, value in curve], style, label=label)


def main() -> None:
    """Four pictures in one file."""
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    values, floors = read(source)
    mpl.rcParams["svg.hashsalt"] = "scale"  # the same data make the same file
    figure, ((night, steps), (page, stored)) = plt.subplots(2, 2, figsize=(11, 8))

    draw(floors["full"], night, "floor: memberships grouped", "k--")
    draw(values["first_night"], night, "first night, all steps")
    draw(values["full"], night, "full count beside what stands")
    draw(values["incremental"], night, "a night with 30,000 joinings")
    night.set(xscale="log", yscale="log", xlabel="members", ylabel="seconds", title="The night")
    night.set_ylim(bottom=0.5)

    sizes = [n for n, _ in values["step_leaves"]]
    below = [0.0] * len(sizes)
    places = range(len(sizes))
    for step in STEPS:
        heights = [value for _, value in values[f"step_{step}"]]
        steps.bar(places, heights, bottom=below, label=step)
        below = [low + height for low, height in zip(below, heights, strict=True)]
    steps.set_xticks(list(places), [f"{n / 1e6:g} M" for n in sizes])
    steps.set(xlabel="members", ylabel="seconds", title="Steps of a night with 30,000 joinings")
    steps.set_ylim(top=1.35 * max(below))

    draw(values["dashboard_ms"], page, "made anew")
    page.set(xscale="log", xlabel="members", ylabel="ms", title="Dashboard of the top, server time")
    page.set_ylim(bottom=0)

    bytes_rows = [values[f"bytes_{times}x"] for times in (1, 2, 4)]
    draw([row[0] for row in bytes_rows if row], stored, "tables of figures")
    stored.set(xlabel="joinings that night", ylabel="bytes", title="What a night adds")
    stored.set_xlim(left=0)
    stored.set_ylim(bottom=0)

    for axes in (night, steps, page, stored):
        axes.grid(visible=True, alpha=0.3)
        axes.legend(fontsize=8, loc="upper left", ncols=4 if axes is steps else 1)
    figure.tight_layout()
    figure.savefig(target, metadata={"Date": None})


if __name__ == "__main__":
    main()
