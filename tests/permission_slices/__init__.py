"""Rows of the permission table by subject; ``permission_table`` puts them together."""
