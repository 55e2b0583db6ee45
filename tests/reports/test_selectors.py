"""What the dashboard reads: figures, rates, shares, ranking, campaigns, days."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.http import Http404
from django.test.utils import CaptureQueriesContext

from campaigns.models import CampaignStatus
from core.clock import local_day_end
from enterprises.models import WorkforceBaseline
from reports.models import DailyCount, ReportedFigure, ReportRun
from reports.ratios import percent
from reports.runs import PUBLISH
from reports.selectors.counts import Point, read_counts, trend
from reports.selectors.dashboard import Dashboard, dashboard_for, monthly_values
from reports.selectors.days import as_of
from reports.selectors.figures import figures_of
from reports.selectors.place import place_of
from reports.selectors.progress import measured, targets_of_campaign, timeline
from reports.selectors.ranking import ranking_of
from reports.selectors.scope import (
    dashboard_union,
    home_unions,
    visible_campaigns,
)
from reports.selectors.structure import coverage_of, structure_of
from tests.builders import make_official, make_user
from tests.reports.world import DAY, World, build_world, count_anew, group_set
from unions.enums import Role

pytestmark = pytest.mark.django_db
D = dt.date


def dashboard(world: World, **options: object) -> Dashboard:
    shown = as_of()
    assert shown is not None
    return dashboard_for(world.leader, world.city, shown, **options)  # type: ignore[arg-type]


def test_figures_of_a_subtree(world: World) -> None:
    figures = figures_of(world.city, DAY)
    assert (figures.members, figures.retained) == (7, 0)
    assert (figures.joined_this_month, figures.joined_this_year) == (2, 4)
    # City, three counties, township, flexible union, federation.
    assert (figures.unions, figures.nef_unions, figures.stations) == (7, 2, 1)
    assert figures.nef_members == 6
    assert {group.code: group.members for group in figures.groups if group.members} == {
        "courier": 3, "truck_driver": 2, "delivery_rider": 1, "employee": 1,
    }  # fmt: skip
    assert figures.sum_of_groups == figures.members
    assert {row.code: row.members for row in figures.sets} == {
        "set4": 6, "set8": 6, "set9": 6, "nef": 6,
    }  # fmt: skip
    structure = structure_of(world.city, DAY)
    assert (structure.unions, structure.nef_unions, structure.stations) == (7, 2, 1)
    assert {family.code: family.value for family in structure.families} == {
        "federation": 4, "township_union": 1, "nef_federation": 1, "flexible_joint_union": 1,
    }  # fmt: skip
    assert [(kind.code, kind.value) for kind in structure.flexible_unions] == [
        ("flexible_township", 1), ("flexible_village", 0), ("flexible_community", 0),
    ]  # fmt: skip


def test_a_past_day_shows_what_was_then(world: World) -> None:
    figures = figures_of(world.city, D(2023, 12, 31))
    assert figures.members == 3
    assert (figures.joined_this_month, figures.joined_this_year) == (1, 3)


def test_rate_is_null_without_baseline_and_marked_above_one(world: World) -> None:
    city = {row.code: row for row in figures_of(world.city, DAY).sets}
    assert city["set4"].rate == Decimal(6) / 12
    assert city["set4"].baseline == (12, D(2024, 1, 1), "摸底表")
    assert (city["set9"].rate, city["nef"].rate) == (None, None)
    lin = {row.code: row for row in figures_of(world.lin, DAY).sets}
    assert (lin["set4"].rate, lin["set4"].is_over_full) == (Decimal(2), True)


def test_rate_of_a_single_group_takes_its_own_baseline(world: World) -> None:
    groups = {row.code: row for row in figures_of(world.city, DAY).groups}
    assert groups["courier"].rate == Decimal("0.75")
    assert groups["truck_driver"].rate is None
    # A count made for the union goes before one for its region, a newer one before an older one.
    WorkforceBaseline.objects.create(
        keeper=world.city, group_id="courier", union=world.city, counted_on=D(2023, 1, 1),
        worker_count=6, source="自报",
    )  # fmt: skip
    count_anew(DAY)
    groups = {row.code: row for row in figures_of(world.city, DAY).groups}
    assert groups["courier"].rate == Decimal("0.5")


def test_coverage_counts_each_union_once_and_only_while_it_lasts(world: World) -> None:
    coverage = coverage_of(world.city, DAY)
    assert (coverage.covered, coverage.by_federation) == (1, [(world.nef, 1)])
    assert coverage_of(world.city, D(2024, 4, 1)).covered == 2
    assert coverage_of(world.city, D(2023, 8, 31)).covered == 0
    assert coverage_of(world.dong, DAY).covered == 0


def test_shares_three_ways_and_marked_where_the_paper_differs(world: World) -> None:
    of_unions, of_members = dashboard(world).papers.shares
    assert of_unions.register == Decimal(2) / 7
    assert of_members.register == Decimal(6) / 7
    assert [percent(s.computed) for s in (of_unions, of_members) if s.computed] == [
        Decimal("6.38"), Decimal("9.31"),
    ]  # fmt: skip
    assert [percent(s.reported.value) for s in (of_unions, of_members) if s.reported] == [
        Decimal("6.36"), Decimal("9.17"),
    ]  # fmt: skip
    assert (of_unions.is_differing, of_members.is_differing) == (True, True)


def test_shares_that_agree_to_two_decimals_do_not_differ(world: World) -> None:
    ReportedFigure.objects.filter(metric="nef_union_share").update(value=Decimal("0.0638"))
    assert [share.is_differing for share in dashboard(world).papers.shares] == [False, True]


def test_share_is_not_compared_with_counts_of_another_day(world: World) -> None:
    ReportedFigure.objects.filter(metric__in=["nef_unions", "unions"]).update(as_of=D(2022, 1, 1))
    of_unions = dashboard(world).papers.shares[0]
    assert percent(of_unions.computed or Decimal(0)) == Decimal("6.38")
    assert of_unions.is_differing is False


def test_reported_stands_beside_the_register(world: World) -> None:
    found = dashboard(world)
    assert found.papers.reported_members is not None
    assert found.papers.reported_members.figure.value == 1_450_000
    assert found.papers.reported_members.difference == 7 - 1_450_000
    assert {row.figure.metric: row.register for row in found.papers.reported} == {
        "unions": 7, "members": 7, "nef_unions": 2, "nef_members": 6,
        "nef_union_share": Decimal(2) / 7, "nef_member_share": Decimal(6) / 7,
    }  # fmt: skip


def test_reported_after_the_day_is_not_known_yet(world: World) -> None:
    shown = as_of(D(2023, 8, 23))
    assert shown is not None
    found = dashboard_for(world.leader, world.city, shown)
    assert (found.papers.reported, found.papers.reported_members) == ([], None)


def test_ranking_puts_unions_without_members_last(world: World) -> None:
    rows = dashboard(world).front.ranking.rows
    assert [(r.place, r.union, r.members) for r in rows] == [
        (1, world.dong, 4), (2, world.lin, 2), (3, world.nef, 1), (4, world.shen, 0),
    ]  # fmt: skip
    ascending = dashboard(world, sort="members").front.ranking.rows
    assert [r.union for r in ascending] == [world.nef, world.lin, world.dong, world.shen]


@pytest.mark.parametrize(
    ("sort", "first"),
    [("-month", "dong"), ("-year", "dong"), ("-set4", "lin"), ("-pace", "lin"), ("pace", "dong"),
     ("no-such-column", "dong")],
)  # fmt: skip
def test_ranking_sorts_by_every_column(world: World, sort: str, first: str) -> None:
    assert dashboard(world, sort=sort).front.ranking.rows[0].union == getattr(world, first)


def test_ranking_figures_and_sums(world: World) -> None:
    ranking = dashboard(world).front.ranking
    dong, lin, nef, shen = ranking.rows
    assert (dong.joined_this_month, dong.joined_this_year) == (2, 2)
    assert (lin.joined_this_month, lin.joined_this_year) == (0, 1)
    assert (dong.share, shen.share) == (Decimal(4) / 7, Decimal(0))
    assert (dong.rate_set4, lin.rate_set4, nef.rate_set4) == (None, Decimal(2), None)
    assert (ranking.child_count, ranking.members) == (4, 7)
    assert (ranking.joined_this_month, ranking.joined_this_year) == (2, 4)
    assert ranking.pace is not None
    assert ranking.pace.period_end == D(2024, 12, 31)
    # 75 of 366 days; 东 2 of 4, 临 1 of 1.
    assert lin.pace is not None
    assert (lin.pace.share, lin.pace.status) == (Decimal(1), "reached")
    assert round(dong.pace_value or Decimal(0), 2) == Decimal("2.44")
    assert (nef.pace, shen.pace) == (None, None)


def test_ranking_pages(world: World) -> None:
    ranking = ranking_of(world.leader, world.city, DAY, page=2, page_size=3)
    assert [(row.place, row.union) for row in ranking.rows] == [(4, world.shen)]
    assert ranking.members == 7


def test_ranking_holds_only_what_is_in_scope(world: World) -> None:
    # A grassroots official sees the own union, not those below it.
    assert ranking_of(world.grassroots, world.town, DAY).rows == []
    assert [r.union for r in ranking_of(world.leader, world.town, DAY).rows] == [world.flexible]


def test_scope_of_unions(world: World) -> None:
    assert home_unions(world.leader) == [world.city]
    assert dashboard_union(world.leader, world.town.pk) == world.town
    for pk in (world.province.pk, world.other_city.pk, 0, "x", None, "9" * 30):
        with pytest.raises(Http404):
            dashboard_union(world.leader, pk)
    with pytest.raises(Http404):
        dashboard_union(world.grassroots, world.flexible.pk)
    place = place_of(world.leader, str(world.town.pk))
    assert place is not None
    assert (place.union, place.ancestors) == (world.town, [world.city, world.dong])
    assert home_unions(make_user("nobody")) == []


def test_several_appointments_give_several_homes_the_highest_first(world: World) -> None:
    user = make_official("two", world.town, Role.GRASSROOTS_OFFICIAL)
    user.appointments.create(union=world.lin, role=Role.LEADER, starts_on=D(2020, 1, 1))
    assert home_unions(user) == [world.lin, world.town]


def test_campaigns_of_a_union_with_yearly_and_cumulative_targets(world: World) -> None:
    (course,) = dashboard(world).courses
    view = course.view
    assert view.campaign == world.campaign
    plan, year = view.targets
    assert (plan.target, plan.value) == (world.targets["city_plan"], Decimal(6))
    assert (year.target, year.value) == (world.targets["city_year"], Decimal(4))
    assert (plan.share, year.share) == (Decimal("0.1"), Decimal("0.2"))
    # 1 January 2023 to 15 March 2024 is 440 of 1096 days; 75 of 366.
    assert round(plan.time_elapsed, 6) == Decimal("0.401460")
    assert round(year.time_elapsed, 6) == Decimal("0.204918")
    assert (plan.status, year.status) == ("at_risk", "on_pace")


def test_campaign_is_seen_from_its_owner_and_where_it_sets_targets(world: World) -> None:
    assert list(visible_campaigns(world.leader)) == [world.campaign]
    assert list(visible_campaigns(make_official("top", world.province))) == [world.campaign]
    # The other city has no target; nor has the township.
    assert list(visible_campaigns(world.stranger)) == []
    assert list(visible_campaigns(world.grassroots)) == []
    assert list(visible_campaigns(make_user("nobody"))) == []
    world.campaign.status = CampaignStatus.DRAFT
    world.campaign.save()
    assert list(visible_campaigns(world.leader)) == []


def test_targets_of_a_campaign_in_scope_and_sorted(world: World) -> None:
    county = make_official("county", world.dong)
    assert list(targets_of_campaign(county, world.campaign, DAY)) == [world.targets["dong"]]
    by_share = targets_of_campaign(world.leader, world.campaign, DAY, "-share")
    names = {target.pk: name for name, target in world.targets.items()}
    assert [names[t.pk] for t in by_share] == ["lin", "dong", "city_year", "city_plan"]
    by_target = targets_of_campaign(world.leader, world.campaign, DAY, "target")
    assert [names[t.pk] for t in by_target] == ["lin", "dong", "city_year", "city_plan"]


def test_target_states_without_a_measurement(world: World) -> None:
    year = world.targets["city_year"]
    (before,) = measured([year], D(2023, 12, 31))
    assert (before.status, before.progress) == ("not_started", None)
    assert before.time_elapsed == 0
    # The past was not measured: nothing is known, and nothing is made up.
    (past,) = measured([year], D(2024, 1, 1))
    assert (past.status, past.share, past.pace) == ("no_data", None, None)


def test_timeline_shows_overlapping_phases(world: World) -> None:
    line = timeline(world.campaign, DAY)
    assert (line.starts_on, line.ends_on) == (D(2023, 1, 1), D(2025, 12, 31))
    first, second = line.bars
    assert first.left == 0
    assert second.left < first.left + first.width
    assert (first.is_current, second.is_current) == (False, True)
    assert line.today == Decimal("40.05")
    assert timeline(world.campaign, D(2026, 1, 1)).today is None


def test_as_of_the_newest_day_and_of_days_not_counted_yet() -> None:
    assert as_of() is None
    build_world()
    shown = as_of()
    assert shown is not None
    assert (shown.day, shown.asked, shown.is_provisional) == (DAY, None, False)
    later = as_of(D(2024, 3, 20))
    assert later is not None
    assert (later.day, later.asked) == (DAY, D(2024, 3, 20))
    earlier = as_of(D(2024, 3, 1))
    assert earlier is not None
    assert (earlier.day, earlier.newest, earlier.asked) == (D(2024, 3, 1), DAY, None)


def test_day_counted_before_it_was_over_is_provisional(world: World) -> None:
    run = ReportRun.objects.get(report=PUBLISH, day=DAY)
    run.cut_off = local_day_end(DAY) - dt.timedelta(hours=1)
    run.save()
    shown, before = as_of(), as_of(D(2024, 3, 14))
    assert shown is not None
    assert before is not None
    assert (shown.is_provisional, before.is_provisional) == (True, False)


def test_trend_has_a_point_per_change_and_both_ends(world: World) -> None:
    assert trend(world.city.pk, "members", [""], D(2024, 1, 15), DAY) == [
        Point(D(2024, 1, 15), 4), Point(D(2024, 2, 29), 5), Point(D(2024, 3, 1), 6),
        Point(D(2024, 3, 10), 7), Point(DAY, 7),
    ]  # fmt: skip
    whole = trend(world.city.pk, "members", [""], None, DAY)
    assert (whole[0], whole[-1]) == (Point(D(2023, 5, 1), 1), Point(DAY, 7))
    set4 = [group.pk for group in group_set("set4").groups.all()]
    assert trend(world.city.pk, "members", set4, D(2024, 3, 1), DAY) == [
        Point(D(2024, 3, 1), 5), Point(D(2024, 3, 10), 6), Point(DAY, 6),
    ]  # fmt: skip


def test_months_as_a_table(world: World) -> None:
    months = monthly_values(world.city, DAY)
    assert len(months) == 12
    assert [(m.month, m.last_day, m.members, m.joined) for m in months[:4]] == [
        (D(2024, 3, 1), DAY, 7, 2),
        (D(2024, 2, 1), D(2024, 2, 29), 5, 1),
        (D(2024, 1, 1), D(2024, 1, 31), 4, 1),
        (D(2023, 12, 1), D(2023, 12, 31), 3, 1),
    ]


def test_counts_of_many_unions_in_one_query(world: World, django_assert_num_queries) -> None:
    with django_assert_num_queries(1):
        counts = read_counts(
            [world.city.pk, world.lin.pk], [("members", ""), ("members", "courier")], [DAY]
        )
    assert counts.at(world.city.pk, "members", "courier", DAY) == 3
    assert counts.at(world.lin.pk, "members", "", DAY) == 2
    assert counts.at(world.lin.pk, "members", "courier", DAY) == 0


def test_value_of_a_day_is_one_probe_of_the_index(world: World) -> None:
    """However long the history, nothing but the latest row up to the day is read."""
    first = D(1990, 1, 1)
    DailyCount.objects.bulk_create(
        DailyCount(union=world.shen, day=first + dt.timedelta(days=number), members=number)
        for number in range(5000)
    )
    with connection.cursor() as cursor, CaptureQueriesContext(connection) as queries:
        cursor.execute("ANALYZE reports_dailycount")
        found = read_counts([world.shen.pk], [("members", "")], [D(2000, 1, 1)])
        cursor.execute("EXPLAIN ANALYZE " + queries.captured_queries[-1]["sql"])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert found.at(world.shen.pk, "members", "", D(2000, 1, 1)) == 3652
    assert "Index Scan Backward using reports_dailycount_pkey" in plan
    # (The table of units, which is not asked here, is small and may be planned either way.)
    assert "Seq Scan on reports_dailycount " not in plan
