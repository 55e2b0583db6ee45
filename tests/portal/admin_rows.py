"""One row more in each list of the officials' site: what a query budget is tried with."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.core.files.uploadedfile import SimpleUploadedFile

from campaigns.models import Campaign, Requirement
from campaigns.services.campaigns import create_campaign, publish_campaign, save_indicator
from campaigns.services.hand_ins import hand_in, save_requirement
from campaigns.services.records import save_practice, save_record
from campaigns.services.targets import set_target
from core.phone import demo_phone
from enterprises.services import record_baseline, record_employer
from members.collective_table import ListRow
from members.models import ConsentText, Member, RejectionReason
from members.own_data import Person
from members.services.collective import register_list
from members.services.enrolment import check_person
from members.services.merging import MergeChoice, merge_members
from members.services.messages import send_message
from members.services.own_page import ask_correction
from members.services.paper import record_paper_application
from members.services.papers import file_decision
from members.services.personal_export import ask_export
from members.services.pools import open_pool
from members.services.questions import create_question
from members.services.retention import report_purge
from members.services.review import approve_application
from members.services.transfer import ask_transfer
from members.services.union_closing import start_merger
from members.services.windows import open_window
from reference.models import GroupSet, WorkerGroup
from reports.models import Drift, PaceThreshold, ReportRun
from reports.screens import make_screen
from reports.services import record_figure
from stations.models import Facility, StationKind
from stations.services import open_station
from tests.builders import (
    make_application,
    make_join_code,
    make_membership,
    make_official,
    make_union,
    person,
)
from tests.permission_ways_in import scan
from tests.portal.world import World
from unions.services import cover_union


def unions(world: World, index: int) -> None:
    """One more of the unions."""
    make_union(f"基层工会{index}", "grassroots_union", world.county, region=world.regions["371502"])


def coverages(world: World, index: int) -> None:
    """One more of the coverages."""
    covered = make_union(f"基层工会{index}", "grassroots_union", world.county)
    cover_union(world.city, covered, since=dt.date(2023, 1, 1), actor=None)


def closings(world: World, index: int) -> None:
    """One more of the unions that ended."""
    gone = make_union(f"旧镇{index}", "township_union", world.county)
    start_merger(gone, into=world.low, reason="合并", actor=None)


def appointments(world: World, index: int) -> None:
    """One more of the appointments."""
    make_official(f"official{index}", world.county)


def employers(world: World, index: int) -> None:
    """One more of the employers."""
    record_employer(
        name=f"快递公司{index}", region=world.regions["371502"], keeper=world.county,
        covering_union=world.low, actor=None,
    )  # fmt: skip


def baselines(world: World, index: int) -> None:
    """One more of the baselines."""
    record_baseline(
        keeper=world.county, group=WorkerGroup.objects.get(pk="courier"),
        region=world.regions["371502"], counted_on=dt.date(2023, 1, 1 + index), worker_count=100,
        source="摸底", actor=None,
    )  # fmt: skip


def figures(world: World, index: int) -> None:
    """One more of the figures."""
    record_figure(
        union=world.county, metric="members", value=Decimal(100), unit="person",
        as_of=dt.date(2023, 1, 1 + index), source="月报", actor=None,
    )  # fmt: skip


def applications(world: World, index: int) -> None:
    """One more of the applications."""
    make_application(make_join_code(world.low), person(500 + index))


def memberships(world: World, index: int) -> None:
    """One more of the memberships."""
    approve_application(
        make_application(make_join_code(world.low), person(500 + index)), actor=None
    )


def codes(world: World, index: int) -> None:
    """One more of the codes."""
    make_join_code(world.low)


def campaigns(world: World, index: int) -> None:
    """One more of the campaigns."""
    campaign = create_campaign(
        owner=world.city, name=f"行动{index}", starts_on=dt.date(2023, 1, 1),
        ends_on=dt.date(2023, 12, 31), group_set=GroupSet.objects.first(), actor=None,
    )  # fmt: skip
    indicator = save_indicator(
        None, campaign=campaign, name="新会员", metric="new_members", unit="person", actor=None
    )
    set_target(
        indicator, union=world.county, period_start=dt.date(2023, 1, 1),
        period_end=dt.date(2023, 12, 31), value=Decimal(10), actor=None,
    )  # fmt: skip


def requirements(world: World, index: int) -> None:
    """One more of the papers to hand in, of a published campaign."""
    campaigns(world, index)
    campaign = Campaign.objects.latest("pk")
    publish_campaign(campaign, actor=None)
    save_requirement(
        None, campaign=campaign, kind="plan", due_on=dt.date(2023, 3, 1),
        required_of="with_target", actor=None,
    )  # fmt: skip


def hand_ins(world: World, index: int) -> None:
    """One more of the papers handed in."""
    requirements(world, index)
    hand_in(Requirement.objects.latest("pk"), unit=world.county, file=scan(), actor=None)


def campaign_records(world: World, index: int) -> None:
    """One more of the records of campaigns."""
    campaigns(world, index)
    save_record(
        None, campaign=Campaign.objects.latest("pk"), kind="task", unit=world.county,
        day=dt.date(2023, 3, 1), text="补报", due_on=dt.date(2023, 4, 1), actor=None,
    )  # fmt: skip


def good_practices(world: World, index: int) -> None:
    """One more of the good practices."""
    campaigns(world, index)
    save_practice(
        None, campaign=Campaign.objects.latest("pk"), title="流动入会窗口", text="进站入会",
        unit=world.county, actor=None,
    )  # fmt: skip


def stations(world: World, index: int) -> None:
    """One more of the stations."""
    kind, _made = StationKind.objects.get_or_create(
        code="rest", defaults={"name_zh": "工会驿站", "name_en": "Rest station"}
    )
    open_station(
        name=f"驿站{index}", kind=kind, host_union=world.county, region=world.regions["371502"],
        address="振兴路", opened_on=dt.date(2023, 1, 1),
        facilities=[
            Facility.objects.get_or_create(
                code="water", defaults={"name_zh": "饮水", "name_en": "Water"}
            )[0]
        ],
        actor=None,
    )  # fmt: skip


def runs(world: World, index: int) -> None:
    """One more of the runs."""
    ReportRun.objects.create(report="counts", day=dt.date(2023, 1, 1 + index))


def drifts(world: World, index: int) -> None:
    """One more of the drifts."""
    Drift.objects.create(
        day=dt.date(2023, 1, 1 + index), union=world.county, book=Drift.Book.COUNTS,
        metric="members", stored="1", expected="2",
    )  # fmt: skip


def reasons(world: World, index: int) -> None:
    """One more of the reasons."""
    RejectionReason.objects.create(code=f"r{index}", text_zh="不符", text_en="No")


def texts(world: World, index: int) -> None:
    """One more of the texts."""
    ConsentText.objects.create(
        purpose="joining", version=50 + index, title_zh="甲", title_en="A", body_zh="乙",
        body_en="B", published_on=dt.date(2023, 1, 1),
    )  # fmt: skip


def groups(world: World, index: int) -> None:
    """One more of the groups."""
    WorkerGroup.objects.create(code=f"g{index}", name_zh=f"群体{index}", name_en=f"Group {index}")


def group_sets(world: World, index: int) -> None:
    """One more of the group sets."""
    made = GroupSet.objects.create(
        code=f"s{index}", name_zh="甲", name_en="A", valid_from=dt.date(2023, 1, 1), source="x"
    )
    made.groups.set(WorkerGroup.objects.all()[:2])


def nothing(world: World, index: int) -> None:
    """One more of the nothing."""
    PaceThreshold.objects.count()


def merges(world: World, index: int) -> None:
    """Two records of one name at the city's own subtree, made one."""
    two = [make_membership(world.low, on="2024-01-02").member for _ in range(2)]
    merge_members(two[0], two[1], choice=MergeChoice(), actor=world.official)


