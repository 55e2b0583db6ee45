"""Tables of joining and membership, by noun."""

from members.models.application import Application, Consent, ConsentText, RejectionReason
from members.models.collective import CollectiveEntry, CollectiveRegistration, MobileWindow
from members.models.join_code import JoinCode, JoinCodeVisit
from members.models.membership import DecisionPaper, Member, Membership, MembershipEvent
from members.models.message import Message, OneTimeCode
from members.models.privacy import MemberMerge, PersonalExport, PurgeRun, RetentionRule
from members.models.question import ExtraAnswer, ExtraQuestion
from members.models.request import DataRequest
from members.models.review import (
    ApplicationPaper,
    ApplicationStep,
    BulkApproval,
    BulkApprovalItem,
    ReviewRules,
)
from members.models.routing import HoldingPool, RoutingRule
from members.models.sending import RepeatedSending
from members.models.transfer import Transfer

__all__ = [
    "Application",
    "ApplicationPaper",
    "ApplicationStep",
    "BulkApproval",
    "BulkApprovalItem",
    "CollectiveEntry",
    "CollectiveRegistration",
    "Consent",
    "ConsentText",
    "DataRequest",
    "DecisionPaper",
    "ExtraAnswer",
    "ExtraQuestion",
    "HoldingPool",
    "JoinCode",
    "JoinCodeVisit",
    "Member",
    "MemberMerge",
    "Membership",
    "MembershipEvent",
    "Message",
    "MobileWindow",
    "OneTimeCode",
    "PersonalExport",
    "PurgeRun",
    "RejectionReason",
    "RepeatedSending",
    "RetentionRule",
    "ReviewRules",
    "RoutingRule",
    "Transfer",
]
