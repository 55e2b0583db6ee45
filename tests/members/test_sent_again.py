"""A form sent once more: its sender sees what a stranger would, whatever is on file already."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from audit.models import AuditEntry
from core.clock import CHINA, local_today
from core.codes import format_receipt
from members.models import (
    Application,
    ApplicationStep,
    ExtraQuestion,
    JoinCode,
    OneTimeCode,
    RejectionReason,
    RepeatedSending,
)
from members.receipts import find_receipt
from members.retention import erase_applications
from members.services.codes import code_to_show
from members.services.own_page import take_back_open
from members.services.resubmission import (
    cancel_application,
    request_correction,
    resubmit_application,
)
from members.services.review import approve_application, reject_application
from members.working_days import add_working_days
from tests.builders import make_application, make_join_code, person
from tests.members.joining import answers, code as code, union as union
from tests.members.test_no_oracle import plain

pytestmark = pytest.mark.django_db

WHO = person(951, name="王小明")
E164 = WHO.phone
# Counted by phone and address, whoever it is; not the matter here.
LIMITS = (
    "JOIN_LIMIT_PER_PHONE", "JOIN_LIMIT_PER_IP_WITHOUT_PROOF", "STATUS_LIMIT_PER_IP",
    "STATUS_LIMIT_PER_PHONE",
)  # fmt: skip
RECEIPT = re.compile(r'id="receipt-number"[^>]*>([^<]+)<')
TOKEN = re.compile(r'name="token" value="([^"]+)"')
TOKEN_VALUE = re.compile(r'(name="token" value=")[^"]+')


@pytest.fixture(autouse=True)
def _codes_are_shown(settings):
    settings.SMS_SHOW_CODES = True
    for name in LIMITS:
        setattr(settings, name, 1000)


class Sender:
    """Somebody who fills in the form with WHO's numbers, in a browser of their own."""

    def __init__(self, code: JoinCode, **typed: str) -> None:
        self.browser = Client(HTTP_ACCEPT_LANGUAGE="en")
        data = answers(
            **{"name": WHO.name, "id_number": WHO.id_number, "phone": WHO.phone, **typed}
        )
        assert self.browser.post(f"/join/{code.code}/", data).status_code == 302
        self.page = self.browser.get("/join/received/").content.decode()
        found = RECEIPT.search(self.page)
        assert found is not None
        self.number = found.group(1).replace("-", "")

    def status(self) -> str:
        data = {"receipt_number": self.number, "phone": WHO.phone}
        return self.browser.post("/join/status/", data).content.decode()

    def post(self, act: str, **typed: str) -> str:
        """One of the acts on the page of how it stands."""
        found = TOKEN.search(self.status())
        token = found.group(1) if found else ""
        page = self.browser.post(f"/join/status/{act}/", {"token": token, **typed})
        return page.content.decode()

    def prove(self) -> None:
        typed = {"code": code_to_show(E164)}
        assert self.browser.post("/join/received/prove/", typed).status_code == 302

    def seen(self) -> list[str]:
        """Everything their receipt opens, without what differs between any two answers."""
        pages = [self.browser.get("/join/received/").content.decode(), self.status()]
        return [shown(page) for page in (self.page, *pages)]


def shown(page: str) -> str:
    return plain(TOKEN_VALUE.sub(r"\1", page))


def employer(code: JoinCode) -> Sender:
    return Sender(code, employer_name="老板物流", worker_group="truck_driver")


def first() -> Application:
    """What the union acts on: the application that came first."""
    return Application.objects.order_by("pk")[0]


# -- what may be on file before the employer sends the form ---------------------------------------


def applied(union: Any) -> Sender:
    return Sender(make_join_code(union), employer_name="美团")


def proven(union: Any) -> None:
    applied(union).prove()


def long_ago(union: Any) -> None:
    """Weeks old, the union reminded, the union above told."""
    proven(union)
    Application.objects.update(submitted_at=timezone.now() - dt.timedelta(days=40))
    for kind, days in (("reminded", 30), ("escalated", 20)):
        at = timezone.now() - dt.timedelta(days=days)
        ApplicationStep.objects.create(application=first(), type=kind, at=at)
    OneTimeCode.objects.update(created_at=timezone.now() - dt.timedelta(days=3))


def twice(union: Any) -> None:
    applied(union)
    applied(union)


def on_paper(union: Any) -> None:
    applied(union)
    Application.objects.update(join_code=None, channel="paper")


BEFORE = (applied, proven, long_ago, twice, on_paper)


# -- what may happen afterwards -------------------------------------------------------------------


def nothing(sender: Sender) -> list[str]:
    return []


