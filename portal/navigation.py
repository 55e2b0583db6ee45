"""The sidebar of the officials' site: the work in groups, and only what the viewer may use."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language, gettext as _, pgettext

from portal.overview import BADGE_LIMIT, count_waiting
from unions.permissions import PERMISSIONS
from unions.scope import can


class Entry(NamedTuple):
    """A page of the sidebar. Without ``permission`` it is the operators'."""

    title: str
    icon: str
    page: str
    permission: str | None = None


class Group(NamedTuple):
    """A part of the sidebar: its title and, of each entry, who may use it and how it is shown."""

    title: str
    items: list[tuple[str | None, dict[str, Any]]]


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups and entries in the form that the theme's templates expect, ready to be shown.

    The entry whose address the request's begins with is marked as active.
    """
    user = request.user
    held: set[str | None] = {name for name in PERMISSIONS if can(user, name)}
    if user.is_superuser:
        held.add(None)
    index = reverse("admin:index")
    groups: list[dict[str, Any]] = []
    for title, entries in _menu(get_language() or ""):
        items = [
            {**item, "active": _is_active(item["link"], request.path, index)}
            for permission, item in entries
            if permission in held
        ]
        if items:
            groups.append({"title": title, "separator": bool(groups), "items": items})
    if "applications.view" in held:
        _add_count(groups, count_waiting(user))
    return groups


def _is_active(link: str, path: str, index: str) -> bool:
    """Every address on the site begins with that of the first page."""
    return path == link if link == index else path.startswith(link)


def _add_count(groups: list[dict[str, Any]], waiting: int) -> None:
    """Beside the queue, what waits there."""
    if not waiting:
        return
    shown = f"{BADGE_LIMIT}+" if waiting > BADGE_LIMIT else str(waiting)
    queue = reverse("admin:members_application_changelist")
    for group in groups:
        for item in group["items"]:
            if item["link"] == queue:
                item.update(badge=shown, badge_variant="danger", badge_style="solid")


@cache
def _menu(language: str) -> list[Group]:
    """All groups, put into words once for each language: every page of the site shows them."""
    return [
        Group(
            title,
            [
                (
                    entry.permission,
                    {
                        "title": entry.title,
                        "icon": entry.icon,
                        "link": entry.page if entry.page.startswith("/") else reverse(entry.page),
                        "has_permission": True,
                    },
                )
                for entry in entries
            ],
        )
        for title, entries in _groups()
    ]


def _groups() -> list[tuple[str, list[Entry]]]:
    return [
        (
            "",
            [
                Entry(_("Overview"), "home", "admin:index", "unions.view"),
                Entry(_("Dashboard"), "monitoring", "/dashboard/", "dashboard.view"),
            ],
        ),
        (
            pgettext("section", "Members"),
            [
                Entry(
                    _("Applications"), "inbox",
                    "admin:members_application_changelist", "applications.view",
                ),
                Entry(_("Members"), "groups", "admin:members_member_changelist", "members.view"),
                Entry(
                    _("Memberships"), "card_membership",
                    "admin:members_membership_changelist", "members.view",
                ),
                Entry(
                    _("Transfers"), "swap_horiz",
                    "admin:members_transfer_changelist", "transfers.view",
                ),
                Entry(
                    _("Expulsions"), "gavel",
                    "admin:members_decisionpaper_changelist", "members.view",
                ),
                Entry(
                    _("Requests about own data"), "edit_note",
                    "admin:members_datarequest_changelist", "members.view",
                ),
                Entry(
                    _("Merging of records"), "call_merge",
                    "admin:members_membermerge_changelist", "members.merge",
                ),
                Entry(
                    _("Exports of personal data"), "encrypted",
                    "admin:members_personalexport_changelist", "personal_exports.ask",
                ),
                Entry(
                    _("Join codes"), "qr_code_2",
                    "admin:members_joincode_changelist", "join_codes.view",
                ),
                Entry(
                    _("Mobile windows"), "storefront",
                    "admin:members_mobilewindow_changelist", "enrolment.change",
                ),
                Entry(
                    _("Collective registration"), "group_add",
                    "admin:members_collectiveregistration_changelist", "enrolment.change",
                ),
                Entry(
                    _("Applications on paper"), "description",
                    "admin:members_applicationpaper_changelist", "enrolment.change",
                ),
                Entry(
                    _("Enrol directly"), "person_add",
                    "admin:members_application_direct", "enrolment.change",
                ),
                Entry(
                    _("Holding pools"), "hourglass_top",
                    "admin:members_holdingpool_changelist", "unions.view",
                ),
                Entry(
                    _("Extra questions"), "quiz",
                    "admin:members_extraquestion_changelist", "questions.change",
                ),
            ],
        ),
        (
            _("Organisation"),
            [
                Entry(_("Unions"), "account_tree", "admin:unions_union_changelist", "unions.view"),
                Entry(
                    _("Covered unions"), "hub",
                    "admin:unions_unioncoverage_changelist", "unions.view",
                ),
                Entry(
                    _("Mergers and dissolutions"), "merge",
                    "admin:unions_unionclosing_changelist", "unions.view",
                ),
                Entry(
                    _("Officials"), "badge",
                    "admin:unions_appointment_changelist", "appointments.view",
                ),
                Entry(
                    _("Accounts"), "person",
                    "admin:accounts_user_changelist", "appointments.change",
                ),
            ],
        ),
        (
            _("Employers and figures"),
            [
                Entry(
                    _("Employers"), "apartment",
                    "admin:enterprises_employer_changelist", "employers.view",
                ),
                Entry(
                    _("Workforce baselines"), "query_stats",
                    "admin:enterprises_workforcebaseline_changelist", "figures.view",
                ),
                Entry(
                    _("Reported figures"), "fact_check",
                    "admin:reports_reportedfigure_changelist", "figures.view",
                ),
                Entry(_("Data quality"), "troubleshoot", "/dashboard/quality/", "dashboard.view"),
                Entry(
                    _("Big screens"), "tv",
                    "admin:reports_screentoken_changelist", "screens.change",
                ),
            ],
        ),
        (
            _("Campaigns and stations"),
            [
                Entry(
                    _("Campaigns"), "campaign",
                    "admin:campaigns_campaign_changelist", "campaigns.view",
                ),
                Entry(
                    _("Indicators"), "flag",
                    "admin:campaigns_indicator_changelist", "campaigns.view",
                ),
                Entry(
                    _("Targets"), "target",
                    "admin:campaigns_target_changelist", "campaigns.view",
                ),
                Entry(
                    _("Papers we owe"), "upload_file",
                    "admin:campaigns_handin_owed", "hand_ins.send",
                ),
                Entry(
                    _("Papers from units"), "assignment_turned_in",
                    "admin:campaigns_requirement_changelist", "campaigns.change",
                ),
                Entry(
                    _("Inspections, tasks, praise"), "checklist",
                    "admin:campaigns_campaignrecord_changelist", "campaigns.view",
                ),
                Entry(
                    _("Good practice"), "lightbulb",
                    "admin:campaigns_goodpractice_changelist", "campaigns.view",
                ),
                Entry(
                    _("Stations"), "location_on",
                    "admin:stations_station_changelist", "stations.view",
                ),
            ],
        ),
        (
            _("Look up"),
            [
                Entry(_("Regions"), "map", "admin:reference_region_changelist", "unions.view"),
                Entry(_("Trail"), "history", "admin:audit_auditentry_changelist", "audit.view"),
            ],
        ),
        (
            _("System"),
            [
                Entry(_("Worker groups"), "category", "admin:reference_workergroup_changelist"),
                Entry(_("Group sets"), "dataset", "admin:reference_groupset_changelist"),
                Entry(_("Kinds of union"), "schema", "admin:unions_unionkind_changelist"),
                Entry(_("Kinds of station"), "store", "admin:stations_stationkind_changelist"),
                Entry(_("Facilities"), "water_drop", "admin:stations_facility_changelist"),
                Entry(
                    _("Reasons for rejection"), "block",
                    "admin:members_rejectionreason_changelist",
                ),
                Entry(_("Rules of review"), "timer", "admin:members_reviewrules_changelist"),
                Entry(_("Routing rules"), "alt_route", "admin:members_routingrule_changelist"),
                Entry(_("Consent texts"), "gavel", "admin:members_consenttext_changelist"),
                Entry(_("Messages"), "sms", "admin:members_message_changelist"),
                Entry(
                    _("Retention periods"), "auto_delete", "admin:members_retentionrule_changelist"
                ),
                Entry(_("Purges"), "delete_sweep", "admin:members_purgerun_changelist"),
                Entry(
                    _("Days of reminders"), "event_repeat",
                    "admin:campaigns_reminderrule_changelist",
                ),
                Entry(_("Pace thresholds"), "speed", "admin:reports_pacethreshold_changelist"),
                Entry(
                    _("Rules of quality signals"), "rule", "admin:reports_signalrule_changelist"
                ),
                Entry(_("Report runs"), "nightlight", "admin:reports_reportrun_changelist"),
                Entry(_("Drifts"), "balance", "admin:reports_drift_changelist"),
                Entry(
                    _("Schedule"), "schedule",
                    "admin:django_celery_beat_periodictask_changelist",
                ),
            ],
        ),
    ]  # fmt: skip
