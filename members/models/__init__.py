"""Tables of joining and membership, by noun."""

from members.models.application import Application, Consent, ConsentText, RejectionReason
from members.models.join_code import JoinCode
from members.models.membership import Member, Membership, MembershipEvent

__all__ = [
    "Application",
    "Consent",
    "ConsentText",
    "JoinCode",
    "Member",
    "Membership",
    "MembershipEvent",
    "RejectionReason",
]