def wrong_code(sender: Sender) -> list[str]:
    return [shown(sender.browser.post("/join/received/prove/", {"code": "x"}).content.decode())]


def approved(sender: Sender) -> list[str]:
    approve_application(first(), actor=None)
    return []


def turned_down(sender: Sender) -> list[str]:
    reason = RejectionReason.objects.get(pk="outside_area")
    reject_application(first(), reason=reason, note="请到区总", actor=None)
    return []


def to_correct(sender: Sender) -> list[str]:
    request_correction(first(), fields=["name"], note="看证件", actor=None)
    return [*sender.seen(), shown(sender.post("correct"))]


def corrected(sender: Sender) -> list[str]:
    pages = to_correct(sender)
    typed = {"name": "王小名", "worker_group": "courier", "employer_name": "", "send": "1"}
    return [*pages, shown(sender.post("correct", **typed))]


def taken_back(sender: Sender) -> list[str]:
    return [shown(sender.post("take-back"))]


AFTER = (nothing, wrong_code, approved, turned_down, to_correct, corrected, taken_back)


def test_the_employer_sees_what_a_stranger_sees(code: JoinCode) -> None:
    def world(before: Callable[[Any], Any], after: Callable[[Sender], list[str]]) -> list[str]:
        with transaction.atomic():
            before(code.union)
            sender = employer(code)
            pages = [*after(sender), *sender.seen()]
            transaction.set_rollback(True)
        return pages

    for after in AFTER:
        alone = world(lambda union: None, after)
        for before in BEFORE if after is nothing else (long_ago,):
            for mine, strangers in zip(world(before, after), alone, strict=True):
                what = f"{before.__name__}, {after.__name__}"
                assert mine.splitlines() == strangers.splitlines(), what


# -- what the worker does meanwhile ---------------------------------------------------------------


def test_nothing_the_worker_does_shows(code: JoinCode) -> None:
    def world(*, has_worker: bool, act: Callable[[Sender], Any], asks: bool = False) -> list[str]:
        with transaction.atomic():
            worker = applied(code.union) if has_worker else None
            sender = employer(code)
            if asks:
                request_correction(first(), fields=["phone"], actor=None)
            if worker is not None:
                act(worker)
            pages = sender.seen()
            transaction.set_rollback(True)
        return pages

    def corrects(worker: Sender) -> None:
        resubmit_application(first(), changes={"phone": "12900000778"})

    for act, asks in ((Sender.prove, False), (lambda _w: cancel_application(first()), False),
                      (corrects, True)):  # fmt: skip
        alone = world(has_worker=False, act=act, asks=asks)
        assert world(has_worker=True, act=act, asks=asks) == alone


def test_who_sends_first_does_not_see_who_comes_later(code: JoinCode) -> None:
    """An employer who fills in the form for everybody, and watches."""
    sender = employer(code)
    before = sender.seen()
    worker = applied(code.union)
    worker.prove()
    assert sender.seen() == before
    # The union now has what the phone's owner typed; what came before is beside it.
    application = Application.objects.get()
    assert application.receipt_number == worker.number
    assert (application.worker_group_id, application.employer_name) == ("courier", "美团")
    assert application.phone_proven_at is not None
    sending = RepeatedSending.objects.get()
    assert (sending.receipt_number, sending.worker_group_id) == (sender.number, "truck_driver")
    assert (sending.employer_name, sending.proven_at) == ("老板物流", None)
    assert sending.sent_at == application.submitted_at
    assert application.join_code == code == sending.join_code
    assert "Your mobile number is confirmed." in worker.seen()[1]


# -- what becomes of it ---------------------------------------------------------------------------


def test_a_worker_who_sends_again_and_proves_sees_all(code: JoinCode) -> None:
    old = applied(code.union)
    old.prove()
    Application.objects.update(submitted_at=timezone.now() - dt.timedelta(days=3))
    OneTimeCode.objects.all().delete()
    again = applied(code.union)
    assert "Confirm your mobile number" in again.page
    again.prove()
    application = Application.objects.get()
    receipt = find_receipt(again.number, E164)
    assert receipt is not None
    assert (receipt.is_whole, receipt.sent_at) == (True, application.submitted_at)
    assert application.receipt_number == old.number
    entries = AuditEntry.objects.filter(action="application.phone_proven")
    assert [entry.object_id for entry in entries] == [str(application.pk)] * 2
    again.post("take-back")
    application.refresh_from_db()
    assert application.status == "cancelled"
    assert "You have taken your application back" in old.status()


