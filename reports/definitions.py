"""指标口径: what each figure means, in words. Formulas are carried out in ``reports/counting.py``,
``reports/progress.py`` and ``reports/selectors``; the words here are shown on a page and exported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from django.utils.translation import gettext_lazy as _, pgettext_lazy

from reports.counting import DEFINITION_VERSION

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Text: TypeAlias = "str | _StrPromise"


class Definition(NamedTuple):
    """One metric. ``numerator`` and ``denominator`` are empty for what is not a ratio."""

    code: str
    name: Text
    unit: Text
    formula: Text
    source: Text
    numerator: Text = ""
    denominator: Text = ""


VERSION = DEFINITION_VERSION
_REGISTER = _("Membership ledger of this register")
_UNIONS = _("Union register")
_REPORTED = _("Reported figures, each with its paper and day")

DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        "members",
        _("Members (register)"),
        pgettext_lazy("unit", "persons"),
        _("Persons whose membership is active on the day, in the union and everything below it."),
        _REGISTER,
    ),
    Definition(
        "retained",
        _("Retained members"),
        pgettext_lazy("unit", "persons"),
        _("Persons whose membership is kept without duties on the day. Not part of members."),
        _REGISTER,
    ),
    Definition(
        "joined",
        _("New members"),
        pgettext_lazy("unit", "persons"),
        _(
            "Entries of type “joined” in the period. Transfers in are left out; a correction takes "
            "its entry back. An entry recorded late counts from the first day counted after it."
        ),
        _REGISTER,
    ),
    Definition(
        "reported_members",
        _("Members (reported)"),
        pgettext_lazy("unit", "persons"),
        _(
            "What the union itself reported last, up to the day. It is never added to the "
            "register; "
            "the difference between both is shown."
        ),
        _REPORTED,
    ),
    Definition(
        "unions",
        pgettext_lazy("figure", "Unions"),
        pgettext_lazy("unit", "unions"),
        _(
            "Unions founded and not dissolved on the day, the union itself included. Covered "
            "unions are counted apart and never added; holding pools are no unions."
        ),
        _UNIONS,
    ),
    Definition(
        "nef_unions",
        _("Unions of new-form workers"),
        pgettext_lazy("unit", "unions"),
        _("Unions marked as mainly for workers in new forms of employment."),
        _UNIONS,
    ),
    Definition(
        "nef_union_share",
        _("Share of new-form unions"),
        pgettext_lazy("unit", "percent"),
        _(
            "By the register, and again by the reported counts of one day. A reported share that "
            "differs from its own counts after rounding to two decimals is marked."
        ),
        _UNIONS,
        _("Unions of new-form workers"),
        _("All unions"),
    ),
    Definition(
        "nef_member_share",
        _("Share of new-form members"),
        pgettext_lazy("unit", "percent"),
        _(
            "By the register, and again by the reported counts of one day. A reported share that "
            "differs from its own counts after rounding to two decimals is marked."
        ),
        _REGISTER,
        _("Members of the groups in the set of new forms of employment"),
        _("All members"),
    ),
    Definition(
        "enrolment_rate",
        _("Enrolment rate"),
        pgettext_lazy("unit", "percent"),
        _(
            "Without a baseline there is no rate: it is not zero. Above 100% it is shown and "
            "marked: the baseline is old or too small."
        ),
        _("Membership ledger; workforce baselines with their day and source"),
        _("Active members of the group or set of groups"),
        _("Latest baseline up to the day: one made for the union before one for its region"),
    ),
    Definition(
        "coverage",
        _("Covered unions"),
        pgettext_lazy("unit", "unions"),
        _(
            "Unions that federations of the subtree cover or guide on the day, each once. They "
            "stand elsewhere in the tree and are never added to it."
        ),
        _("Coverage relations of the union register"),
    ),
    Definition(
        "stations",
        pgettext_lazy("figure", "Stations"),
        pgettext_lazy("unit", "stations"),
        _("Service stations opened and not closed for good on the day."),
        _("Station register"),
    ),
    Definition(
        "target_share",
        _("Share of target"),
        pgettext_lazy("unit", "percent"),
        _(
            "May exceed 100%. Yearly and cumulative targets stand side by side; the target of a "
            "union may differ from the sum of those below it."
        ),
        _("Campaigns and targets; nightly progress"),
        _("Value reached from the first day of the period"),
        _("Target"),
    ),
    Definition(
        "pace",
        _("Pace"),
        pgettext_lazy("unit", "ratio"),
        _("1 means exactly in time. The status follows from thresholds that officials set."),
        _("Campaigns and targets; nightly progress"),
        _("Share of target"),
        _("Share of the period's days that have passed"),
    ),
)

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
