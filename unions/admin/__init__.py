"""The officials' pages of unions, their officials, and the tables of kinds."""

from unions.admin import appointments, coverage, kinds, unions

__all__ = ["appointments", "coverage", "kinds", "unions"]
