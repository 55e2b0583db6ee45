"""Names of what units report, and of the families of unions."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _, pgettext_lazy

from reports.metrics.entry import Text

REPORTED_NAMES: dict[str, Text] = {
    "members": pgettext_lazy("figure", "Members"),
    "unions": pgettext_lazy("figure", "Unions"),
    "stations": pgettext_lazy("figure", "Stations"),
    "nef_members": _("New-form members"),
    "nef_unions": _("Unions of new-form workers"),
    "nef_union_share": _("Share of new-form unions"),
    "nef_member_share": _("Share of new-form members"),
    "nef_new_members_since_2021": _("New new-form members since 2021"),
    "nef_unions_covered": _("Unions covered by the new-form federation"),
    "flexible_workers": _("Workers in flexible employment"),
    "flexible_joint_unions_township": _("Township flexible joint unions"),
    "flexible_joint_unions_village": _("Village flexible joint unions"),
    "flexible_joint_unions_community": _("Community flexible joint unions"),
    "internet_top100_unionised": _("Top-100 internet firms with a union"),
    "enterprises_surveyed": _("Enterprises surveyed"),
    "legal_checkups": _("Legal check-ups"),
    "legal_checkups_nef": _("Legal check-ups of new-form firms"),
    "grants_paid": _("Grants paid"),
}

FAMILY_NAMES: dict[str, Text] = {
    "federation": _("Federations"),
    "industrial_union": _("Industrial unions"),
    "regional_federation": _("Park and regional federations"),
    "township_union": _("Township unions"),
    "federation_of_trade": _("Trade federations"),
    "nef_federation": _("New-form employment federations"),
    "community_union": _("Community unions"),
    "flexible_joint_union": _("Flexible joint unions"),
    "holding_pool": _("Holding pools"),
    "joint_union": _("Joint unions"),
    "grassroots_union": _("Grassroots unions"),
    "work_committee": _("Work committees"),
    "branch": _("Branches"),
    "union_group": _("Union groups"),
}


def reported_name(metric: str) -> Text:
    """The name of a reported metric; officials may record metrics that nobody named yet."""
    return REPORTED_NAMES.get(metric, metric)


def family_name(code: str) -> Text:
    """The name of a family of union kinds."""
    return FAMILY_NAMES.get(code, code)
