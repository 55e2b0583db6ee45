"""Writes on campaigns, by noun."""
