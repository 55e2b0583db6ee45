"""Progress of targets: value, share, time, pace."""

import datetime as dt
from decimal import Decimal

import pytest

from campaigns.models import Campaign, CampaignStatus, Indicator, Metric, Target, Unit
from enterprises.models import WorkforceBaseline
from reference.models import GroupSet, WorkerGroup
from reports.counting.history import count_history
from reports.models import CampaignProgress
from reports.progress import measure_history, measure_progress
from tests.builders import make_membership, make_region, make_union
from tests.stations.builders import make_station
from unions.models import Union

pytestmark = pytest.mark.django_db

D = dt.date
FIRST, LAST = D(2024, 1, 1), D(2024, 12, 31)


@pytest.fixture
def county() -> Union:
    province = make_region("37", "山东省")
    city = make_region("3715", "聊城市", province)
    region = make_region("371502", "东昌府区", city)
    return make_union("县总", "county_federation", founded_on="2019-06-01", region=region)


@pytest.fixture
def campaign(county: Union) -> Campaign:
    return Campaign.objects.create(
        owner=county,
        name="集中行动",
        starts_on=D(2024, 1, 1),
        ends_on=D(2024, 12, 31),
        status=CampaignStatus.PUBLISHED,
    )


def make_target(
    campaign: Campaign,
    metric: str,
    value: str,
    *,
    start: dt.date = FIRST,
    end: dt.date = LAST,
    group_set: str | None = "set4",
    unit: str = Unit.PERSON,
) -> Target:
    indicator = Indicator.objects.create(
        campaign=campaign,
        metric=metric,
        name=metric,
        unit=unit,
        group_set=GroupSet.objects.get(code=group_set) if group_set else None,
    )
    return Target.objects.create(
        indicator=indicator,
        union=campaign.owner,
        period_start=start,
        period_end=end,
        value=Decimal(value),
    )


def progress(target: Target, day: dt.date) -> tuple[Decimal | None, Decimal | None, str]:
    count_history(day)
    measure_progress(day)
    row = CampaignProgress.objects.get(target=target, day=day)
    return row.value, row.share, row.status


def test_new_members_count_from_the_first_day_and_only_the_set(
    county: Union, campaign: Campaign
) -> None:
    for group, day in (
        ("courier", "2023-12-31"),
        ("courier", "2024-01-01"),
        ("truck_driver", "2024-03-01"),
        ("carer", "2024-03-01"),
        ("courier", "2024-07-02"),
    ):
        make_membership(county, group=group, on=day)
    target = make_target(campaign, Metric.NEW_MEMBERS, "4")
    assert progress(target, D(2024, 7, 1)) == (Decimal(2), Decimal("0.5"), "on_pace")
    row = CampaignProgress.objects.get(target=target)
    assert row.time_elapsed == Decimal(183) / 366


@pytest.mark.parametrize(
    ("joined", "status"),
    [(0, "at_risk"), (4, "at_risk"), (7, "behind"), (9, "on_pace"), (12, "ahead"), (20, "reached")],
)
def test_status_follows_the_pace(
    county: Union, campaign: Campaign, joined: int, status: str
) -> None:
    for _person in range(joined):
        make_membership(county, on="2024-02-01")
    target = make_target(
        campaign, Metric.NEW_MEMBERS, "18", start=D(2024, 1, 1), end=D(2024, 12, 31)
    )
    # 183 of 366 days: pace = joined / 9
    assert progress(target, D(2024, 7, 1))[2] == status


def test_a_target_of_0_has_no_share(county: Union, campaign: Campaign) -> None:
    """It asks for nothing: neither reached nor without figures."""
    make_membership(county, on="2024-02-01")
    target = make_target(campaign, Metric.NEW_MEMBERS, "0")
    assert progress(target, D(2024, 7, 1)) == (Decimal(1), None, "no_target")


def test_stations_are_counted_once_whatever_the_group_set(
    county: Union, campaign: Campaign
) -> None:
    """They have no groups: a set that a target names all the same multiplies nothing."""
    assert county.region is not None
    for number in range(3):
        make_station(f"驿站{number}", county, county.region)
    with_set, without = (
        make_target(campaign, Metric.STATIONS, "6", group_set=code, unit=Unit.STATION)
        for code in ("set4", None)
    )
    found = [progress(target, D(2024, 7, 1))[0] for target in (without, with_set)]
    assert found == [Decimal(3), Decimal(3)]


def test_enrolment_rate_needs_a_baseline(county: Union, campaign: Campaign) -> None:
    make_membership(county, on="2024-02-01")
    target = make_target(campaign, Metric.ENROLMENT_RATE, "0.5", unit=Unit.RATIO)
    assert progress(target, D(2024, 7, 1)) == (None, None, "no_data")


