"""Two officials at once, with real threads: one act is done, the other is told; no deadlock."""

import threading
from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection

from core.clock import local_today
from core.errors import RuleViolation
from members.enums import ChangeReason
from members.models import Membership, Transfer
from members.reconciliation import membership_differences
from members.services.changes import retain_membership, withdraw_membership
from members.services.correction import annul_membership, correct_end, correct_start
from members.services.review import approve_application
from members.services.transfer import cancel_transfer, decide_transfer, expire_transfers
from tests.builders import make_application, make_join_code, make_membership, make_union, person
from tests.members.lifecycle import ONE_DAY, days_ago, moving
from unions.models import Union

pytestmark = pytest.mark.django_db(transaction=True)

DONE = "done"


def together(*acts: Callable[[], object]) -> list[str]:
    """What came of each act, all begun at the same moment: ``done`` or the code of the refusal."""
    barrier = threading.Barrier(len(acts))
    outcomes = [""] * len(acts)

    def run(place: int, act: Callable[[], object]) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=20)
            act()
            outcomes[place] = DONE
        except RuleViolation as refusal:
            outcomes[place] = refusal.code
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return outcomes


def make_towns() -> tuple[Union, Union]:
    county = make_union("县总", "county_federation")
    return (
        make_union("东镇工会", "township_union", county),
        make_union("西镇工会", "township_union", county),
    )


def test_whoever_comes_second_is_told() -> None:
    east, west = make_towns()

    def member() -> Membership:
        return make_membership(east, on="2024-01-01")

    left = member()
    assert sorted(together(*[lambda: withdraw_membership(left, actor=None)] * 3)) == [
        DONE, "ended", "ended",
    ]  # fmt: skip
    kept = member()
    retain = lambda: retain_membership(kept, reason=ChangeReason.RETIRED, actor=None)  # noqa: E731
    assert sorted(together(retain, retain)) == [DONE, "retained"]
    asked = member()
    ask = lambda: moving(asked, west)  # noqa: E731
    assert sorted(together(ask, ask)) == [DONE, "transferring"]
    transfer = Transfer.objects.get(membership=asked)
    agree = lambda: decide_transfer(transfer, side="releasing", agree=True, actor=None)  # noqa: E731
    assert sorted(together(agree, agree)) == ["decided", DONE]
    corrected = member()
    right = days_ago(400)
    mend = lambda: correct_start(corrected, started_on=right, actor=None)  # noqa: E731
    assert sorted(together(mend, mend)) == [DONE, "unchanged"]
    undone = member()
    undo = lambda: annul_membership(undone, actor=None)  # noqa: E731
    assert sorted(together(undo, undo)) == ["annulled", DONE]
    assert list(membership_differences()) == []


def test_both_unions_agree_at_the_same_moment() -> None:
    east, west = make_towns()
    membership = make_membership(east, on="2024-01-01")
    transfer = moving(membership, west)
    outcomes = together(
        lambda: decide_transfer(transfer, side="releasing", agree=True, actor=None),
        lambda: decide_transfer(transfer, side="receiving", agree=True, actor=None),
    )
    assert outcomes == [DONE, DONE]
    transfer.refresh_from_db()
    assert transfer.status == "done"
    assert list(membership_differences()) == []


def test_one_agrees_while_the_member_leaves_cancels_or_the_deadline_passes() -> None:
    east, west = make_towns()
    for end in ("leave", "cancel", "expire"):
        membership = make_membership(east, on="2024-01-01")
        transfer = moving(membership, west, asked_by="receiving")
        others: dict[str, Callable[[], object]] = {
            "leave": partial(withdraw_membership, membership, actor=None),
            "cancel": partial(cancel_transfer, transfer, actor=None),
            "expire": partial(expire_transfers, transfer.deadline + ONE_DAY),
        }
        agree = partial(decide_transfer, transfer, side="releasing", agree=True, actor=None)
        outcomes = together(agree, others[end])
        transfer.refresh_from_db()
        if transfer.status == "done":
            assert outcomes == [DONE, {"leave": "ended", "cancel": "closed", "expire": DONE}[end]]
        else:
            assert outcomes == ["closed", DONE]
        assert membership.member.memberships.open().count() <= 1
    assert list(membership_differences()) == []


def test_rejoining_while_an_end_is_taken_back() -> None:
    east, _west = make_towns()
    code = make_join_code(east)
    for number in range(3):
        who = person(5000 + number)
        first = make_membership(east, who, on="2024-01-01")
        withdraw_membership(first, last_day=local_today(), actor=None)
        application = make_application(code, who)
        outcomes = together(
            partial(approve_application, application, actor=None),
            partial(correct_end, first, last_day=None, actor=None),
        )
        assert sorted(outcomes) == ["already_member", DONE]
        assert first.member.memberships.open().count() == 1
    assert list(membership_differences()) == []
