"""What every list of the officials' site costs: the same queries for one row and for three."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from tests.portal import admin_rows as rows
from tests.portal.test_admin_site import changelists
from tests.portal.world import World, logged_in, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


# Session, user and appointments (three for officials), the badge, the filters of the page, and for
# the list itself: rows counted up to the bound, and the rows with all they name.
BUDGETS: list[tuple[str, str, Callable[[World, int], None], int]] = [
    ("official", "unions_union", rows.unions, 7),
    ("official", "unions_unioncoverage", rows.coverages, 6),
    ("official", "unions_appointment", rows.appointments, 6),
    ("official", "unions_unionkind", rows.nothing, 6),
    ("official", "unions_unionclosing", rows.closings, 6),
    ("official", "accounts_user", rows.appointments, 6),
    ("official", "enterprises_employer", rows.employers, 6),
    ("official", "enterprises_workforcebaseline", rows.baselines, 8),
    ("official", "members_application", rows.applications, 8),
    ("official", "members_member", rows.memberships, 6),
    ("official", "members_membership", rows.memberships, 7),
    ("official", "members_joincode", rows.codes, 6),
    ("official", "campaigns_campaign", rows.campaigns, 9),
    ("official", "campaigns_indicator", rows.campaigns, 6),
    ("official", "campaigns_target", rows.campaigns, 7),
    ("official", "campaigns_requirement", rows.requirements, 9),
    ("official", "campaigns_handin", rows.hand_ins, 6),
    ("official", "campaigns_campaignrecord", rows.campaign_records, 6),
    ("official", "campaigns_goodpractice", rows.good_practices, 6),
    ("operator", "campaigns_reminderrule", rows.nothing, 5),
    ("official", "stations_station", rows.stations, 7),
    ("official", "reports_reportedfigure", rows.figures, 7),
    ("official", "reports_screentoken", rows.screens, 6),
    ("official", "reference_region", rows.nothing, 6),
    ("official", "audit_auditentry", rows.appointments, 6),
    ("official", "members_transfer", rows.transfers, 6),
    ("official", "members_decisionpaper", rows.decisions, 7),
    ("official", "members_datarequest", rows.data_requests, 6),
    ("official", "members_mobilewindow", rows.windows, 6),
    ("official", "members_collectiveregistration", rows.collective_lists, 6),
    ("official", "members_applicationpaper", rows.papers, 6),
    ("official", "members_holdingpool", rows.pools, 6),
    ("official", "members_extraquestion", rows.questions, 6),
    ("official", "members_membermerge", rows.merges, 6),
    ("official", "members_personalexport", rows.personal_exports, 6),
    ("operator", "members_message", rows.messages, 5),
    ("operator", "members_purgerun", rows.purges, 5),
    ("operator", "members_retentionrule", rows.nothing, 5),
    ("operator", "members_routingrule", rows.nothing, 5),
    ("operator", "members_reviewrules", rows.nothing, 5),
    ("operator", "reports_reportrun", rows.runs, 6),
    ("operator", "reports_drift", rows.drifts, 5),
    ("operator", "reports_pacethreshold", rows.nothing, 5),
    ("operator", "reports_signalrule", rows.nothing, 5),
    ("operator", "members_rejectionreason", rows.reasons, 5),
    ("operator", "members_consenttext", rows.texts, 5),
    ("operator", "reference_workergroup", rows.groups, 5),
    ("operator", "reference_groupset", rows.group_sets, 6),
    ("operator", "stations_stationkind", rows.stations, 5),
    ("operator", "stations_facility", rows.stations, 5),
    ("operator", "django_celery_beat_periodictask", rows.nothing, 5),
    ("operator", "django_celery_beat_crontabschedule", rows.nothing, 5),
    ("operator", "django_celery_beat_intervalschedule", rows.nothing, 5),
]


@pytest.mark.parametrize(("who", "listing", "fill", "budget"), BUDGETS, ids=[b[1] for b in BUDGETS])
def test_list_costs_the_same_with_one_and_three_rows(
    world: World,
    who: str,
    listing: str,
    fill: Callable[[World, int], None],
    budget: int,
    django_assert_num_queries: Any,
) -> None:
    client = logged_in(getattr(world, who))
    address = reverse(f"admin:{listing}_changelist")
    fill(world, 0)
    client.get(address)  # content types and the like are read once
    with django_assert_num_queries(budget):
        assert client.get(address).status_code == 200
    fill(world, 1)
    fill(world, 2)
    with django_assert_num_queries(budget):
        assert client.get(address).status_code == 200


def test_every_list_has_a_budget() -> None:
    assert {f"admin:{page}_changelist" for _who, page, _fill, _n in BUDGETS} == set(changelists())