def test_enrolment_rate_by_the_latest_baseline_of_the_region(
    county: Union, campaign: Campaign
) -> None:
    for _person in range(3):
        make_membership(county, on="2024-02-01")
    set4 = GroupSet.objects.get(code="set4")
    for counted_on, count in (
        (D(2023, 1, 1), 100),
        (D(2024, 6, 1), 10),
        (D(2024, 8, 1), 1),
    ):
        WorkforceBaseline.objects.create(
            keeper=county,
            group_set=set4,
            region=county.region,
            counted_on=counted_on,
            worker_count=count,
            source="摸底",
        )
    target = make_target(campaign, Metric.ENROLMENT_RATE, "0.5", unit=Unit.RATIO)
    value, share, status = progress(target, D(2024, 7, 1))
    assert (value, share, status) == (Decimal("0.3"), Decimal("0.6"), "ahead")


def test_sum_of_groups_stands_in_only_when_every_group_is_counted(
    county: Union, campaign: Campaign
) -> None:
    make_membership(county, on="2024-02-01")
    groups = list(WorkerGroup.objects.filter(group_sets__code="set4"))
    target = make_target(campaign, Metric.ENROLMENT_RATE, "0.5", unit=Unit.RATIO)
    for group in groups[:3]:
        WorkforceBaseline.objects.create(
            keeper=county,
            group=group,
            union=county,
            counted_on=D(2024, 1, 1),
            worker_count=5,
            source="x",
        )
    assert progress(target, D(2024, 7, 1))[2] == "no_data"
    WorkforceBaseline.objects.create(
        keeper=county,
        group=groups[3],
        union=county,
        counted_on=D(2024, 1, 1),
        worker_count=5,
        source="x",
    )
    assert progress(target, D(2024, 7, 1))[0] == Decimal("0.05")


def test_closed_period_keeps_its_last_figure(county: Union, campaign: Campaign) -> None:
    make_membership(county, on="2024-02-01")
    make_membership(county, on="2024-05-01")
    target = make_target(campaign, Metric.NEW_MEMBERS, "2", end=D(2024, 3, 31))
    for day in (D(2024, 3, 31), D(2024, 4, 1), D(2024, 4, 2)):
        count_history(day)
        measure_progress(day)
    days = CampaignProgress.objects.filter(target=target).order_by("day")
    assert [(row.day, row.value, row.time_elapsed) for row in days] == [
        (D(2024, 3, 31), Decimal(1), Decimal(1)),
        (D(2024, 4, 1), Decimal(1), Decimal(1)),
    ]


def test_drafts_and_targets_to_come_are_left_out(county: Union, campaign: Campaign) -> None:
    later = make_target(campaign, Metric.NEW_MEMBERS, "2", start=D(2024, 8, 1))
    draft = Campaign.objects.create(
        owner=county, name="草稿", starts_on=D(2024, 1, 1), ends_on=D(2024, 12, 31)
    )
    make_target(draft, Metric.NEW_MEMBERS, "2")
    count_history(D(2024, 7, 1))
    assert measure_progress(D(2024, 7, 1)) == 0
    assert not CampaignProgress.objects.filter(target=later).exists()


def test_no_register_figure_for_grants_yet(county: Union, campaign: Campaign) -> None:
    target = make_target(campaign, Metric.GRANT_PER_NEF_UNION, "20000", unit=Unit.YUAN)
    assert progress(target, D(2024, 7, 1)) == (None, None, "no_data")


def test_history_is_measured_at_month_ends_then_day_by_day(
    county: Union, campaign: Campaign
) -> None:
    make_membership(county, on="2024-02-10")
    target = make_target(campaign, Metric.NEW_MEMBERS, "2", start=D(2024, 1, 15))
    count_history(D(2024, 4, 2))
    measure_history(D(2024, 4, 2))
    rows = CampaignProgress.objects.filter(target=target).order_by("day")
    # The last five weeks day by day: from 2024-02-28 on.
    recent = [D(2024, 2, 28) + dt.timedelta(days=number) for number in range(35)]
    assert recent[-1] == D(2024, 4, 2)
    assert [(row.day, row.value) for row in rows] == [
        (D(2024, 1, 31), Decimal(0)),
        *((day, Decimal(1)) for day in recent),
    ]


def test_history_has_no_day_before_the_first_target(county: Union, campaign: Campaign) -> None:
    make_target(campaign, Metric.NEW_MEMBERS, "2", start=D(2024, 3, 30))
    count_history(D(2024, 4, 2))
    measure_history(D(2024, 4, 2))
    days = CampaignProgress.objects.order_by("day").values_list("day", flat=True)
    assert list(days) == [D(2024, 3, 30), D(2024, 3, 31), D(2024, 4, 1), D(2024, 4, 2)]
