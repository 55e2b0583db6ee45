"""What each role may do, and how far: the policy, readable at a glance.

A permission is ``noun.verb``. The extent says where it holds, seen from the union of the
appointment: ``OWN`` (that union alone) or ``BELOW`` (that union and its whole subtree).
"""

from __future__ import annotations

from enum import Enum

from unions.enums import Role


class Extent(Enum):
    """How far below the union of the appointment a permission reaches."""

    OWN = "own"
    BELOW = "below"


PERMISSIONS: tuple[str, ...] = (
    "dashboard.view",
    "unions.view",
    "unions.change",
    "appointments.view",
    "appointments.change",
    "employers.view",
    "employers.change",
    "figures.view",
    "figures.change",
    "screens.change",
    "members.view",
    "members.change",
    "members.merge",
    "transfers.view",
    "transfers.decide",
    "applications.view",
    "applications.review",
    "join_codes.view",
    "join_codes.change",
    "enrolment.change",
    "questions.change",
    "personal_exports.ask",
    "personal_exports.decide",
    "campaigns.view",
    "campaigns.change",
    "hand_ins.send",
    "stations.view",
    "stations.change",
    "audit.view",
)

POLICY: dict[str, tuple[Extent, frozenset[str]]] = {
    Role.FEDERATION_OFFICIAL: (Extent.BELOW, frozenset(PERMISSIONS)),
    Role.GRASSROOTS_OFFICIAL: (
        Extent.OWN,
        frozenset(PERMISSIONS)
        - {
            "appointments.change",
            "campaigns.change",
            "members.merge",
            "personal_exports.decide",
        },
    ),
    Role.LEADER: (Extent.BELOW, frozenset({"dashboard.view"})),
}


def roles_with(permission: str | None) -> list[str]:
    """The roles that hold ``permission``; every role when it is None.

    Raises KeyError for a name that is not in ``PERMISSIONS``: a typo must not deny silently.
    """
    if permission is None:
        return list(POLICY)
    if permission not in PERMISSIONS:
        raise KeyError(permission)
    return [role for role, (_extent, held) in POLICY.items() if permission in held]
