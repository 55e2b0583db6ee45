"""Lists with full numbers: two persons, a purpose, a week, and only what the asker may see."""

from __future__ import annotations

import datetime as dt
from io import BytesIO

import pytest
from django.db import IntegrityError, transaction
from django.http import Http404
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook

from accounts.models import User
from audit.models import AuditEntry
from core.clock import local_today
from core.errors import RuleViolation
from members.models import Membership, PersonalExport
from members.services.personal_export import ask_export, decide_export, start_download
from tests.builders import make_membership, make_official, make_union, person
from unions.enums import Role
from unions.models import Appointment, Union

pytestmark = pytest.mark.django_db


class Place:
    """A county with two townships, its officials, and one of the first township."""

    def __init__(self) -> None:
        self.county = make_union("县总", "county_federation")
        self.low = make_union("甲镇工会", "township_union", self.county)
        self.next = make_union("乙镇工会", "township_union", self.county)
        self.asker = make_official("asker", self.low, Role.GRASSROOTS_OFFICIAL)
        self.colleague = make_official("colleague", self.low, Role.GRASSROOTS_OFFICIAL)
        self.county_official = make_official("county", self.county)
        self.people = [person(number) for number in (1, 2, 3)]
        make_membership(self.low, self.people[0], on="2024-01-01")
        left = make_membership(self.low, self.people[1], on="2024-01-01")
        Membership.objects.filter(pk=left.pk).update(status="ended", ended_on=local_today())
        make_membership(self.next, self.people[2], on="2024-01-01")


@pytest.fixture
def place() -> Place:
    """The county."""
    return Place()


def ask(place: Place, union: Union | None = None, actor: User | None = None) -> PersonalExport:
    """Asked for."""
    return ask_export(union or place.low, purpose="发放慰问品名单", actor=actor or place.asker)


def allowed(place: Place, **changes: object) -> PersonalExport:
    """Allowed by the county."""
    return decide_export(ask(place, **changes), allow=True, actor=place.county_official)  # type: ignore[arg-type]


def actions() -> list[str]:
    """The trail of exports."""
    trail = AuditEntry.objects.filter(object_type="members.personalexport").order_by("pk")
    return list(trail.values_list("action", flat=True))


def test_asked_allowed_downloaded_and_all_of_it_recorded(place: Place) -> None:
    export = allowed(place)
    rows = list(start_download(export, actor=place.asker).rows)
    first, third = place.people[0], place.people[2]
    assert len(rows) == 4
    assert rows[3][2:4] == [first.id_number, first.phone]
    assert third.id_number not in str(rows)
    assert place.people[1].id_number not in str(rows)
    assert "asker" in rows[0][0]
    assert "county" in rows[0][0]
    assert "发放慰问品名单" in rows[1][0]
    assert rows[3][-1] == f"{export.pk}/asker"
    assert actions() == [
        "personal_export.asked", "personal_export.allowed", "personal_export.downloaded",
    ]  # fmt: skip
    entry = AuditEntry.objects.get(action="personal_export.downloaded")
    assert (entry.actor, entry.data, entry.union_path) == (
        place.asker, {"rows": 1, "purpose": "发放慰问品名单"}, place.low.path,
    )  # fmt: skip
    export.refresh_from_db()
    assert export.downloads == 1


def test_nobody_allows_what_they_asked_for(place: Place) -> None:
    export = ask(place, actor=place.county_official)
    with pytest.raises(RuleViolation) as refusal:
        decide_export(export, allow=True, actor=place.county_official)
    assert refusal.value.code == "own"
    # Not even by a statement of SQL.
    with pytest.raises(IntegrityError), transaction.atomic():
        PersonalExport.objects.update(status="allowed", decided_by=place.county_official)
    export.refresh_from_db()
    assert export.status == "asked"


def test_who_may_decide(place: Place) -> None:
    export = ask(place)
    stranger = make_official("stranger", make_union("邻县总", "county_federation"))
    leader = make_official("leader", place.county, Role.LEADER)
    for actor in (place.colleague, stranger, leader):
        with pytest.raises(Http404):
            decide_export(export, allow=True, actor=actor)
    decide_export(export, allow=False, actor=place.county_official)
    with pytest.raises(RuleViolation) as refusal:
        decide_export(export, allow=True, actor=place.county_official)
    assert refusal.value.code == "decided"
    with pytest.raises(RuleViolation) as refusal:
        start_download(export, actor=place.asker)
    assert refusal.value.code == "not_allowed"


