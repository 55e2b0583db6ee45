"""Stations on pages of the apps below."""
