"""The public page: the sign, the plan, good practice, and progress without small numbers."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.test import Client
from django.utils.html import strip_tags

from campaigns.models import (
    Campaign,
    CampaignJoinCode,
    CampaignStatus,
    Indicator,
    Metric,
    Target,
    Unit,
)
from campaigns.selectors.public import open_code
from campaigns.services.campaigns import add_campaign_join_code, tie_join_code
from campaigns.services.records import save_practice
from core.clock import local_today
from enterprises.models import WorkforceBaseline
from members.services.windows import open_window
from reference.models import GroupSet
from reports.models import CampaignProgress, ReportRun
from reports.nightly import run_nightly
from reports.public_progress import public_progress
from reports.runs import PUBLISH
from stations.services import add_station_join_code
from tests.builders import (
    make_join_code,
    make_membership,
    make_official,
    make_region,
    make_union,
)
from tests.campaigns.builders import make_campaign, make_target
from tests.stations.builders import make_station
from unions.models import Union

pytestmark = pytest.mark.django_db
TODAY = local_today()
DAY = dt.timedelta(days=1)


@pytest.fixture
def owner() -> Union:
    return make_union("市总", "city_federation")


@pytest.fixture
def drive(owner: Union) -> Campaign:
    return make_campaign("行动", owner, starts_on=TODAY - 9 * DAY, ends_on=TODAY + 9 * DAY)


def test_the_sign_leads_to_the_one_code_or_to_the_finder(
    client: Client, owner: Union, drive: Campaign
) -> None:
    federation = make_union("市新业态联合会", "nef_federation", owner)
    other = make_union("县联合会", "nef_federation", owner)
    address = f"/campaigns/{drive.pk}/"
    assert open_code(drive, TODAY) is None
    assert client.get(f"{address}qr.svg").headers["Content-Type"] == "image/svg+xml"
    assert 'href="/join/"' in client.get(address).content.decode()
    code = make_join_code(federation)
    CampaignJoinCode.objects.create(join_code=code, campaign=drive)
    assert open_code(drive, TODAY) == code
    page = client.get(address).content.decode()
    assert f'href="/join/{code.code}/"' in page
    assert "市新业态联合会" in page
    # Two unions below have one each: neither stands for all.
    second = make_join_code(other)
    CampaignJoinCode.objects.create(join_code=second, campaign=drive)
    assert open_code(drive, TODAY) is None
    type(second).objects.filter(pk=second.pk).update(is_active=False)
    assert open_code(drive, TODAY) == code
    Campaign.objects.filter(pk=drive.pk).update(status=CampaignStatus.CLOSED)
    assert "qr.svg" not in client.get(address).content.decode()


def test_codes_of_a_window_an_app_or_a_station_are_not_shown(owner: Union, drive: Campaign) -> None:
    federation = make_union("市新业态联合会", "nef_federation", owner)
    station = make_station("爱心驿站", federation, make_region("37", "山东省"))
    for code in (
        open_window(federation, place="广场", actor=make_official("clerk", owner)).join_code,
        make_join_code(federation, channel="platform"),
        add_station_join_code(station, union=federation, actor=None),
    ):
        tie_join_code(drive, code, actor=None)
        assert open_code(drive, TODAY) is None
    shown = add_campaign_join_code(drive, union=federation, actor=None)
    assert open_code(drive, TODAY) == shown


def test_the_owners_code_at_a_station_counts_for_the_station(owner: Union) -> None:
    federation = make_union("市新业态联合会", "nef_federation", owner)
    drive = make_campaign("行动", federation, starts_on=TODAY, ends_on=TODAY + DAY)
    plain = make_join_code(federation)
    station = make_station("驿站", federation, make_region("37", "山东省"))
    add_station_join_code(station, union=federation, actor=None)
    assert open_code(drive, TODAY) == plain


def test_plan_and_good_practice(client: Client, owner: Union, drive: Campaign) -> None:
    plan = make_campaign("三年计划", owner, kind="plan")
    Campaign.objects.filter(pk=drive.pk).update(plan=plan)
    for title, day in (("昨日做法", TODAY - DAY), ("明日做法", TODAY + DAY), ("草稿做法", None)):
        save_practice(
            None, campaign=drive, title=title, text="<b>进站</b>", unit=owner, published_on=day,
            actor=None,
        )  # fmt: skip
    page = client.get(f"/campaigns/{drive.pk}/").content.decode()
    assert [title in page for title in ("昨日做法", "明日做法", "草稿做法")] == [True, False, False]
    assert "&lt;b&gt;进站&lt;/b&gt;" in page
    assert f'href="/campaigns/{plan.pk}/"' in page
    assert f'href="/campaigns/{drive.pk}/"' in client.get(f"/campaigns/{plan.pk}/").content.decode()
    Campaign.objects.filter(pk=plan.pk).update(status=CampaignStatus.DRAFT)
    assert "三年计划" not in client.get(f"/campaigns/{drive.pk}/").content.decode()


def measured(target: Target, value: str) -> None:
    CampaignProgress.objects.update_or_create(
        target=target,
        day=TODAY - DAY,
        defaults={
            "value": Decimal(value), "share": Decimal(value) / target.value, "status": "behind",
            "target_value": target.value, "time_elapsed": Decimal("0.5"),
        },
    )  # fmt: skip


def numbers_of_progress(page: str) -> list[str]:
    """The numbers the indicators' rows show, without days (ids in addresses are no figures)."""
    (rows,) = re.findall(r'<ul class="plain-list public-progress">(.*?)</ul>', page, re.DOTALL)
    return re.findall(r"[\d.,]*\d%?", re.sub(r"\d{4}-\d\d-\d\d", "", strip_tags(rows)))


