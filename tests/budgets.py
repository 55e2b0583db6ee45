"""How much a run leaves to chance: the suite little, a run before a release as much as it may."""

import os

# So many times the usual number of random lives.
RANDOM_LIVES = int(os.environ.get("RANDOM_LIVES", "1"))
