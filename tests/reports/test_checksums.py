"""Each step of the night says what it wrote, down to the last figure."""

from __future__ import annotations

import datetime as dt
from functools import reduce
from operator import xor

import pytest

from enterprises.models import Employer
from reports.checksums import checksum_of
from reports.models import DailyEstablishment, ReportRun
from reports.nightly import FIGURES, run_nightly
from tests.builders import make_membership, make_region, make_union

pytestmark = pytest.mark.django_db

DAY = dt.date(2024, 3, 1)


def test_the_same_rows_give_the_same_number_and_others_another() -> None:
    county = make_union("县总", "county_federation")
    for day, units in ((DAY, 3), (DAY + dt.timedelta(days=1), 3)):
        DailyEstablishment.objects.create(
            union=county, day=day, units=units, covered=1, marked_only=0, firms=0,
            covered_firms=0, staff=0, without_staff=0,
        )  # fmt: skip
    first = checksum_of(DailyEstablishment, DAY)
    assert first == checksum_of(DailyEstablishment, DAY) != 0
    assert checksum_of(DailyEstablishment, DAY + dt.timedelta(days=1)) != first  # another day
    DailyEstablishment.objects.filter(day=DAY).update(covered=2)
    assert checksum_of(DailyEstablishment, DAY) != first
    assert checksum_of(DailyEstablishment, DAY - dt.timedelta(days=1)) == 0


def test_steps_of_a_night_have_checksums_and_the_publication_has_that_of_all_figures() -> None:
    region = make_region("3715", "聊城市", make_region("37", "山东省"))
    county = make_union("县总", "county_federation", region=region)
    run_nightly(DAY - dt.timedelta(days=1))
    make_membership(county, on=DAY.isoformat())
    Employer.objects.create(name="甲店", keeper=county, region=region)
    run_nightly(DAY)
    runs = dict(ReportRun.objects.filter(day=DAY).values_list("report", "checksum"))
    assert runs["roll_up"] != 0
    assert runs["establishment"] == checksum_of(DailyEstablishment, DAY) != 0
    assert runs["publish"] == reduce(xor, (runs[step] for step in FIGURES)) != 0