def test_who_may_ask_and_that_it_needs_a_purpose(place: Place) -> None:
    leader = make_official("leader", place.county, Role.LEADER)
    for actor, union in (
        (place.asker, place.next),
        (place.asker, place.county),
        (leader, place.low),
    ):
        with pytest.raises(RuleViolation) as refusal:
            ask_export(union, purpose="发放慰问品", actor=actor)
        assert refusal.value.field == "union"
    for purpose in ("", "   ", "急"):
        with pytest.raises(RuleViolation) as refusal:
            ask_export(place.low, purpose=purpose, actor=place.asker)
        assert refusal.value.field == "purpose"
    assert PersonalExport.objects.count() == 0


def test_nobody_else_downloads(place: Place) -> None:
    export = allowed(place)
    for actor in (place.colleague, place.county_official):
        with pytest.raises(RuleViolation):
            start_download(export, actor=actor)
    stranger = make_official("stranger", make_union("邻县总", "county_federation"))
    with pytest.raises(Http404):
        start_download(export, actor=stranger)
    assert "personal_export.downloaded" not in actions()


def test_a_permission_runs_out_after_a_week(place: Place) -> None:
    export = allowed(place)
    PersonalExport.objects.update(decided_at=timezone.now() - dt.timedelta(days=7, minutes=1))
    with pytest.raises(RuleViolation):
        start_download(export, actor=place.asker)
    PersonalExport.objects.update(decided_at=timezone.now() - dt.timedelta(days=6))
    start_download(export, actor=place.asker)


def test_it_lapses_with_the_rights_of_the_asker(place: Place) -> None:
    export = allowed(place)
    Appointment.objects.filter(user=place.asker).update(
        ends_on=local_today() - dt.timedelta(days=1)
    )
    asker = User.objects.get(pk=place.asker.pk)
    with pytest.raises(Http404):
        start_download(export, actor=asker)
    assert actions()[-1] == "personal_export.allowed"


def test_rows_are_those_of_the_moment_of_the_download(place: Place) -> None:
    both = make_official("both", place.county)
    export = ask(place, union=place.county, actor=both)
    decide_export(export, allow=True, actor=place.county_official)
    assert len(list(start_download(export, actor=both).rows)) == 3 + 2
    Membership.objects.filter(union=place.next).update(status="ended", ended_on=local_today())
    assert len(list(start_download(export, actor=both).rows)) == 3 + 1
    # Sent to a smaller union since, the asker is no longer over what was asked for.
    Appointment.objects.filter(user=both).update(union=place.low)
    with pytest.raises(Http404):
        start_download(export, actor=User.objects.get(pk=both.pk))


def test_the_pages(place: Place, client: Client) -> None:
    client.force_login(place.asker)
    client.post(
        "/admin/members/personalexport/add/", {"union": place.low.pk, "purpose": "发放慰问品名单"}
    )
    export = PersonalExport.objects.get()
    page = f"/admin/members/personalexport/{export.pk}/"
    asked = client.get(page + "change/")
    assert place.people[0].id_number not in asked.text
    client.post(page + "decide/", {"decision": "allow"})
    client.post(page + "download/")
    export.refresh_from_db()
    assert (export.status, export.downloads) == ("asked", 0)
    other = Client()
    other.force_login(place.county_official)
    other.post(page + "decide/", {"decision": "allow"})
    answer = client.post(page + "download/")
    sheet = load_workbook(BytesIO(answer.getvalue())).active
    assert place.people[0].id_number in [cell for row in sheet.values for cell in row]
    assert "no-store" in answer.headers["Cache-Control"]
    assert client.get(page + "download/").status_code == 302


def test_the_number_of_queries_does_not_grow_with_the_rows(
    place: Place, django_assert_num_queries: object
) -> None:
    export = allowed(place)
    list(start_download(export, actor=place.asker).rows)
    download = start_download(export, actor=place.asker)
    for number in range(10, 15):
        make_membership(place.low, person(number), on="2024-01-01")
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert len(list(download.rows)) == 3 + 6
