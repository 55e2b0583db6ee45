"""Management commands of the unions."""
