"""Writes on unions, coverage and appointments."""

from unions.services.appointments import appoint, end_appointment
from unions.services.closing import dissolve_union
from unions.services.coverage import cover_union
from unions.services.merging import merge_unions
from unions.services.unions import create_union, ensure_name_free, move_union, update_union

__all__ = [
    "appoint",
    "cover_union",
    "create_union",
    "dissolve_union",
    "end_appointment",
    "ensure_name_free",
    "merge_unions",
    "move_union",
    "update_union",
]
