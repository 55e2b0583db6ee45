"""Writes on joining and membership, by noun."""
