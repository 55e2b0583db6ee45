"""Collective registration: nobody on a list counts before saying yes on their own phone."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from core.encryption import decrypt
from core.errors import RuleViolation
from members.collective_table import MOST_ROWS, headings, read_list
from members.models import (
    Application,
    CollectiveEntry,
    CollectiveRegistration,
    JoinCode,
    Message,
)
from members.models.message import BODY_CONTEXT
from members.selectors import current_consent_texts
from members.services.collective import (
    expire_entries,
    progress_of,
    register_list,
    resend_links,
)
from members.services.join_codes import set_join_code_active
from members.services.review import approve_application
from tests.builders import make_application, make_join_code, make_official, make_union, person
from tests.members.joining import union as union
from unions.models import Union
from unions.tabular.files import Table, read_table, write_workbook

pytestmark = pytest.mark.django_db

NAMES = ["name", "id_number", "phone", "worker_group", "employer_name"]


def row(number: int, **changes: Any) -> list[Any]:
    who = person(number)
    values = {
        "name": who.name,
        "id_number": who.id_number,
        "phone": who.phone,
        "worker_group": "快递员",
        "employer_name": "顺达",
        **changes,
    }
    return [values[name] for name in NAMES]


def table(*rows: list[Any]) -> Table:
    return Table(NAMES, list(rows), list(range(2, len(rows) + 2)))


def register(union: Union, *rows: list[Any], actor: Any = None) -> CollectiveRegistration:
    official = actor or make_official("clerk", union)
    return register_list(union, read_list(table(*rows)), file_name="a.xlsx", actor=official)


def links() -> list[str]:
    """The addresses that were sent, oldest first, without the host."""
    bodies = [
        decrypt(message.body_encrypted, context=BODY_CONTEXT)
        for message in Message.objects.filter(template="collective_confirm").order_by("pk")
    ]
    return ["/join/confirm/" + body.rpartition("/join/confirm/")[2] for body in bodies]


def consents() -> dict[str, str]:
    return {f"consent_{text.purpose}": str(text.pk) for text in current_consent_texts()}


def test_nobody_counts_before_confirming(client: Client, union: Union) -> None:
    registration = register(union, row(1), row(2), row(3))
    assert Application.objects.count() == 0
    assert progress_of(registration) == (3, 0, 0, 0)
    yes, no, _silent = links()
    page = client.get(yes, HTTP_ACCEPT_LANGUAGE="en").content.decode()
    who = person(1)
    for hidden in (who.name, who.id_number, who.phone.removeprefix("+86")):
        assert hidden not in page
    assert Application.objects.count() == 0

    done = client.post(yes, {**consents(), "answer": "yes"}, HTTP_ACCEPT_LANGUAGE="en")
    assert "Your receipt number" in done.content.decode()
    application = Application.objects.get()
    code = registration.join_code
    assert (application.channel, application.join_code) == ("collective", code)
    assert (application.union, application.employer_name) == (union, "顺达")
    assert application.phone_proven_at is not None
    assert application.consents.count() == len(consents())

    assert client.post(no, {"answer": "no"}).status_code == 200
    assert Application.objects.count() == 1
    assert progress_of(registration) == (1, 1, 1, 0)

    membership = approve_application(application, actor=None)
    event = membership.events.get()
    assert (membership.channel, membership.join_code) == ("collective", code)
    assert (event.channel, event.join_code) == ("collective", code)


def test_consent_is_asked_for_one_by_one(client: Client, union: Union) -> None:
    register(union, row(1))
    (link,) = links()
    sent = consents()
    sent.pop("consent_id_number")
    page = client.post(link, {**sent, "answer": "yes"})
    assert page.status_code == 200
    assert page.context["form"].errors.keys() == {"consent_id_number"}
    assert Application.objects.count() == 0
    assert CollectiveEntry.objects.get().status == "invited"


def test_the_link_is_no_oracle(client: Client, union: Union) -> None:
    """Used, declined, run out, cut short, never made: one page, one status."""
    register(union, row(1), row(2), row(3))
    used, declined, old = links()
    client.post(used, {**consents(), "answer": "yes"})
    client.post(declined, {"answer": "no"})
    last = CollectiveEntry.objects.get(row_number=4)
    CollectiveEntry.objects.filter(pk=last.pk).update(expires_at=timezone.now())
    answers = [
        client.get(link) for link in (used, declined, old, old[:-3] + "/", "/join/confirm/x/")
    ]
    assert {answer.status_code for answer in answers} == {404}
    # But for the random mask of the CSRF token.
    pages = {re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", a.text) for a in answers}
    assert len(pages) == 1
    for link in (used, declined, old):
        again = client.post(link, {**consents(), "answer": "yes"})
        assert again.status_code == 404
    assert Application.objects.count() == 1


def test_somebody_who_applied_already_has_one_application(client: Client, union: Union) -> None:
    first = make_application(make_join_code(union), person(1))
    official = make_official("clerk", union)
    register(union, row(1), actor=official)
    register(union, row(1), actor=official)
    for link in links():
        assert client.post(link, {**consents(), "answer": "yes"}).status_code == 200
    assert Application.objects.get() == first
    assert {e.application for e in CollectiveEntry.objects.all()} == {first}
    first.refresh_from_db()
    assert first.channel == "qr"


def test_links_run_out_and_are_sent_again_once_a_day(client: Client, union: Union) -> None:
    official = make_official("clerk", union)
    registration = register(union, row(1), row(2), actor=official)
    assert resend_links(registration, actor=official) == 0
    earlier = timezone.now() - dt.timedelta(minutes=1)
    CollectiveEntry.objects.update(expires_at=earlier)
    assert progress_of(registration) == (0, 0, 0, 2)
    assert expire_entries() == 2
    assert progress_of(registration) == (0, 0, 0, 2)
    assert resend_links(registration, actor=official) == 2
    assert progress_of(registration) == (2, 0, 0, 0)
    old, _other, new, _last = links()
    assert client.get(old).status_code == 404
    assert client.get(new).status_code == 200
    assert resend_links(registration, actor=official) == 0


def test_a_closed_list_takes_nobody(client: Client, union: Union) -> None:
    official = make_official("clerk", union)
    registration = register(union, row(1), actor=official)
    set_join_code_active(registration.join_code, is_active=False, actor=official)
    page = client.post(links()[0], {**consents(), "answer": "yes"}, HTTP_ACCEPT_LANGUAGE="en")
    assert "no longer accepts" in page.content.decode()
    assert Application.objects.count() == 0
    assert CollectiveEntry.objects.get().status == "invited"
    with pytest.raises(RuleViolation):
        resend_links(registration, actor=official)


def test_faults_stand_in_their_cells(union: Union) -> None:
    rows = read_list(
        table(
            row(1),
            row(2, phone="1"),
            row(3, worker_group="巫师"),
            row(4, id_number="", name=""),
            row(1, phone=person(9).phone),
            row(5, phone=person(1).phone),
        )
    )
    assert [sorted(r.faults) for r in rows] == [
        [], ["phone"], ["worker_group"], ["id_number", "name"], ["id_number"], ["phone"],
    ]  # fmt: skip
    # Sound numbers are masked on the page, faulty ones can be compared with the file.
    assert rows[0].shown("id_number") != person(1).id_number
    assert rows[1].shown("phone") == "1"
    with pytest.raises(RuleViolation):
        register(union, row(1), row(2, phone="1"))
    assert CollectiveRegistration.objects.count() == JoinCode.objects.count() == 0


def test_lists_are_bounded_and_their_columns_known() -> None:
    with pytest.raises(RuleViolation):
        read_list(table(*[row(1)] * (MOST_ROWS + 1)))
    with pytest.raises(RuleViolation):
        read_list(Table(["姓名"], [["张三"]], [2]))
    with pytest.raises(RuleViolation):
        read_list(Table([*NAMES, "工资"], [[*row(1), "1"]], [2]))


def test_only_for_unions_in_scope(union: Union) -> None:
    stranger = make_official("stranger", make_union("别处", "township_union", union.parent))
    with pytest.raises(RuleViolation):
        register(union, row(1), actor=stranger)
    assert Message.objects.count() == CollectiveEntry.objects.count() == 0


def test_pages_of_the_official(client: Client, union: Union) -> None:
    """Template, upload with a fault, upload, confirm; the numbers are not left in the cache."""
    official = make_official("clerk", union)
    client.force_login(official)
    base = "/admin/members/collectiveregistration"
    template = client.get(f"{base}/template/")
    assert read_table("t.xlsx", template.content).headers == headings()

    def upload(*rows: list[Any]) -> Any:
        file = SimpleUploadedFile("名单.xlsx", write_workbook(NAMES, rows))
        return client.post(f"{base}/add/", {"union": union.pk, "import_file": file})

    faulty = upload(row(1), row(2, phone="1"))
    assert faulty.context["preview"]["faulty"] == 1
    assert "token" not in faulty.context
    sound = upload(row(1), row(2))
    token = sound.context["token"]
    assert person(1).id_number not in sound.content.decode()
    kept = cache.get(f"collective:{official.pk}:{token}")
    assert person(1).id_number.encode() not in repr(kept).encode()
    assert CollectiveRegistration.objects.count() == 0
    answer = client.post(f"{base}/confirm/", {"token": token})
    registration = CollectiveRegistration.objects.get()
    assert answer.headers["Location"] == f"{base}/{registration.pk}/change/"
    assert progress_of(registration) == (2, 0, 0, 0)
    page = client.get(f"{base}/{registration.pk}/change/").content.decode()
    assert person(1).id_number not in page
    # A second click finds no file any more.
    client.post(f"{base}/confirm/", {"token": token})
    assert CollectiveRegistration.objects.count() == 1