def test_progress_if_the_owner_wants_and_no_small_number(
    client: Client, owner: Union, drive: Campaign
) -> None:
    target = make_target(drive, owner, "120")
    below = make_target(drive, make_union("县总", "county_federation", owner), "77")
    ReportRun.objects.create(report=PUBLISH, day=TODAY - DAY, cut_off=f"{TODAY}T00:00:00+08:00")
    measured(target, "60")
    measured(below, "33")
    address = f"/campaigns/{drive.pk}/"
    client.cookies["django_language"] = "en"
    assert "progress-title" not in client.get(address).content.decode()
    Campaign.objects.filter(pk=drive.pk).update(shows_progress=True)
    page = client.get(address).content.decode()
    assert "<strong>60 persons</strong> / 120 persons" in page
    assert numbers_of_progress(page) == ["60", "120", "50.00%"]  # nothing of the unions below
    for value, shown in (("9", None), ("10", Decimal(10)), ("0", Decimal(0))):
        measured(target, value)
        (row,), _day = public_progress(Campaign.objects.get(pk=drive.pk))
        assert (row.value, row.is_small) == (shown, shown is None)
        assert (row.share is None) == (shown is None)
    measured(target, "9")
    page = client.get(address).content.decode()
    assert "fewer than 10 so far, of 120 persons" in page
    assert numbers_of_progress(page) == ["10", "120"]  # no share that gives the number away


def test_progress_of_a_rate_that_rests_on_few_persons_is_not_told(
    client: Client, owner: Union, drive: Campaign
) -> None:
    """Of 100 workers, which is no secret, 7.00% are 7 persons."""
    baseline = {"union": owner, "keeper": owner, "group_set": drive.group_set, "source": "摸底表"}
    WorkforceBaseline.objects.create(worker_count=100, counted_on=TODAY - 30 * DAY, **baseline)
    without = GroupSet.objects.get(code="nef", version=1)
    for group_set in (drive.group_set, without):
        indicator = Indicator.objects.create(
            campaign=drive, metric=Metric.ENROLMENT_RATE, name="入会率", unit=Unit.RATIO,
            group_set=group_set,
        )  # fmt: skip
        Target.objects.create(
            indicator=indicator, union=owner, period_start=drive.starts_on,
            period_end=drive.ends_on, value=Decimal("0.8"),
        )  # fmt: skip
    Campaign.objects.filter(pk=drive.pk).update(shows_progress=True)
    client.cookies["django_language"] = "en"

    def told(day: dt.date, joining: int) -> tuple[str, Decimal | None, Decimal | None]:
        """What the page says of the rate with a baseline after the night of ``day``."""
        for _number in range(joining):
            make_membership(owner, group="courier", on=day.isoformat())
        run_nightly(day)
        (row, other), counted = public_progress(Campaign.objects.get(pk=drive.pk))
        assert (counted, other.value, other.share, other.is_small) == (day, None, None, False)
        page = client.get(f"/campaigns/{drive.pk}/").content.decode()
        (rows,) = re.findall(r'<ul class="plain-list public-progress">(.*?)</ul>', page, re.DOTALL)
        first, second = [
            " ".join(strip_tags(text).split())
            for text in re.findall(r"<p[^>]*>(.*?)</p>", rows, re.DOTALL)
        ]
        assert second == "target 80%, no baseline"
        assert ("width:" in rows) == (not row.is_small)
        return first, row.value, row.share

    hidden = "fewer than 10 persons so far, the target is 80%"
    assert told(TODAY - 6 * DAY, 0) == ("0% / 80% · 0.00%", Decimal(0), Decimal(0))
    assert told(TODAY - 5 * DAY, 7) == (hidden, None, None)
    assert told(TODAY - 4 * DAY, 2) == (hidden, None, None)
    assert told(TODAY - 3 * DAY, 1) == ("10% / 80% · 12.50%", Decimal("0.1"), Decimal("0.125"))
    WorkforceBaseline.objects.create(worker_count=8, counted_on=TODAY - 2 * DAY, **baseline)
    assert told(TODAY - 2 * DAY, 0) == (
        "125% over 100% / 80% · 156.25%", Decimal("1.25"), Decimal("1.5625"),
    )  # fmt: skip
