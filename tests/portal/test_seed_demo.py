"""The demo holds what the five documents say, once, and nobody real."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F

from accounts.models import User
from campaigns.models import Campaign
from core.clock import local_today
from core.encryption import decrypt
from core.identity import is_demo_identity, parse_identity
from core.phone import is_demo_phone, normalise_phone
from enterprises.models import Employer
from members.enums import ApplicationStatus
from members.models import Application, JoinCode, Member, Membership, MembershipEvent
from members.models.application import ID_NUMBER_CONTEXT, PHONE_CONTEXT
from portal.demo import luoyang
from portal.demo.accounts import DEMO_ACCOUNTS, SAMPLE_APPLICANT
from portal.demo.bulk import Tick, no_tick, spread
from portal.demo.campaigns import DEMO_DRIVE_NAME
from portal.demo.liaocheng_unions import DEMO_JOIN_CODE, FEDERATION_CODE
from portal.demo.loading import (
    ForeignTree,
    Part,
    Scale,
    _load_once,
    is_loaded,
    load_demo,
)
from reference.selectors import group_codes
from reports.models import CampaignProgress, PaceThreshold
from reports.selectors.figures import figures_of
from reports.selectors.funnel import funnel_of
from reports.selectors.structure import structure_of
from stations.models import Facility, Station, StationKind
from tests.demo_fixture import YESTERDAY, Demo, count_on
from unions import tree
from unions.models import Union, UnionCoverage

PUBLISHED = dt.date(2023, 9, 6)


# -- Liaocheng ---------------------------------------------------------------------------------
@pytest.mark.parametrize("day", [PUBLISHED, dt.date(2024, 7, 1), YESTERDAY])
def test_liaocheng_counts_57768_members_over_nine_groups(demo: Demo, day: dt.date) -> None:
    nine = group_codes("set9", day)
    by_group = [count_on(demo.liaocheng, "members", day, group) for group in nine]
    assert len(nine) == 9
    assert min(by_group) > 2000
    assert count_on(demo.liaocheng, "members", day) == sum(by_group) == 57_768


def test_the_dashboard_shows_the_same_sum(demo: Demo) -> None:
    figures = figures_of(demo.liaocheng, YESTERDAY)
    assert (figures.members, figures.sum_of_groups, figures.nef_members) == (57_768,) * 3
    structure = structure_of(demo.liaocheng, YESTERDAY)
    assert {kind.code: kind.value for kind in structure.flexible_unions} == {
        "flexible_township": 135,
        "flexible_village": 122,
        "flexible_community": 48,
    }
    assert (structure.coverage.covered, figures.nef_unions) == (882, 882)


def test_the_federation_covers_882_unions(demo: Demo) -> None:
    federation = Union.objects.get(code=FEDERATION_CODE)
    covered = UnionCoverage.objects.filter(covering=federation, until__isnull=True)
    assert covered.filter(since__lte=PUBLISHED, covered__founded_on__lte=PUBLISHED).count() == 882
    assert federation.name == "聊城市新就业形态工会联合会"
    assert covered.filter(covered__path__startswith=demo.liaocheng.path).count() == 882


def test_2800_enterprises_were_surveyed(demo: Demo) -> None:
    surveyed = Employer.objects.filter(region__code__startswith="3715", surveyed_on__lte=PUBLISHED)
    assert surveyed.count() == 2_800
    states = set(surveyed.values_list("founding_state", flat=True))
    assert states == {"C", "N", "Y"}
    unionised = surveyed.filter(founding_state="Y")
    assert unionised.count() == surveyed.filter(covering_union__isnull=False).count()
    assert surveyed.exclude(name__endswith="（演示）").count() == 0


def test_ledger_equals_memberships(demo: Demo) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) FROM members_membership m
            JOIN (SELECT membership_id, SUM(active_change) AS active, SUM(retained_change) AS kept,
                         MIN(effective_on) AS first, MAX(effective_on) AS last
                  FROM members_membershipevent GROUP BY 1) e ON e.membership_id = m.id
            WHERE e.active <> (m.status = 'active')::int OR e.kept <> (m.status = 'retained')::int
               OR e.first <> m.started_on
               OR (m.ended_on IS NOT NULL AND e.last <> m.ended_on + 1)
            """
        )
        assert cursor.fetchone() == (0,)
    spells = Membership.objects.all()
    assert spells.filter(events__isnull=True).count() == 0
    assert spells.filter(status="active").count() == 57_768
    assert spells.filter(status="retained").count() == count_on(
        demo.liaocheng, "retained", YESTERDAY
    )
    types = set(MembershipEvent.objects.values_list("type", flat=True).distinct())
    assert types == {
        "joined", "withdrawn", "expelled", "deceased", "retained", "restored", "transferred_in",
        "transferred_out",
    }  # fmt: skip


def test_reconcile_finds_nothing(demo: Demo) -> None:
    call_command("reconcile", verbosity=0)


