"""Short ways to the records of a membership's life."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from audit.models import AuditEntry
from core.clock import local_today
from core.errors import RuleViolation
from members.models import DecisionPaper, Member, Membership, MembershipEvent, Transfer
from members.reconciliation import membership_differences
from members.services.papers import file_decision
from members.services.transfer import ask_transfer
from tests.builders import make_union
from unions.models import Union

TODAY = local_today()
ONE_DAY = dt.timedelta(days=1)
TOMORROW = TODAY + ONE_DAY
PDF = b"%PDF-1.4 decision"


@pytest.fixture
def county() -> Union:
    """A county federation."""
    return make_union("县总", "county_federation")


@pytest.fixture
def town(county: Union) -> Union:
    """A township union of the county."""
    return make_union("镇工会", "township_union", county)


@pytest.fixture
def next_town(county: Union) -> Union:
    """The township beside it."""
    return make_union("邻镇工会", "township_union", county)


@pytest.fixture
def files_aside(tmp_path: Path, settings: Any) -> None:
    """Scans are kept in a folder of the test's own."""
    settings.MEDIA_ROOT = tmp_path


def days_ago(n: int) -> dt.date:
    """The day ``n`` days before today."""
    return TODAY - n * ONE_DAY


def effects(membership: Membership) -> list[tuple[str, dt.date, int, int, int]]:
    """The ledger of a membership in the order of recording."""
    return list(
        membership.events.order_by("id").values_list(
            "type", "effective_on", "active_change", "retained_change", "joined_change"
        )
    )


def stock(union: Union, day: dt.date) -> tuple[int, int]:
    """Active and retained persons of ``union`` at the end of ``day``, from the ledger."""
    events = MembershipEvent.objects.filter(union=union, effective_on__lte=day)
    rows = list(events.values_list("active_change", "retained_change"))
    return sum(row[0] for row in rows), sum(row[1] for row in rows)


def in_order() -> None:
    """Every membership agrees with its ledger."""
    assert list(membership_differences()) == []


def written() -> tuple[object, ...]:
    """Everything an act on a membership may write: equal before and after a refused one."""
    return (
        list(Membership.objects.order_by("pk").values_list()),
        list(Member.objects.order_by("pk").values_list("pk", "home_union")),
        list(Transfer.objects.order_by("pk").values_list()),
        MembershipEvent.objects.count(),
        DecisionPaper.objects.count(),
        AuditEntry.objects.count(),
    )


def refused(act: Callable[[], object], code: str, field: str | None = None) -> RuleViolation:
    """The refusal of ``act``, which must have written nothing."""
    before = written()
    with pytest.raises(RuleViolation) as refusal:
        act()
    assert (refusal.value.code, refusal.value.field) == (code, field)
    assert written() == before
    return refusal.value


def scan(content: bytes = PDF, name: str = "王某的决定.pdf") -> SimpleUploadedFile:
    """A file as a browser sends it."""
    return SimpleUploadedFile(name, content)


def decision(union: Union, *, decided_on: dt.date | None = None) -> DecisionPaper:
    """A committee's decision of ``union``, of yesterday."""
    day = decided_on or days_ago(1)
    return file_decision(union, number="工发〔2026〕1号", decided_on=day, file=scan(), actor=None)


def moving(membership: Membership, to_union: Union, *, asked_by: str = "member") -> Transfer:
    """A transfer under way."""
    return ask_transfer(
        membership, to_union=to_union, reason="换了工作", asked_by=asked_by, actor=None
    )
