"""How entries of the trail are shown."""
