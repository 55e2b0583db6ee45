"""One step of a measurement, in a process of its own: ``python -m portal.benchmarks.runner STEP``.

``manage.py bench`` starts it with the environment of the measurement; rows go to standard output,
one JSON object a line.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys

import django

BUILD = "build"


def main() -> None:
    """Migrate and fill the template database (``build``), or run one suite."""
    parser = argparse.ArgumentParser()
    parser.add_argument("step")
    parser.add_argument("--members", type=int, required=True)
    parser.add_argument("--unions", type=int, required=True)
    parser.add_argument("--grows", action="store_true")
    options = parser.parse_args()
    django.setup()

    from portal.benchmarks.dataset import Sizes, build

    sizes = Sizes(options.members, options.unions)
    if options.step == BUILD:
        from django.core.management import call_command

        call_command("migrate", interactive=False, verbosity=0)
        if options.grows:
            from portal.benchmarks.suites.scale import FIRST_STAGE

            sizes = Sizes(FIRST_STAGE, options.unions)
        build(sizes)
        return
    suite = importlib.import_module(f"portal.benchmarks.suites.{options.step}")
    for row in suite.run(sizes):
        sys.stdout.write(json.dumps(row.as_dict(), ensure_ascii=False) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
