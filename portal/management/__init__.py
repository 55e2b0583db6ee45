"""Management commands of the portal itself."""