def test_taking_back_ends_only_what_was_sent_with_it(code: JoinCode) -> None:
    worker = applied(code.union)
    before = worker.seen()
    sender = employer(code)
    assert "You have taken your application back" in sender.post("take-back")
    assert worker.seen() == before
    own, other = Application.objects.order_by("pk")
    assert (own.status, other.status) == ("submitted", "cancelled")
    assert (other.receipt_number, other.employer_name) == (sender.number, "老板物流")
    assert (other.consents.count(), RepeatedSending.objects.count()) == (2, 0)
    # Sent once more, it is a sending of the one that waits.
    employer(code)
    assert (Application.objects.count(), own.sendings.count()) == (2, 1)


def test_the_owner_of_the_phone_ends_all(code: JoinCode) -> None:
    applied(code.union)
    sender = employer(code)
    with transaction.atomic():
        assert take_back_open(Application.objects.all()) == 1
    assert "You have taken your application back" in sender.status()
    assert Application.objects.count() == 1


def test_what_was_unproven_waits_on_when_the_first_is_taken_back(code: JoinCode) -> None:
    worker, sender, third = applied(code.union), employer(code), employer(code)
    worker.post("take-back")
    own, other = Application.objects.order_by("pk")
    assert (own.status, other.status) == ("cancelled", "submitted")
    assert other.receipt_number == sender.number
    assert other.sendings.get().receipt_number == third.number
    assert "Your application is being reviewed" in third.status()


def test_a_form_while_a_correction_is_asked_for_is_an_application(code: JoinCode) -> None:
    application = make_application(code, WHO)
    request_correction(application, fields=["name"], actor=None)
    employer(code)
    assert [a.status for a in Application.objects.order_by("pk")] == ["correction", "submitted"]
    resubmit_application(application, changes={"name": "王小铭"})
    assert Application.objects.filter(status="submitted").count() == 2
    assert RepeatedSending.objects.count() == 0


def test_the_official_sees_what_differs(admin_client: Client, code: JoinCode) -> None:
    applied(code.union)
    sender = Sender(code, name="王晓明", employer_name="老板物流", worker_group="courier")
    application = Application.objects.get()
    address = f"/admin/members/application/{application.pk}/change/"
    page = admin_client.get(address, HTTP_ACCEPT_LANGUAGE="en").content.decode()
    part = page[page.index("Sent again") :]
    part = part[: part.index("</section>")]
    assert part.count("portal-compare-other") == 2
    for value in ("王晓明", "老板物流"):
        assert value in part
    for secret in (WHO.id_number, WHO.phone, E164):
        assert secret not in page
    found = admin_client.get("/admin/members/application/", {"q": format_receipt(sender.number)})
    assert address in found.content.decode()
    sender.post("take-back")
    page = admin_client.get(address, HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert "taken back by its sender" in page


def test_reminders_come_by_the_age_of_the_own_form(code: JoinCode) -> None:
    long_ago(code.union)
    sender = employer(code)
    today = local_today()

    def steps() -> list[tuple[str, dt.date]]:
        receipt = find_receipt(sender.number, E164)
        assert receipt is not None
        return [(step.type, step.at.astimezone(CHINA).date()) for step in receipt.steps()]

    assert steps() == []
    sent_at = timezone.now() - dt.timedelta(days=14)
    RepeatedSending.objects.update(sent_at=sent_at)
    sent_on = sent_at.astimezone(CHINA).date()
    due = [("reminded", add_working_days(sent_on, 5)), ("escalated", add_working_days(sent_on, 10))]
    # At the hour at which the union was reminded of the first: a moment ago.
    assert steps() == [(kind, day) for kind, day in due if day <= today]
    reject_application(first(), reason=RejectionReason.objects.get(pk="outside_area"), actor=None)
    assert steps()[-1][0] == "rejected"


def test_answers_and_consents_go_along(union: Any, code: JoinCode) -> None:
    question = ExtraQuestion.objects.create(union=union, kind="text", text_zh="站点")
    Sender(code, **{f"question_{question.pk}": "南门"})
    sender = Sender(code, **{f"question_{question.pk}": "北门"})
    sending = RepeatedSending.objects.get()
    assert sending.answers == {str(question.pk): "北门"}
    assert len(sending.text_ids) == 2
    OneTimeCode.objects.all().delete()
    sender.browser.get("/join/received/")
    sender.prove()
    application = Application.objects.get()
    assert [answer.value for answer in application.extra_answers.all()] == ["北门"]
    assert application.consents.count() == 2
    sending.refresh_from_db()
    assert sending.answers == {str(question.pk): "南门"}
    erase_applications([application.pk])
    sending.refresh_from_db()
    assert (sending.name, sending.employer_name, sending.answers) == ("", "", {})
    assert "No application with this receipt number" in sender.status()