def test_nothing_lies_in_the_future_or_before_its_union(demo: Demo) -> None:
    assert MembershipEvent.objects.filter(effective_on__gt=YESTERDAY).count() == 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM members_membership m JOIN unions_union u ON u.id = m.union_id"
            " WHERE m.started_on < u.founded_on"
        )
        assert cursor.fetchone() == (0,)


def test_people_are_synthetic_and_unique(demo: Demo) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(DISTINCT id_number_hash), count(DISTINCT phone_hash)"
            " FROM members_member"
        )
        people, numbers, phones = cursor.fetchone()
    assert people == numbers == phones
    assert people > 57_768
    for member in Member.objects.order_by("id_number_hash")[:200]:
        number = decrypt(member.id_number_encrypted, context=ID_NUMBER_CONTEXT)
        phone = decrypt(member.phone_encrypted, context=PHONE_CONTEXT)
        document = parse_identity(member.id_type, number)
        assert is_demo_identity(number)
        assert is_demo_phone(phone)
        assert (document.birth_date, document.sex) == (member.birth_date, member.sex)
    assert Member.objects.filter(is_demo=False).count() == 0


# -- the trial ---------------------------------------------------------------------------------
def test_a_demo_drive_runs_today_in_every_pace(demo: Demo) -> None:
    drive = Campaign.objects.running_on(local_today()).get(name=DEMO_DRIVE_NAME)
    progress = CampaignProgress.objects.filter(
        target__indicator__campaign=drive, day=YESTERDAY, target__union__kind="county_federation"
    )
    assert progress.count() == 8
    assert {row.status for row in progress} == {"ahead", "on_pace", "behind", "at_risk"}
    assert drive.join_code_links.count() == 10


def test_the_demo_code_leads_to_a_flexible_union(demo: Demo) -> None:
    code = JoinCode.objects.get(code=DEMO_JOIN_CODE)
    assert code.is_usable
    assert code.union.name == "古楼街道灵活就业人员联合工会"
    assert code.union.kind_id == "flexible_township"


def test_accounts_can_log_in_and_see_their_scope(demo: Demo) -> None:
    for username, password, who_zh, _who_en in DEMO_ACCOUNTS:
        user = User.objects.get(username=username)
        assert (user.check_password(password), user.display_name) == (True, who_zh)
    seen = {
        username: Union.objects.visible_to(User.objects.get(username=username)).count()
        for username in ("admin", "liaocheng", "gulou-linghuo", "luoyang")
    }
    assert seen == {
        "admin": Union.objects.count(),
        "liaocheng": Union.objects.under(demo.liaocheng).count(),
        "gulou-linghuo": 1,
        "luoyang": Union.objects.under(demo.luoyang).count(),
    }


def test_the_queue_is_alive(demo: Demo) -> None:
    counts = {
        status: Application.objects.filter(status=status).count() for status in ApplicationStatus
    }
    assert {status: count for status, count in counts.items() if count} == {
        "submitted": 25,
        "rejected": 4,
        "approved": 12,
    }
    grassroots = User.objects.get(username="gulou-linghuo")
    assert Application.objects.waiting().visible_to(grassroots).exists()
    enrolled = Member.objects.values("id_number_hash")
    again = Application.objects.waiting().filter(id_number_hash__in=enrolled)
    assert again.count() == 1
    approved = Application.objects.filter(status=ApplicationStatus.APPROVED)
    assert approved.filter(membership__status="active").count() == 12


def test_forms_were_opened_three_times_for_each_that_was_sent(demo: Demo) -> None:
    funnel = funnel_of(demo.nation, dt.date(2000, 1, 1), local_today())
    assert (funnel.sent, funnel.through_code, funnel.through_opened) == (41, 41, 41)
    assert (funnel.opened, funnel.opened_share) == (123, Decimal(1) / 3)


def test_whoever_was_decided_on_had_proven_the_phone(demo: Demo) -> None:
    funnel = funnel_of(demo.nation, dt.date(2000, 1, 1), local_today())
    assert (funnel.sent, funnel.proven, funnel.decided, funnel.approved) == (41, 38, 16, 12)
    decided = Application.objects.filter(decided_at__isnull=False)
    assert decided.filter(phone_proven_at__lt=F("decided_at")).count() == 16
    assert Application.objects.filter(phone_proven_at__lt=F("submitted_at")).count() == 0
    assert funnel.proof_days is not None
    assert round(funnel.proof_days * 24 * 60) == 4


def test_the_sample_applicant_is_not_in_the_register(demo: Demo) -> None:
    _name, number, phone = SAMPLE_APPLICANT
    assert is_demo_identity(parse_identity("resident_id", number).number)
    assert is_demo_phone(normalise_phone(phone))


