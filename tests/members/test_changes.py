"""A membership kept, taken up again and ended: what the ledger holds, and what is refused."""

import datetime as dt

import pytest
from django.http import Http404

from audit.models import AuditEntry
from core.uploads import MAX_BYTES
from members.enums import ChangeReason
from members.ledger_reading import state_on
from members.models import Membership, MembershipEvent
from members.services.changes import (
    expel_membership,
    record_death,
    restore_membership,
    retain_membership,
    withdraw_membership,
)
from members.services.correction import annul_membership
from members.services.papers import file_decision
from members.services.review import approve_application
from tests.builders import (
    make_application,
    make_join_code,
    make_membership,
    make_official,
    make_union,
    person,
)
from tests.members.lifecycle import (
    TODAY,
    TOMORROW,
    county as county,
    days_ago,
    decision,
    effects,
    files_aside as files_aside,
    in_order,
    moving,
    refused,
    scan,
    stock,
    town as town,
    written,
)
from unions.models import Union

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("files_aside")]

START = days_ago(400)


@pytest.fixture
def membership(town: Union) -> Membership:
    return make_membership(town, on=START.isoformat())


def fresh(membership: Membership) -> tuple[str, dt.date | None]:
    membership.refresh_from_db()
    return membership.status, membership.ended_on


def test_kept_and_taken_up_again(membership: Membership, town: Union) -> None:
    official = make_official("official", town)
    retain_membership(
        membership, reason=ChangeReason.UNEMPLOYED, effective_on=days_ago(30), actor=official
    )
    assert fresh(membership) == ("retained", None)
    assert (stock(town, days_ago(31)), stock(town, TODAY)) == ((1, 0), (0, 1))
    restore_membership(membership, actor=official)
    assert fresh(membership) == ("active", None)
    assert effects(membership) == [
        ("joined", START, 1, 0, 1),
        ("retained", days_ago(30), -1, 1, 0),
        ("restored", TODAY, 1, -1, 0),
    ]
    days = (START - dt.timedelta(days=1), START, days_ago(30), days_ago(1), TODAY)
    assert [state_on(membership, day) for day in days] == [
        None, "active", "retained", "retained", "active",
    ]  # fmt: skip
    entries = AuditEntry.objects.filter(object_type="members.membership").order_by("id")
    assert [(entry.action, entry.actor, entry.union_path, entry.data) for entry in entries] == [
        (
            "membership.retained", official, town.path,
            {"reason": "unemployed", "effective_on": days_ago(30).isoformat()},
        ),
        (
            "membership.restored", official, town.path,
            {"reason": "working_again", "effective_on": TODAY.isoformat()},
        ),
    ]  # fmt: skip
    in_order()


def test_left_counts_to_the_end_of_the_last_day(membership: Membership, town: Union) -> None:
    withdraw_membership(membership, announced_on=TODAY, actor=None)
    assert fresh(membership) == ("ended", TODAY)
    assert (membership.announced_on, membership.awaits_announcement) == (TODAY, False)
    assert (stock(town, TODAY), stock(town, TOMORROW)) == ((1, 0), (0, 0))
    assert effects(membership)[-1] == ("withdrawn", TOMORROW, -1, 0, 0)
    assert [state_on(membership, day) for day in (TODAY, TOMORROW)] == ["active", "ended"]
    entry = AuditEntry.objects.get(action="membership.withdrawn")
    assert entry.data == {
        "reason": "own_wish",
        "last_day": TODAY.isoformat(),
        "announced_on": TODAY.isoformat(),
    }
    in_order()


def test_who_was_retained_leaves_from_there(membership: Membership, town: Union) -> None:
    retain_membership(membership, reason=ChangeReason.RETIRED, effective_on=days_ago(9), actor=None)
    record_death(membership, died_on=days_ago(2), actor=None)
    assert fresh(membership) == ("ended", days_ago(2))
    assert effects(membership)[-1] == ("deceased", days_ago(1), 0, -1, 0)
    assert [stock(town, days_ago(n)) for n in (10, 9, 2, 1)] == [(1, 0), (0, 1), (0, 1), (0, 0)]
    in_order()


def test_expelled_by_the_committees_decision(membership: Membership, town: Union) -> None:
    official = make_official("official", town)
    paper = decision(town)
    expel_membership(membership, decision=paper, actor=official)
    assert fresh(membership) == ("ended", TODAY)
    event = MembershipEvent.objects.get(type="expelled")
    assert (event.decision, event.reason, event.effective_on) == (paper, "crime", TOMORROW)
    assert (event.active_change, event.actor) == (-1, official)
    entry = AuditEntry.objects.get(action="membership.expelled")
    assert entry.data == {
        "reason": "crime", "last_day": TODAY.isoformat(), "decision": str(paper.pk),
    }  # fmt: skip
    in_order()


