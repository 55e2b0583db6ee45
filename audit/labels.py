"""Actions of the trail in words."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.utils.translation import gettext_lazy as _

ACTIONS = {
    "union.created": _("union registered"),
    "union.updated": _("union changed"),
    "union.moved": _("union moved in the tree"),
    "union.arrived": _("union moved here"),
    "union.merged": _("union merged into another"),
    "union.absorbed": _("another union merged into this one"),
    "union.dissolved": _("union dissolved"),
    "union.closing_asked": _("merger or dissolution asked for"),
    "union.closing_refused": _("merger or dissolution not done"),
    "union.covered": _("coverage recorded"),
    "appointment.made": _("appointed"),
    "appointment.ended": _("appointment ended"),
    "official.created": _("official's account made"),
    "official.changed": _("official's account changed"),
    "official.password_reset": _("password reset"),
    "employer.recorded": _("employer recorded"),
    "employer.updated": _("employer changed"),
    "baseline.recorded": _("baseline recorded"),
    "baseline.updated": _("baseline changed"),
    "figure.recorded": _("reported figure recorded"),
    "figure.updated": _("reported figure changed"),
    "screen.made": _("big screen made"),
    "screen.revoked": _("big screen revoked"),
    "brief.subscribed": _("morning brief subscribed"),
    "brief.ended": _("morning brief ended"),
    "join_code.created": _("join code made"),
    "join_code.opened": _("join code opened"),
    "join_code.moved": _("join code passed to the union that took over"),
    "join_code.closed": _("join code closed"),
    "application.submitted": _("application sent in"),
    "application.sent_again": _("the same application sent once more"),
    "application.set_apart": _("repeated sending made an application of its own"),
    "application.moved": _("application passed to another union"),
    "application.received": _("application taken over from another union"),
    "application.phone_proven": _("phone of an application proven"),
    "message.revealed": _("short message looked at in full"),
    "question.created": _("extra question added"),
    "question.changed": _("extra question changed"),
    "application.recorded": _("application typed in by an official"),
    "application.paper_seen": _("scan of an application looked at"),
    "window.opened": _("mobile window opened"),
    "window.closed": _("mobile window closed"),
    "collective.registered": _("list registered and links sent"),
    "collective.confirmed": _("person on a list confirmed"),
    "collective.declined": _("person on a list declined"),
    "collective.resent": _("links of a list sent again"),
    "pool.opened": _("holding pool opened"),
    "member.imported": _("members imported"),
    "application.approved": _("application approved"),
    "application.rejected": _("application not approved"),
    "application.correction_asked": _("correction of an application asked for"),
    "application.resubmitted": _("application corrected and sent again"),
    "application.cancelled": _("application taken back"),
    "application.undone": _("decision on an application undone"),
    "application.reminded": _("union reminded of an application"),
    "application.escalated": _("union above told of an application"),
    "bulk_approval.asked": _("approval of many applications asked for"),
    "application.revealed": _("ID number and phone shown"),
    "member.revealed": _("ID number and phone shown"),
    "reveal.refused": _("showing numbers refused: too many within an hour"),
    "member.viewed": _("record opened"),
    "membership.viewed": _("membership opened"),
    "application.viewed": _("application opened"),
    "member.enrolment_refused": _("told on enrolling: a member already"),
    "member.corrected": _("record corrected"),
    "member.phone_corrected": _("mobile number changed by the union"),
    "member.phone_changed": _("mobile number changed"),
    "member.shown_to_self": _("own document number shown"),
    "member.downloaded_by_self": _("own data downloaded"),
    "membership.employer_changed": _("employer of a membership changed"),
    "membership.left_by_member": _("left the union"),
    "data_request.asked": _("correction or erasure asked for by the member"),
    "data_request.accepted": _("correction or erasure agreed to"),
    "data_request.refused": _("correction or erasure refused"),
    "data_request.cancelled": _("request for correction or erasure taken back"),
    "erasure.asked": _("own data erased as far as nobody needs them"),
    "member.erased": _("personal data erased on request"),
    "consent.withdrawn": _("consent withdrawn"),
    "membership.retained": _("membership retained"),
    "membership.restored": _("membership restored"),
    "membership.withdrawn": _("left the union"),
    "membership.announced": _("leaving announced"),
    "membership.expelled": _("expelled"),
    "membership.deceased": _("death recorded"),
    "membership.annulled": _("membership annulled"),
    "membership.start_corrected": _("first day corrected"),
    "membership.end_corrected": _("last day corrected"),
    "membership.union_corrected": _("union corrected"),
    "membership.worker_group_corrected": _("worker group corrected"),
    "transfer.asked": _("transfer asked for"),
    "transfer.releasing_agreed": _("releasing union agreed"),
    "transfer.releasing_refused": _("releasing union refused"),
    "transfer.receiving_agreed": _("receiving union agreed"),
    "transfer.receiving_refused": _("receiving union refused"),
    "transfer.redirected": _("transfer led to the union that took over"),
    "transfer.done": _("transfer done"),
    "transfer.refused": _("transfer refused"),
    "transfer.cancelled": _("transfer cancelled"),
    "transfer.expired": _("deadline of a transfer passed"),
    "transfer.looked_up": _("looked up somebody to receive"),
    "decision.filed": _("decision filed"),
    "decision.seen": _("scan of a decision looked at"),
    "member.merged": _("records merged"),
    "member.unmerged": _("merge undone"),
    "personal_export.asked": _("export of personal data asked for"),
    "personal_export.allowed": _("export of personal data allowed"),
    "personal_export.refused": _("export of personal data refused"),
    "personal_export.downloaded": _("personal data downloaded"),
    "purge.reported": _("purge reported"),
    "purge.confirmed": _("purge confirmed"),
    "purge.dropped": _("purge dropped"),
    "purge.done": _("purge done"),
    "campaign.created": _("campaign made"),
    "campaign.updated": _("campaign changed"),
    "campaign.published": _("campaign published"),
    "campaign.closed": _("campaign closed"),
    "campaign.join_code_added": _("join code added to the campaign"),
    "campaign.join_code_tied": _("existing join code tied to the campaign"),
    "phase.saved": _("phase saved"),
    "phase.removed": _("phase removed"),
    "indicator.saved": _("indicator saved"),
    "indicator.removed": _("indicator removed"),
    "target.set": _("target set"),
    "target.removed": _("target removed from the draft"),
    "target.withdrawn": _("target withdrawn"),
    "target.cascaded": _("target shared among the unions below"),
    "requirement.saved": _("paper to hand in asked for"),
    "requirement.removed": _("paper to hand in no longer asked for"),
    "requirement.reminded": _("unit reminded of a paper"),
    "hand_in.sent": _("paper handed in"),
    "hand_in.accepted": _("paper accepted"),
    "hand_in.returned": _("paper returned"),
    "campaign_record.made": _("record of a campaign made"),
    "campaign_record.updated": _("record of a campaign changed"),
    "campaign_record.done": _("task of a campaign done"),
    "good_practice.saved": _("good practice saved"),
    "station.opened": _("station recorded"),
    "station.updated": _("station changed"),
    "station.join_code_added": _("join code added to the station"),
    "region.area_added": _("functional area added"),
    "list.exported": _("list exported"),
}

_VERBS = {"added": _("%(record)s: added"), "changed": _("%(record)s: changed")}

# Keys of details that are not fields of the record they stand on.
DETAILS = {
    "announced_on": _("announced on"),
    "application": _("application"),
    "campaign": _("campaign"),
    "cascade": _("shared out from the target of"),
    "by": _("asked for by"),
    "channel": _("way of joining"),
    "decided_on": _("decided on"),
    "decision": _("decision"),
    "decision_number": _("number of the decision"),
    "effective_on": _("effective on"),
    "facilities": _("facilities"),
    "fields": _("fields"),
    "group_set": _("group set"),
    "indicator": _("indicator"),
    "join_code": _("join code"),
    "into": _("union that takes over"),
    "kind": _("kind"),
    "found": _("found"),
    "last_day": _("last day"),
    "list": _("list"),
    "member": _("member"),
    "membership": _("membership"),
    "memberships": _("memberships"),
    "metric": _("metric"),
    "new_membership": _("new membership"),
    "number": _("number of the paper"),
    "parent": _("parent"),
    "phase": _("phase"),
    "field": _("field"),
    "purpose": _("purpose"),
    "reason": _("reason"),
    "rejoined": _("joined before"),
    "role": _("role"),
    "rows": _("rows"),
    "to_union": _("receiving union"),
    "union": _("union"),
    "unions": _("unions"),
    "unit": _("unit"),
    "user": _("user"),
    "version": _("version"),
}


# Acts logged on one record whose details are fields of another.
_SUBJECTS = {
    "phase.saved": "campaigns.phase",
    "indicator.saved": "campaigns.indicator",
    "requirement.saved": "campaigns.requirement",
    "requirement.removed": "campaigns.requirement",
    "hand_in.sent": "campaigns.requirement",
}
# By what a target was shared, under a key that elsewhere says who asked.
_SHARED_BY = {
    "baseline": _("workforce baseline"),
    "last_year": _("last year's result"),
    "evenly": _("evenly"),
    "by_hand": _("by hand"),
}
# Records that are told by name; none of them is a person's. Where a key is no field: its model.
_NAMED = frozenset(
    {"unions.union", "reference.groupset", "campaigns.campaign", "campaigns.indicator"}
)
_RECORDS = {"union": "unions.union", "campaign": "campaigns.campaign"}


def subject_of(action: str, object_type: str) -> str:
    """The model (``app.model``) whose fields the details of an entry are."""
    return _SUBJECTS.get(action, object_type)


def action_label(action: str) -> str:
    """The action in words; its code if it has none yet."""
    if action in ACTIONS:
        return str(ACTIONS[action])
    # Rows of code lists have no services; their pages write ``<model>.added`` and ``.changed``.
    model_name, _dot, verb = action.partition(".")
    for model in apps.get_models():
        if model._meta.model_name == model_name and verb in _VERBS:
            return str(_VERBS[verb]) % {"record": model._meta.verbose_name}
    return action


def record_label(object_type: str) -> str:
    """What kind of record ``app.model`` is, in words."""
    try:
        return str(apps.get_model(object_type)._meta.verbose_name)
    except (LookupError, ValueError):
        return object_type


def detail_label(object_type: str, name: str) -> str:
    """What a key of an entry's details means, in words."""
    if (object_type, name) == ("campaigns.target", "by"):
        return str(_("shared out by"))
    try:
        field = apps.get_model(object_type)._meta.get_field(name.removesuffix("_id"))
    except (LookupError, ValueError, FieldDoesNotExist):
        return str(DETAILS.get(name, name))
    return str(getattr(field, "verbose_name", name))


def detail_value(object_type: str, name: str, value: object) -> str:
    """A value of an entry's details: a code of the record's field in words, others as they are."""
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return str(_("Yes") if value else _("No"))
    if (object_type, name) == ("campaigns.target", "by"):
        return str(_SHARED_BY.get(str(value), value))
    if (object_type, name) == ("campaigns.target", "cascade"):
        return _name_of("unions.union", value, "targets")
    try:
        field = apps.get_model(object_type)._meta.get_field(name)
    except (LookupError, ValueError, FieldDoesNotExist):
        field = None
    model: Any = getattr(field, "related_model", None)
    label = _RECORDS.get(name) if model is None else model._meta.label_lower
    if label in _NAMED and (field is None or field.many_to_one):
        return _name_of(label, value)
    return str(dict(getattr(field, "choices", None) or ()).get(value, value))


def _name_of(label: str, key: object, lookup: str = "pk") -> str:
    """The name of the record ``lookup`` leads to; the key where there is none any more."""
    if not str(key).isdecimal():
        return str(key)
    record = apps.get_model(label)._default_manager.filter(**{lookup: int(str(key))}).first()
    return str(key) if record is None else str(record)