def messages(world: World, index: int) -> None:
    """A message that stays in the house."""
    send_message(demo_phone(900 + index), "transfer_done", {"receiving": world.low.name})


def collective_lists(world: World, index: int) -> None:
    """A list of one person."""
    couriers = WorkerGroup.objects.get(pk="courier")
    row = ListRow(2, {}, person=check_person(person(700 + index)), worker_group=couriers)
    register_list(world.low, [row], file_name=f"{index}.xlsx", actor=world.official)


def transfers(world: World, index: int) -> None:
    """Asked for by the member."""
    membership = make_membership(world.low, on="2024-01-02")
    ask_transfer(membership, to_union=world.county, reason="换工作", asked_by="member", actor=None)


def decisions(world: World, index: int) -> None:
    """A decision on paper."""
    file_decision(
        world.low,
        number=f"{index}号",
        decided_on=dt.date(2024, 1, 1),
        file=SimpleUploadedFile("1.pdf", b"%PDF-1.4"),
        actor=None,
    )


def personal_exports(world: World, index: int) -> None:
    """Asked for by the official."""
    ask_export(world.low, purpose=f"送清凉发放名单{index}", actor=world.official)


def purges(world: World, index: int) -> None:
    """A report."""
    report_purge()


def questions(world: World, index: int) -> None:
    """An extra question of a union of its own."""
    union = make_union(f"基层工会{index}", "grassroots_union", world.county)
    create_question(union, kind="text", text_zh="几点下班？", actor=None)


def screens(world: World, index: int) -> None:
    """One more of the big screens."""
    make_screen(world.county, name=f"{index}楼", actor=world.official)


def windows(world: World, index: int) -> None:
    """An open window."""
    open_window(world.low, place=f"广场{index}", actor=world.official)


def papers(world: World, index: int) -> None:
    """An application on paper."""
    record_paper_application(
        world.low,
        person=person(800 + index),
        worker_group=WorkerGroup.objects.get(pk="courier"),
        has_consented=True,
        file=scan(),
        actor=world.official,
    )


def data_requests(world: World, index: int) -> None:
    """A member asks for another name."""
    member: Member = make_membership(world.low, on="2024-01-02").member
    ask_correction(Person(b"", b"", member, (member,)), field="name", value="新名")


def pools(world: World, index: int) -> None:
    """A county with its pool."""
    open_pool(make_union(f"县总{index}", "county_federation", world.city), actor=None)