def test_stations_stand_where_their_towns_are(demo: Demo) -> None:
    liaocheng = Station.objects.filter(region__code__startswith="3715")
    assert liaocheng.count() == 60
    inside = liaocheng.filter(longitude__range=(115.2, 116.6), latitude__range=(35.7, 37.1))
    assert inside.count() == 60
    assert Station.objects.filter(region__code__startswith="4103").count() == 9
    assert set(Station.objects.values_list("kind", flat=True)) == set(
        StationKind.objects.values_list("code", flat=True)
    )
    assert Facility.objects.count() == 20
    assert Station.objects.filter(facilities__isnull=True).count() == 0
    assert Station.objects.exclude(name__endswith="（演示）").count() == 0


def test_thresholds_of_pace(demo: Demo) -> None:
    rows = PaceThreshold.objects.values_list("status", "minimum_pace")
    assert list(rows) == [
        ("ahead", Decimal("1.10")),
        ("on_pace", Decimal("0.95")),
        ("behind", Decimal("0.70")),
        ("at_risk", Decimal("0.00")),
    ]


# -- loading -----------------------------------------------------------------------------------
def row_counts() -> dict[str, int]:
    return {
        model._meta.label: model._base_manager.count()
        for model in apps.get_models(include_auto_created=True)
    }


def test_loading_again_changes_nothing(demo: Demo, capsys: pytest.CaptureFixture[str]) -> None:
    before = row_counts()
    call_command("seed_demo")
    assert row_counts() == before
    assert "nothing was changed" in capsys.readouterr().out


def test_a_part_that_breaks_off_leaves_nothing_and_comes_again(demo: Demo) -> None:
    def breaks_off(_tick: Tick) -> dict[str, int]:
        User.objects.create(username="half-way")
        raise KeyboardInterrupt

    def succeeds(_tick: Tick) -> dict[str, int]:
        User.objects.create(username="half-way")
        return {"users": 1}

    with pytest.raises(KeyboardInterrupt):
        _load_once(Part("trial", "Trial", breaks_off), no_tick)
    assert not User.objects.filter(username="half-way").exists()
    assert not is_loaded("trial")
    part = Part("trial", "Trial", succeeds)
    assert _load_once(part, no_tick) == {"users": 1}
    assert _load_once(part, no_tick) is None
    assert User.objects.filter(username="half-way").count() == 1


def test_a_tree_of_others_is_left_alone(demo: Demo) -> None:
    Union.objects.filter(code="D00").update(is_demo=False)
    with pytest.raises(ForeignTree):
        list(load_demo(Scale.SMALL))


def test_production_is_refused(demo: Demo, settings: object) -> None:
    settings.PRODUCTION = True  # type: ignore[attr-defined]
    before = row_counts()
    with pytest.raises(CommandError, match="--i-know"):
        call_command("seed_demo", verbosity=0)
    assert row_counts() == before


# -- full scale: the plan as a whole, one county for real --------------------------------------
def test_luoyang_plan_stands_at_the_published_counts(demo: Demo) -> None:
    plan = luoyang.read_luoyang_plan()
    standing = Union.objects.under(demo.luoyang).count()
    assert standing + len(plan.unions) == 16_800
    assert len(plan.nef_codes) == 1_072
    people = [
        (group, count, headcount.union.code in plan.nef_codes)
        for headcount in plan.headcounts
        for group, count in headcount.by_group
    ]
    nef = set(group_codes("nef"))
    assert sum(count for _group, count, _is_nef in people) == 1_450_000
    assert sum(count for group, count, _is_nef in people if group in nef) == 135_000
    assert all((group in nef) == is_nef for group, _count, is_nef in people)
    first, total = 0, 0
    for county in luoyang.county_codes():
        first, headcounts = plan.of_county(county)
        assert first == total
        total += sum(headcount.people for headcount in headcounts)
    assert total == 1_450_000


def test_luoyang_unions_and_one_county_load(demo: Demo) -> None:
    luoyang.load_luoyang_unions(no_tick)
    connection.check_constraints()  # the tree's own guard among them
    assert tree.wrong_paths() == []
    subtree = Union.objects.under(demo.luoyang)
    day = luoyang.PUBLISHED_ON
    assert subtree.standing_on(day).count() == 16_800
    assert subtree.standing_on(day).filter(is_nef=True).count() == 1_072
    counts = luoyang.load_county_members("410371", no_tick)
    county = Union.objects.get(code="D410371")
    active = Membership.objects.filter(union__path__startswith=county.path, status="active")
    assert active.count() == counts["people"] > 20_000


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (10, [1, 1, 1], [4, 3, 3]),
        (7, [0.5, 0, 1.5], [2, 0, 5]),
        (0, [], []),
        (3, [1], [3]),
    ],
)
def test_spread_sums_exactly(total: int, weights: list[float], parts: list[int]) -> None:
    assert spread(total, weights) == parts


def test_spread_over_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to spread over"):
        spread(5, [0, 0])
