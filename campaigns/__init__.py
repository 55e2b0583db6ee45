"""Drives with phases, indicators and targets.

May import members and below; not stations, activities or reports.
"""
