"""Two branches of one tree, everything a page may show in the right one, and who comes to look."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from io import BytesIO
from typing import Any, TypeAlias

from django.apps import apps
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from accounts.models import User
from audit.models import AuditEntry
from campaigns.models import Campaign, CampaignStatus, Indicator
from core.clock import local_today
from enterprises.models import Employer, WorkforceBaseline
from members.models import (
    Application,
    BulkApproval,
    ConsentText,
    DataRequest,
    DecisionPaper,
    ExtraQuestion,
    JoinCode,
    Membership,
    RejectionReason,
    Transfer,
)
from members.own_data import Person
from members.services.bulk_approval import start_bulk_approval
from members.services.messages import send_message
from members.services.own_page import ask_correction
from members.services.papers import file_decision
from members.services.questions import create_question
from members.services.review import reject_application
from members.services.transfer import ask_transfer
from members.services.union_closing import start_dissolution
from reference.models import GroupSet, Region
from reports.models import (
    BriefSubscription,
    Drift,
    PaceThreshold,
    QualitySignal,
    ReportedFigure,
    ReportRun,
)
from reports.nightly import run_nightly
from reports.screens import make_screen
from stations.models import Station, StationJoinCode
from tests.builders import (
    make_application,
    make_join_code,
    make_membership,
    make_official,
    make_region,
    make_union,
    make_user,
    person,
)
from tests.campaigns.builders import make_campaign, make_target
from tests.permission_campaigns import CampaignPapers, make_campaign_papers
from tests.permission_privacy import Privacy, make_privacy
from tests.permission_ways_in import WaysIn, make_ways_in
from tests.stations.builders import make_station
from unions.enums import Role
from unions.models import Appointment, Union, UnionClosing, UnionCoverage
from unions.services import appoint, cover_union

# What a test browser gets: an HttpResponse with more on it than the stubs can say.
Answer: TypeAlias = Any

# Stands in every name of the right branch, so that a page that shows it to a stranger is caught;
# long enough not to turn up in a random token.
MARK = "qzxvkwj"
# Stands in the names of people, whom leaders may not see.
PERSON_MARK = "pjwkvxq"

LOCAL_APPS = frozenset(
    {
        "accounts", "audit", "authtoken", "campaigns", "django_celery_beat", "enterprises",
        "members", "reference", "reports", "stations", "unions",
    }
)  # fmt: skip


@dataclass
class World:
    """The records of the right branch, by what they are, and the session of each role."""

    province: Union
    right: Union
    county: Union
    low: Union
    next_county: Union
    closing: UnionClosing
    other: Union
    region: Region
    foreign_region: Region
    clerk: User
    appointment: Appointment
    coverage: UnionCoverage
    employer: Employer
    baseline: WorkforceBaseline
    join_code: JoinCode
    question: ExtraQuestion
    application: Application
    rejected: Application
    bulk_approval: BulkApproval
    membership: Membership
    transfer: Transfer
    paper: DecisionPaper
    ways_in: WaysIn
    campaign_papers: CampaignPapers
    privacy: Privacy
    data_request: DataRequest
    draft: Campaign
    published: Campaign
    indicator: Indicator
    station: Station
    figure: ReportedFigure
    entry: AuditEntry
    run: ReportRun
    signal: QualitySignal
    drift: Drift
    threshold: PaceThreshold
    group_set: GroupSet
    reason: RejectionReason
    text: ConsentText
    task: PeriodicTask
    crontab: CrontabSchedule
    interval: IntervalSchedule
    day: dt.date
    sessions: dict[str, str] = field(default_factory=dict)

    def browser(self, role: str) -> Client:
        """A browser in which ``role`` is logged in; each is new, for requests change cookies."""
        client = Client()
        if role in self.sessions:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[role]
        return client


def build_world() -> World:
    """The province with the right city, its county and township, and a city of strangers."""
    province_region = make_region("37", "山东省")
    region = make_region("3715", "聊城市", province_region)
    foreign_region = make_region("3701", "济南市", province_region)
    province = make_union("省总", "provincial_federation", region=province_region)
    right = make_union(f"{MARK}市总", "city_federation", province, region=region)
    county = make_union(f"{MARK}县总", "county_federation", right)
    low = make_union(f"{MARK}镇工会", "township_union", county)
    other = make_union("邻市总", "city_federation", province, region=foreign_region)
    sessions = {}
    for role, user in (
        ("stranger", make_official("stranger", other)),
        ("leader", make_official(f"{MARK}-leader", right, Role.LEADER)),
        ("official", make_official(f"{MARK}-official", right)),
        ("operator", make_user("operator", is_superuser=True)),
    ):
        client = Client()
        client.force_login(user)
        sessions[role] = client.cookies[settings.SESSION_COOKIE_NAME].value

    clerk = make_user(f"{MARK}-clerk", display_name=f"{MARK}干事")
    appointment = appoint(
        clerk, union=low, role=Role.GRASSROOTS_OFFICIAL, starts_on=dt.date(2020, 1, 1), actor=None
    )
    join_code = make_join_code(low, label=f"{MARK}门口")
    station = make_station(
        f"{MARK}驿站", county, region, address=f"{MARK}路", longitude=116, latitude=36
    )
    StationJoinCode.objects.create(station=station, join_code=join_code)
    question = create_question(low, kind="text", text_zh=f"{MARK}几点下班？", actor=None)
    draft = make_campaign(f"{MARK}草案", right, status=CampaignStatus.DRAFT)
    published = make_campaign(f"{MARK}行动", right, starts_on=dt.date(2024, 1, 1))
    indicator = make_target(draft, county).indicator
    make_target(published, county)
    Indicator.objects.update(name=f"{MARK}指标")
    campaign_papers = make_campaign_papers(published, county, province, MARK)
    membership = make_membership(low, person(name=f"{PERSON_MARK}{MARK}"), on="2024-01-02")
    application = make_application(join_code, person(name=f"{PERSON_MARK}{MARK}"))
    rejected = make_application(join_code, person(name=f"{PERSON_MARK}{MARK}"))
    reject_application(rejected, reason=RejectionReason.objects.all()[0], actor=None)
    bulk_approval = start_bulk_approval(
        [application.pk], actor=User.objects.get(username=f"{MARK}-official")
    )
    leaving = make_membership(low, person(name=f"{PERSON_MARK}{MARK}"), on="2024-01-02")
    transfer = ask_transfer(
        leaving, to_union=county, reason="换工作", asked_by="member", actor=None
    )
    paper = file_decision(
        low,
        number=f"{MARK}1号",
        decided_on=dt.date(2024, 1, 1),
        file=SimpleUploadedFile("1.pdf", b"%PDF-1.4"),
        actor=None,
    )
    data_request = ask_correction(
        Person(b"", b"", membership.member, (membership.member,)), field="name", value="新名"
    )
    send_message("+8612900000021", "transfer_done", {"receiving": low.name})
    crontab = CrontabSchedule.objects.create(hour="2", minute="0")
    day = local_today() - dt.timedelta(days=1)
    employer = Employer.objects.create(
        name=f"{MARK}公司", region=region, keeper=right, covering_union=low
    )
    baseline = WorkforceBaseline.objects.create(
        keeper=right,
        group_set=GroupSet.objects.get(code="set4", version=1),
        region=region,
        counted_on=dt.date(2024, 1, 1),
        worker_count=10,
        source=f"{MARK}摸底表",
    )
    figure = ReportedFigure.objects.create(
        union=right,
        metric="members",
        value=Decimal(7),
        unit="person",
        as_of=dt.date(2024, 1, 1),
        source=f"{MARK}通报",
    )
    right_official = User.objects.get(username=f"{MARK}-official")
    ways_in = make_ways_in(low, county, right_official, MARK, PERSON_MARK)
    privacy = make_privacy(low, right, right_official, MARK, f"{PERSON_MARK}{MARK}")
    make_screen(low, name=f"{MARK}大厅", actor=right_official)
    BriefSubscription.objects.create(user=right_official, union=right, channel="email")
    run_nightly(day)
    entry = AuditEntry.objects.filter(union_path=low.path).order_by("pk").first()
    assert entry is not None
    return World(
        province=province,
        right=right,
        county=county,
        low=low,
        next_county=make_union(f"{MARK}邻县总", "county_federation", right),
        closing=start_dissolution(
            make_union(f"{MARK}旧镇工会", "township_union", county), reason="撤并", actor=None
        ),
        other=other,
        region=region,
        foreign_region=foreign_region,
        clerk=clerk,
        appointment=appointment,
        coverage=cover_union(right, low, since=dt.date(2024, 1, 1), actor=None),
        employer=employer,
        baseline=baseline,
        join_code=join_code,
        question=question,
        application=application,
        rejected=rejected,
        bulk_approval=bulk_approval,
        membership=membership,
        ways_in=ways_in,
        campaign_papers=campaign_papers,
        privacy=privacy,
        data_request=data_request,
        transfer=transfer,
        paper=paper,
        draft=draft,
        published=published,
        indicator=indicator,
        station=station,
        figure=figure,
        entry=entry,
        run=ReportRun.objects.order_by("pk")[0],
        drift=Drift.objects.create(
            day=dt.date(2023, 1, 1),
            union=right,
            book=Drift.Book.COUNTS,
            metric="members",
            stored="1",
            expected="2",
        ),
        signal=QualitySignal.objects.create(
            day=dt.date(2024, 3, 1),
            union=low,
            kind="inactive",
            value=1,
            details={"memberships": [membership.pk]},
        ),
        threshold=PaceThreshold.objects.order_by("pk")[0],
        group_set=GroupSet.objects.order_by("pk")[0],
        reason=RejectionReason.objects.order_by("pk")[0],
        text=ConsentText.objects.order_by("pk")[0],
        task=PeriodicTask.objects.create(name="night", task="reports.run_nightly", crontab=crontab),
        crontab=crontab,
        interval=IntervalSchedule.objects.create(every=1, period="days"),
        day=day,
        sessions=sessions,
    )


class Fingerprint:
    """What every table of ours holds, by table: equal only if no row differs.

    For one transaction: PostgreSQL counts the rows that a transaction touches, and only tables
    whose counters moved since the last look are read again.
    """

    def __init__(self) -> None:
        self._touched: dict[str, tuple[int, ...]] = {}
        self._held: dict[str, str] = {}
        self._tables = sorted(
            model._meta.db_table
            for model in apps.get_models(include_auto_created=True)
            if model._meta.app_label in LOCAL_APPS and not model._meta.proxy
        )

    def now(self) -> dict[str, str]:
        """The digest of each table."""
        with connection.cursor() as cursor:
            # The file of a table changes when it is emptied at one go, which no counter shows.
            cursor.execute(
                "SELECT relname, relfilenode, pg_stat_get_xact_tuples_inserted(oid),"
                " pg_stat_get_xact_tuples_updated(oid), pg_stat_get_xact_tuples_deleted(oid)"
                " FROM pg_class WHERE relname = ANY(%s)",
                [self._tables],
            )
            touched = {name: tuple(counters) for name, *counters in cursor.fetchall()}
            moved = [table for table in touched if self._touched.get(table) != touched[table]]
            if moved:
                cursor.execute(
                    " UNION ALL ".join(
                        f"SELECT '{table}',"
                        " md5(COALESCE(string_agg(t::text, '|' ORDER BY t::text), ''))"
                        f' FROM "{table}" t'
                        for table in moved
                    )
                )
                self._held |= dict(cursor.fetchall())
        self._touched = touched
        return dict(self._held)

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Roll back what happens inside. Counters do not go back: what moved is read again."""
        before = self._touched
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
        self._touched = {
            table: counters for table, counters in self._touched.items()
            if before.get(table) == counters
        }  # fmt: skip


def text_of(response: Answer) -> str:
    """All the text an answer holds, the cells of a workbook too."""
    content = response.getvalue() if response.streaming else response.content
    if content.startswith(b"PK"):
        with zipfile.ZipFile(BytesIO(content)) as workbook:
            content = b"".join(workbook.read(name) for name in workbook.namelist())
    return content.decode(errors="replace").lower()


def form_data(response: Answer) -> dict[str, Any]:
    """What a browser would send back if the page of a record were saved unchanged."""
    context: dict[str, Any] = response.context_data
    forms = [context["adminform"].form]
    for inline in context.get("inline_admin_formsets", ()):
        forms += [inline.formset.management_form, *inline.formset.forms]
    data: dict[str, Any] = {}
    for form in forms:
        for bound in form:
            value = bound.value()
            if isinstance(value, bool):
                data |= {bound.html_name: "on"} if value else {}
            elif isinstance(value, list | tuple):
                data[bound.html_name] = [getattr(item, "pk", item) for item in value]
            elif value is not None:
                data[bound.html_name] = value
    return data
