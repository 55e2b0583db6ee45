"""Tying a code that there is already to a campaign: before its first sign-up, or not at all."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.models import AuditEntry
from campaigns.models import Campaign, CampaignJoinCode
from campaigns.services.campaigns import add_campaign_join_code, tie_join_code
from core.clock import local_today
from core.errors import RuleViolation
from members.models import Application, JoinCode
from members.services.join_codes import set_join_code_active
from members.services.windows import open_window
from tests.builders import make_application, make_join_code, make_union, person
from tests.campaigns.builders import make_campaign
from tests.portal.world import World, logged_in, make_world
from unions.models import Union

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def campaign(world: World) -> Campaign:
    return make_campaign("集中行动", world.city)


def page_of(campaign: Campaign) -> str:
    return reverse("admin:campaigns_campaign_join_code", args=[campaign.pk])


def links() -> set[tuple[str, str]]:
    return set(CampaignJoinCode.objects.values_list("join_code__code", "campaign__name"))


def errors_of(client: Client, campaign: Campaign, **fields: object) -> dict[str, list[str]]:
    """What the page says beside which field; nothing may have been written."""
    before = links(), AuditEntry.objects.count(), JoinCode.objects.count()
    form = client.post(page_of(campaign), fields).context["form"]
    assert (links(), AuditEntry.objects.count(), JoinCode.objects.count()) == before
    return {name: [str(error) for error in errors] for name, errors in form.errors.items()}


def refused(campaign: Campaign, code: JoinCode, actor: User | None) -> tuple[str | None, str]:
    """Field and code of the refusal; nothing may have been written."""
    before = links(), AuditEntry.objects.count()
    with pytest.raises(RuleViolation) as refusal:
        tie_join_code(campaign, code, actor=actor)
    assert (links(), AuditEntry.objects.count()) == before
    return refusal.value.field, refusal.value.code


def used(union: Union) -> JoinCode:
    code = make_join_code(union)
    make_application(code)
    return code


def closed(union: Union) -> JoinCode:
    return set_join_code_active(make_join_code(union), is_active=False, actor=None)


def run_out(union: Union) -> JoinCode:
    return make_join_code(union, valid_until=local_today() - dt.timedelta(days=1))


def of_another_campaign(union: Union) -> JoinCode:
    return add_campaign_join_code(make_campaign("另一行动", union), union=union, actor=None)


def test_the_page_ties_the_code_of_a_window(world: World, campaign: Campaign) -> None:
    window = open_window(world.low, place="万达广场", actor=world.grassroots)
    answer = logged_in(world.official).post(
        page_of(campaign), {"join_code": window.join_code_id}, follow=True
    )
    assert answer.redirect_chain == [
        (reverse("admin:members_joincode_change", args=[window.join_code_id]), 302)
    ]
    code = window.join_code.code
    said = f"From now on whoever joins through {code} is counted here."
    assert [str(message) for message in answer.context["messages"]] == [said]
    assert links() == {(code, "集中行动")}
    entry = AuditEntry.objects.get(action="campaign.join_code_tied")
    assert (entry.actor, entry.object_id, entry.union_path, entry.data) == (
        world.official, str(campaign.pk), world.low.path, {"join_code": code},
    )  # fmt: skip
    assert JoinCode.objects.count() == 1


@pytest.mark.parametrize(
    ("make_code", "code", "said"),
    [
        (used, "used", "Somebody has applied through this code already; make another one."),
        (closed, "closed", "This code accepts no sign-ups."),
        (run_out, "closed", "This code accepts no sign-ups."),
        (of_another_campaign, "has_campaign", "This code belongs to a campaign already."),
    ],
)
def test_what_the_code_stands_for_does_not_change(
    world: World,
    campaign: Campaign,
    make_code: Callable[[Union], JoinCode],
    code: str,
    said: str,
) -> None:
    join_code = make_code(world.low)
    assert refused(campaign, join_code, world.official) == ("join_code", code)
    client = logged_in(world.official)
    assert errors_of(client, campaign, join_code=join_code.pk) == {"join_code": [said]}


def test_an_application_passed_on_has_used_the_code(world: World, campaign: Campaign) -> None:
    join_code = used(world.low)
    Application.objects.update(union=world.county)
    assert refused(campaign, join_code, None) == ("join_code", "used")


def test_only_codes_below_the_campaign_and_in_scope(world: World, campaign: Campaign) -> None:
    foreign, own = make_join_code(world.other_low), make_join_code(world.low)
    for actor in (world.official, world.neighbour, world.leader, world.grassroots):
        assert refused(campaign, foreign, actor) == ("join_code", "out_of_scope")
    # The neighbour lacks the campaign and the code, the low union's official the campaign.
    for actor in (world.neighbour, world.leader, world.grassroots):
        assert refused(campaign, own, actor) == ("join_code", "out_of_scope")
    # Whoever reaches both branches still ties none from beside the campaign's owner.
    assert refused(campaign, foreign, world.operator) == ("join_code", "out_of_scope")
    of_county = make_campaign("县行动", world.county)
    beside = make_join_code(make_union("市联合会", "nef_federation", world.city))
    assert errors_of(logged_in(world.official), of_county, join_code=beside.pk) == {
        "join_code": ["This union does not stand under “东昌府区总工会”."]
    }
    # Out of scope it is as if there were no such code.
    gone = "Select a valid choice. That choice is not one of the available choices."
    for key in (foreign.pk, 10**9, "x"):
        assert errors_of(logged_in(world.official), campaign, join_code=key) == {
            "join_code": [gone]
        }
    stranger = logged_in(world.neighbour).post(page_of(campaign), {"join_code": own.pk})
    assert (stranger.status_code, links()) == (404, set())


def test_a_new_code_or_an_existing_one(world: World, campaign: Campaign) -> None:
    client, code = logged_in(world.official), make_join_code(world.low)
    said = {"union": ["Choose the union of a new code, or an existing code."]}
    assert errors_of(client, campaign, union="", join_code="") == said
    assert errors_of(client, campaign, union=world.low.pk, join_code=code.pk) == said
    page = client.get(page_of(campaign)).content.decode()
    assert f"?unused_below={world.city.pk}" in page


def test_the_search_offers_what_may_be_tied(world: World, campaign: Campaign) -> None:
    for make_code in (used, closed, run_out, of_another_campaign):
        make_code(world.low)
    make_join_code(world.other_low)
    free = make_join_code(world.low, label="门口")
    beside = make_join_code(make_union("市联合会", "nef_federation", world.city))
    query = {"app_label": "members", "model_name": "mobilewindow", "field_name": "join_code"}

    def offered(user: User, below: int | str, term: str = "") -> set[str]:
        answer = logged_in(user).get(
            reverse("admin:autocomplete"), {**query, "unused_below": below, "term": term}
        )
        return {row["id"] for row in answer.json()["results"]}

    assert offered(world.official, world.city.pk) == {str(free.pk), str(beside.pk)}
    assert offered(world.official, world.county.pk) == {str(free.pk)}
    assert offered(world.official, world.city.pk, "门口") == {str(free.pk)}
    assert offered(world.neighbour, world.city.pk) == set()
    for hostile in ("", "x", "9" * 40, "-1"):
        assert offered(world.official, hostile) == set()


@pytest.mark.django_db(transaction=True)
def test_an_application_sent_at_the_same_moment_comes_after_the_link() -> None:
    union = make_union("市联合会", "nef_federation", make_union("市总", "city_federation"))
    campaign, code = make_campaign("集中行动", union), make_join_code(union)
    who = person()

    def apply() -> None:
        try:
            make_application(code, who)
        finally:
            connection.close()

    sender = threading.Thread(target=apply)
    with transaction.atomic():
        tie_join_code(campaign, code, actor=None)
        sender.start()
        # It stands still at the code's row, however much time it is given.
        waiting = (
            "SELECT DISTINCT pid FROM pg_locks"
            " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        )
        found = []
        for _attempt in range(400):
            with connection.cursor() as cursor:
                cursor.execute(waiting)
                found = cursor.fetchall()
            if found:
                break
            sender.join(timeout=0.05)
        assert (len(found), sender.is_alive(), Application.objects.count()) == (1, True, 0)
    sender.join(timeout=20)
    assert Application.objects.get().join_code == code
    assert links() == {(code.code, "集中行动")}
    # And the other way round: what is written already is seen.
    second = make_join_code(union)
    make_application(second)
    assert refused(campaign, second, None) == ("join_code", "used")
