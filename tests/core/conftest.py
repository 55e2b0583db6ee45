"""Hypothesis for a shared, slow machine: no deadlines, the same examples in every run."""

from hypothesis import settings

settings.register_profile("portal", deadline=None, derandomize=True)
settings.load_profile("portal")
