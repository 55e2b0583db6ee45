"""The portal's settings and middleware around the one view that inserts one row."""

from portal.benchmarks.settings import *  # noqa: F403

ROOT_URLCONF = "portal.benchmarks.bare"