def test_expulsion_needs_crime_and_the_own_unions_paper(
    membership: Membership, town: Union, county: Union
) -> None:
    paper, foreign = decision(town), decision(county)
    refused(
        lambda: expel_membership(
            membership, decision=paper, reason=ChangeReason.OWN_WISH, actor=None
        ),
        "reason",
        "reason",
    )
    refused(lambda: expel_membership(membership, decision=foreign, actor=None), "union", "decision")
    refused(
        lambda: expel_membership(membership, decision=paper, last_day=days_ago(2), actor=None),
        "before_decision",
        "last_day",
    )


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"MZ\x90\x00 program", "kind"),
        (b"<html><script>", "kind"),
        (b"%PDF-" + b"0" * MAX_BYTES, "too_large"),
    ],
    ids=("empty", "program", "page", "too-large"),
)
def test_what_is_no_scan_is_refused(town: Union, content: bytes, code: str) -> None:
    refused(
        lambda: file_decision(town, number="1", decided_on=TODAY, file=scan(content), actor=None),
        code,
        "file",
    )


def test_scan_is_kept_under_a_name_without_people(town: Union) -> None:
    paper = decision(town)
    name = str(paper.file.name)
    assert name.startswith(f"decisions/{TODAY.year}/")
    assert name.endswith(".pdf")
    assert "王" not in name


def test_refusals_name_the_day_or_the_state(membership: Membership) -> None:
    retain = ChangeReason.RETIRED
    refused(lambda: restore_membership(membership, actor=None), "not_retained")
    refused(
        lambda: retain_membership(membership, reason=ChangeReason.CRIME, actor=None),
        "reason",
        "reason",
    )
    refused(
        lambda: retain_membership(membership, reason=retain, effective_on=TOMORROW, actor=None),
        "future",
        "effective_on",
    )
    refused(
        lambda: withdraw_membership(membership, last_day=START - dt.timedelta(days=1), actor=None),
        "too_early",
        "last_day",
    )
    refused(
        lambda: withdraw_membership(membership, announced_on=TOMORROW, actor=None),
        "future",
        "announced_on",
    )
    refused(
        lambda: withdraw_membership(membership, announced_on=days_ago(1), actor=None),
        "before_leaving",
        "announced_on",
    )
    refused(lambda: record_death(membership, died_on=TOMORROW, actor=None), "future", "died_on")
    retain_membership(membership, reason=retain, actor=None)
    refused(lambda: retain_membership(membership, reason=retain, actor=None), "retained")
    withdraw_membership(membership, actor=None)
    assert str(TODAY) in str(refused(lambda: withdraw_membership(membership, actor=None), "ended"))
    refused(lambda: retain_membership(membership, reason=retain, actor=None), "ended")
    in_order()


def test_other_unions_officials_find_nothing(membership: Membership) -> None:
    stranger = make_official("stranger", make_union("邻县总", "county_federation"))
    before = written()
    for act in (
        lambda: retain_membership(membership, reason=ChangeReason.RETIRED, actor=stranger),
        lambda: withdraw_membership(membership, actor=stranger),
        lambda: record_death(membership, died_on=TODAY, actor=stranger),
        lambda: annul_membership(membership, actor=stranger),
    ):
        with pytest.raises(Http404):
            act()
    assert written() == before


def test_freedom_to_leave_ends_a_transfer(membership: Membership, county: Union) -> None:
    transfer = moving(membership, county)
    refused(
        lambda: retain_membership(membership, reason=ChangeReason.RETIRED, actor=None),
        "transferring",
    )
    withdraw_membership(membership, last_day=days_ago(1), actor=None)
    transfer.refresh_from_db()
    assert transfer.status == "cancelled"
    assert fresh(membership) == ("ended", days_ago(1))
    assert [row[0] for row in effects(membership)] == [
        "joined", "transfer_asked", "transfer_dropped", "withdrawn",
    ]  # fmt: skip
    in_order()


def test_who_left_today_joins_again_from_tomorrow(town: Union) -> None:
    code = make_join_code(town)
    who = person(7)
    first = approve_application(make_application(code, who), actor=None)
    withdraw_membership(first, actor=None)
    second = approve_application(make_application(code, who), actor=None)
    assert second.member == first.member
    assert (second.started_on, second.status) == (TOMORROW, "active")
    assert [stock(town, day) for day in (TODAY, TOMORROW)] == [(1, 0), (1, 0)]
    assert [state_on(second, day) for day in (TODAY, TOMORROW)] == [None, "active"]
    refused(lambda: withdraw_membership(second, actor=None), "not_begun")
    in_order()


def test_annulled_approval_never_counted_and_the_day_is_free(town: Union) -> None:
    code = make_join_code(town)
    who = person(8)
    first = approve_application(make_application(code, who), actor=None)
    retain_membership(first, reason=ChangeReason.RETIRED, actor=None)
    annul_membership(first, actor=None)
    assert fresh(first) == ("annulled", TODAY)
    assert (first.application, state_on(first, TODAY)) == (None, "annulled")
    assert (stock(town, TODAY), stock(town, TOMORROW)) == ((0, 0), (0, 0))
    refused(lambda: annul_membership(first, actor=None), "annulled")
    refused(lambda: withdraw_membership(first, actor=None), "annulled")
    second = approve_application(make_application(code, who), actor=None)
    assert second.started_on == TODAY
    in_order()
