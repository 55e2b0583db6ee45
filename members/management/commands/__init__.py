"""Management commands of joining and membership."""
