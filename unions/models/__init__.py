"""The union tree, who covers whom, who is appointed where, and what became of unions."""

from unions.models.appointment import Appointment, AppointmentQuerySet
from unions.models.coverage import UnionCoverage, UnionCoverageQuerySet
from unions.models.history import PastPath, UnionClosing
from unions.models.tree import Union, UnionKind, UnionKindRule, UnionQuerySet

__all__ = [
    "Appointment",
    "AppointmentQuerySet",
    "PastPath",
    "Union",
    "UnionClosing",
    "UnionCoverage",
    "UnionCoverageQuerySet",
    "UnionKind",
    "UnionKindRule",
    "UnionQuerySet",
]
