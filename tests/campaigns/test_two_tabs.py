"""Two officials on one page: each saves what they changed and takes back nothing of the other."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from audit.models import AuditEntry
from campaigns.models import (
    Campaign,
    CampaignRecord,
    CampaignStatus,
    GoodPractice,
    RecordKind,
    RequiredOf,
    Target,
)
from campaigns.services.campaigns import save_phase, update_campaign
from campaigns.services.hand_ins import save_requirement
from campaigns.services.records import save_practice, save_record
from tests.campaigns.builders import make_campaign, make_target
from tests.page_forms import as_sent, page_of
from tests.portal.world import World, logged_in

pytestmark = pytest.mark.django_db
D = dt.date


@pytest.fixture
def client(world: World) -> Client:
    return logged_in(world.official)


@pytest.fixture
def campaign(world: World) -> Campaign:
    """With a phase, an indicator and a paper."""
    campaign = make_campaign("集中行动", world.city, status=CampaignStatus.DRAFT)
    make_target(campaign, world.city)
    save_requirement(
        None, campaign=campaign, kind="summary", due_on=campaign.ends_on,
        required_of=RequiredOf.CHILDREN, actor=None,
    )  # fmt: skip
    return campaign


def test_the_second_keeps_what_the_first_has_saved(client: Client, campaign: Campaign) -> None:
    """Campaign, phase and paper: the page of the second still shows the old days."""
    older = as_sent(client, page_of(campaign))
    phase, paper = campaign.phases.get(name="动员"), campaign.requirements.get()
    last = campaign.ends_on
    update_campaign(campaign, summary="第一人写的概要", actor=None)
    save_phase(
        phase, campaign=campaign, name="动员", starts_on=phase.starts_on, ends_on=last, actor=None
    )
    earlier = last - dt.timedelta(days=30)
    save_requirement(
        paper, campaign=campaign, kind="summary", due_on=earlier, required_of=RequiredOf.CHILDREN,
        actor=None,
    )  # fmt: skip
    older |= {"note": "第二人的备注", "phases-0-name": "动员阶段"}
    entries = AuditEntry.objects.count()
    assert client.post(page_of(campaign), older).status_code == 302
    campaign.refresh_from_db()
    phase.refresh_from_db()
    paper.refresh_from_db()
    assert (campaign.summary, campaign.note) == ("第一人写的概要", "第二人的备注")
    assert (phase.name, phase.ends_on, paper.due_on) == ("动员阶段", last, earlier)
    # The campaign and the phase; nothing was done to the paper.
    assert AuditEntry.objects.count() == entries + 2


def test_what_both_changed_is_told_beside_the_field_and_meant_when_sent_again(
    client: Client, campaign: Campaign
) -> None:
    older = as_sent(client, page_of(campaign))
    update_campaign(campaign, summary="第一人写的概要", actor=None)
    older |= {"summary": "第二人写的概要"}
    answer = client.post(page_of(campaign), older)
    form = answer.context["adminform"].form
    said = "Somebody else changed this meanwhile, to “第一人写的概要”: look at it again."
    assert dict(form.errors) == {"summary": [said]}
    campaign.refresh_from_db()
    assert campaign.summary == "第一人写的概要"
    # The page that came back remembers what stands now.
    shown = form["summary"].html_initial_name
    assert f'name="{shown}" value="第一人写的概要"' in str(form["summary"])
    again = older | {shown: "第一人写的概要"}
    assert client.post(page_of(campaign), again).status_code == 302
    campaign.refresh_from_db()
    assert campaign.summary == "第二人写的概要"


def test_lines_of_a_text_end_as_browsers_end_them(client: Client, campaign: Campaign) -> None:
    """That is no change, and nobody's."""
    update_campaign(campaign, summary="一\n二", actor=None)
    sent = as_sent(client, page_of(campaign))
    shown = next(name for name in sent if name.endswith("initial-summary"))
    sent |= {shown: "一\r\n二", "summary": "一\r\n二\r\n三"}
    assert client.post(page_of(campaign), sent).status_code == 302
    campaign.refresh_from_db()
    assert campaign.summary.split() == ["一", "二", "三"]


def test_a_target_keeps_the_note_another_wrote(client: Client, campaign: Campaign) -> None:
    """On its own page and on that of its indicator, where many stand."""
    target = campaign.indicators.get().targets.get()
    for number, record in enumerate((target, target.indicator)):
        page = page_of(record)
        older = as_sent(client, page)
        Target.objects.filter(pk=target.pk).update(note=f"第一人{number}")
        box = "value" if record == target else "targets-0-value"
        assert client.post(page, older | {box: str(200 + number)}).status_code == 302
        target.refresh_from_db()
        assert (target.note, int(target.value)) == (f"第一人{number}", 200 + number)


def test_records_and_good_practice_likewise(
    client: Client, world: World, campaign: Campaign
) -> None:
    day = campaign.starts_on
    values: dict[str, Any] = {"campaign": campaign, "unit": world.county, "actor": None}
    record = save_record(None, kind=RecordKind.TASK, day=day, text="整改", due_on=day, **values)
    practice = save_practice(None, title="驿站", text="好", **values)
    older = [as_sent(client, page_of(row)) for row in (record, practice)]
    later = day + dt.timedelta(days=9)
    save_record(record, kind=RecordKind.TASK, day=day, text="整改", due_on=later, **values)
    save_practice(practice, title="暖心驿站", text="好", **values)
    for row, sent in zip((record, practice), older, strict=True):
        assert client.post(page_of(row), sent | {"text": "另一段"}).status_code == 302
    kept = CampaignRecord.objects.get(), GoodPractice.objects.get()
    assert (kept[0].due_on, kept[0].text) == (later, "另一段")
    assert (kept[1].title, kept[1].text) == ("暖心驿站", "另一段")
