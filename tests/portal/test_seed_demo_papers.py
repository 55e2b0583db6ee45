"""What the five documents say stands in the demo, and on its pages."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

from django.test import Client

from accounts.models import User
from campaigns.models import Campaign, HandIn, Metric, Target, TargetVersion
from campaigns.selectors.targets import compare
from enterprises.baselines import baselines_of
from enterprises.models import WorkforceBaseline
from portal.demo.campaigns import DEMO_DRIVE_NAME, gansu_participants
from reference.selectors import group_set
from reports.models import CampaignProgress, ReportedFigure
from reports.ratios import percent
from reports.selectors.figures import figures_of
from reports.selectors.reported import reported_figures, share_findings
from tests.demo_fixture import COUNTY, YESTERDAY, Demo, count_on
from unions.models import Union


# -- what the papers say -----------------------------------------------------------------------
def test_luoyang_shares_are_computed_beside_the_reported_ones(demo: Demo) -> None:
    figures = figures_of(demo.luoyang, YESTERDAY)
    unions, members = share_findings(reported_figures(demo.luoyang, YESTERDAY), figures)
    assert unions.computed is not None
    assert members.computed is not None
    assert (percent(unions.computed), percent(members.computed)) == (
        Decimal("6.38"),
        Decimal("9.31"),
    )
    assert unions.reported is not None
    assert members.reported is not None
    assert (percent(unions.reported.value), percent(members.reported.value)) == (
        Decimal("6.36"),
        Decimal("9.17"),
    )
    assert (unions.is_differing, members.is_differing) == (True, True)


def test_every_reported_figure_names_its_paper(demo: Demo) -> None:
    figures = ReportedFigure.objects.all()
    assert figures.count() == 17
    assert figures.exclude(source__contains="：《").count() == 0
    assert set(figures.values_list("union__code", flat=True)) == {"D00", "D3715", "D4103"}
    value = figures.get(metric="nef_new_members_since_2021").value
    assert value == 10_370_000


def test_the_national_baseline_is_as_published(demo: Demo) -> None:
    baseline = WorkforceBaseline.objects.get(union=demo.nation)
    assert (baseline.worker_count, baseline.group_set.code) == (84_000_000, "nef")  # type: ignore[union-attr]
    generated = WorkforceBaseline.objects.exclude(union=demo.nation)
    assert generated.count() == 9 * (1 + 8)
    assert generated.exclude(source__startswith="演示数据").count() == 0
    unions = [demo.liaocheng, *Union.objects.filter(parent=demo.liaocheng, kind_id=COUNTY)]
    found = baselines_of([union.pk for union in unions], group_set("set9").pk, YESTERDAY)
    assert len(found) == 9
    for union in unions:
        rate = count_on(union, "members", YESTERDAY) / found[union.pk].worker_count
        assert 0.4 < rate < 1


def test_national_plan_keeps_both_targets(demo: Demo) -> None:
    plan = Campaign.objects.get(owner=demo.nation)
    targets = Target.objects.filter(indicator__campaign=plan, indicator__metric=Metric.NEW_MEMBERS)
    found = [
        (target.period_start.year, target.period_end.year, int(target.value))
        for target in targets.order_by("period_end", "period_start")
    ]
    assert sorted(found) == [
        (2023, 2023, 3_000_000),
        (2023, 2025, 10_000_000),
        (2024, 2024, 3_000_000),
        (2025, 2025, 3_000_000),
    ]
    assert "3 × 3 000 000 = 9 000 000 < 10 000 000" in plan.note
    stations = Target.objects.get(indicator__metric=Metric.MOST_BEAUTIFUL_STATIONS)
    assert stations.value == 10_000


def test_gansu_has_overlapping_phases_and_all_participants(demo: Demo) -> None:
    drive = Campaign.objects.get(owner=demo.gansu)
    phases = list(drive.phases.values_list("name", "starts_on", "ends_on"))
    assert phases == [
        ("组织动员", dt.date(2021, 8, 1), dt.date(2021, 8, 31)),
        ("推进实施", dt.date(2021, 9, 1), dt.date(2022, 11, 30)),
        ("总结交流", dt.date(2022, 11, 1), dt.date(2022, 12, 31)),
    ]
    targets = Target.objects.filter(
        indicator__campaign=drive, indicator__metric=Metric.ENROLMENT_RATE
    )
    assert {target.value for target in targets} == {Decimal("0.8000")}
    owners = targets.values_list("union__kind", "union__name")
    assert sum(kind == "city_federation" for kind, _name in owners) == 14
    assert ("county_federation", "兰州新区总工会") in owners
    assert targets.count() == 1 + 14 + 1 + 3 == len(gansu_participants()) + 1
    grant = Target.objects.filter(indicator__metric=Metric.GRANT_PER_NEF_UNION)
    assert {target.value for target in grant} == {Decimal(20_000)}
    # No denominator is published: the rate stays open.
    progress = CampaignProgress.objects.filter(target__in=targets)
    assert {row.target_id for row in progress} == {target.pk for target in targets}
    assert {(row.value, row.status) for row in progress} == {(None, "no_data")}


def test_luoyang_targets(demo: Demo) -> None:
    targets = Target.objects.filter(union=demo.luoyang)
    yearly = targets.filter(indicator__metric=Metric.NEW_MEMBERS).order_by("period_start")
    assert [(t.period_start.year, int(t.value)) for t in yearly] == [
        (2023, 12_000),
        (2024, 12_000),
        (2025, 12_000),
    ]
    rate = targets.get(indicator__metric=Metric.ENROLMENT_RATE)
    assert (rate.value, rate.period_end) == (Decimal("0.5"), dt.date(2025, 12, 31))


def test_the_demo_drive_has_shares_versions_papers_and_records(demo: Demo) -> None:
    drive = Campaign.objects.get(name=DEMO_DRIVE_NAME)
    targets = Target.objects.filter(indicator__campaign=drive).select_related("indicator")
    compared = [row for row in compare(targets) if row.count]
    assert [(row.count > 5, row.difference) for row in compared] == [(True, Decimal(0))] * 2
    assert targets.filter(versions__isnull=True).count() == 0
    changed = TargetVersion.objects.get(number=2)
    assert changed.value == changed.target.value > changed.target.versions.get(number=1).value
    states = HandIn.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["returned", *["accepted"] * 4, "handed_in"]
    kinds = drive.records.values_list("kind", flat=True)
    assert sorted(kinds) == ["inspection", "praise", "task"]
    for rows in (HandIn.objects, drive.records, drive.practices):
        assert rows.filter(is_demo=False).count() == 0
    page = Client().get(f"/campaigns/{drive.pk}/").content.decode()
    for practice in drive.practices.all():
        assert practice.title in page
        assert practice.title.endswith("（演示）")


# -- on the pages ------------------------------------------------------------------------------
def page_of(username: str, address: str) -> str:
    client = Client()
    client.force_login(User.objects.get(username=username))
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_texts_of_the_demo_are_in_one_language(demo: Demo) -> None:
    """Notes and sources that Chinese pages print hold no English sentence."""
    texts = [
        text
        for model, fields in (
            (Campaign, ("name", "summary", "note", "source")),
            (Target, ("note",)),
            (ReportedFigure, ("source", "note")),
            (WorkforceBaseline, ("source", "note")),
        )
        for row in model.objects.values_list(*fields)
        for text in row
    ]
    assert sum(map(bool, texts)) > 100
    assert [text for text in texts if re.search(r"[A-Za-z]{2,} [A-Za-z]{2,}", text)] == []
    assert [text for text in texts if " / " in text] == []


def test_pages_show_what_the_papers_say(demo: Demo) -> None:
    assert "57,768" in page_of("liaocheng-leader", "/dashboard/")
    # The blocks of the page, which come after it.
    structure = page_of("liaocheng-leader", "/dashboard/parts/structure/")
    for text in ("135", "122", "48", "882"):
        assert text in structure, text
    assert "2,800" in page_of("liaocheng-leader", "/dashboard/parts/reported/")
    luoyang_page = page_of("luoyang", "/dashboard/parts/reported/")
    for text in ("6.38", "6.36", "9.31", "9.17"):
        assert text in luoyang_page, text
    plan = Campaign.objects.get(owner=demo.nation)
    national = page_of("national", f"/dashboard/campaigns/{plan.pk}/")
    for text in ("10,000,000", "3,000,000", "3 × 3 000 000 = 9 000 000 &lt; 10 000 000"):
        assert text in national, text
    drive = Campaign.objects.get(owner=demo.gansu)
    gansu = page_of("gansu", f"/dashboard/campaigns/{drive.pk}/")
    for text in ("组织动员", "推进实施", "总结交流", "兰州新区总工会", "陇南市总工会", "80"):
        assert text in gansu, text
