"""Does the time of an answer tell who is known? Forms of strangers, members and waiting people.

One browser sends one form after the other, in random order, and looks at the receipt each time: so
an answer waits for nothing but itself. Each person is sent once: whoever tries somebody else's
number has one try as well, for from the second on it is their own form that waits.
"""

from __future__ import annotations

import datetime as dt
import statistics
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from urllib.parse import urlencode

from django.db import transaction

from core.clock import local_today
from core.identity import IdentityType, demo_identity_number
from core.phone import demo_phone
from members.enums import EventType, JoinChannel
from members.models import ConsentText, JoinCode, Member, Membership
from members.selectors import current_consent_texts
from members.services.enrolment import CheckedPerson, PersonInput, apply_to_join, check_person
from members.services.ledger import record_event
from portal.benchmarks.rows import Row
from portal.benchmarks.web import Client
from reference.models import WorkerGroup

# Strangers twice: how far two series of the same kind lie apart is what may come of chance.
FLOOR, STRANGER, MEMBER, WAITING = "floor", "stranger", "member", "waiting"
KINDS = (FLOOR, STRANGER, MEMBER, WAITING)
WARMING_UP = 40
GROUP = "courier"
EMPLOYER = "某快递公司"
# Nobody's region and phones among those of the other measurements.
_REGION, _FIRST_PHONE, _FIRST_BIRTH = "371800", 81_000_000, dt.date(1970, 1, 1)
# The codes that the receipts send all come from one address.
VARIABLES = {"SMS_SHOW_CODES": "1", "CODE_LIMIT_PER_IP": "1000000000"}


@dataclass
class Times:
    """Seconds of each answer to a form, and of each receipt after it."""

    forms: list[float] = field(default_factory=list)
    receipts: list[float] = field(default_factory=list)


def rows(suite: str, port: int, code: JoinCode, *, each: int) -> Iterator[Row]:
    """Medians of ``each`` answers of a kind, beside those to strangers: ``signup_…_ms`` of the
    form, ``receipt_…_ms`` of the page after it. ``port`` is of a server with ``VARIABLES``."""
    times = _measure(port, code, each)
    for page, name in (("forms", "signup"), ("receipts", "receipt")):
        medians = {kind: statistics.median(getattr(times[kind], page)) for kind in KINDS}
        for kind in (STRANGER, MEMBER, WAITING):
            yield Row(
                suite, f"{name}_{kind}_ms", medians[kind] * 1000, "ms", medians[FLOOR] * 1000, each
            )


def _measure(port: int, code: JoinCode, each: int) -> dict[str, Times]:
    people = [(kind, number) for number in range(each) for kind in KINDS]
    Random(0).shuffle(people)  # noqa: S311 -- an order, no secret
    numbered = [(kind, _person(place)) for place, (kind, _) in enumerate(people)]
    strangers = [_person(len(people) + number) for number in range(WARMING_UP)]
    _make_known(code, numbered)
    times = {kind: Times() for kind in KINDS}
    consents = {
        f"consent_{text.purpose}": str(text.pk) for text in ConsentText.objects.order_by("version")
    }
    client = Client(port)
    path = f"/join/{code.code}/"
    token = client.form_token(path)
    for kind, person in [("", stranger) for stranger in strangers] + numbered:
        form = {**_form(person), **consents, "csrfmiddlewaretoken": token}
        sent = _seconds(client, "POST", path, form)
        shown = _seconds(client, "GET", "/join/received/")
        if kind:
            times[kind].forms.append(sent)
            times[kind].receipts.append(shown)
    client.close()
    return times


def _seconds(
    client: Client, method: str, path: str, form: Mapping[str, str] | None = None
) -> float:
    body = urlencode(form) if form else None
    started = time.perf_counter()
    status, _ = client.request(method, path, body)
    seconds = time.perf_counter() - started
    if status != (302 if form else 200):
        raise RuntimeError(f"{method} {path} answers {status}")
    return seconds


def _form(person: CheckedPerson) -> dict[str, str]:
    return {
        "name": person.name,
        "id_type": person.id_type,
        "id_number": person.id_number,
        "phone": person.phone,
        "worker_group": GROUP,
        "employer_name": EMPLOYER,
    }


def _person(number: int) -> CheckedPerson:
    birth_date = _FIRST_BIRTH + dt.timedelta(days=number)
    return check_person(
        PersonInput(
            name="张小明",
            id_type=IdentityType.RESIDENT_ID.value,
            id_number=demo_identity_number(_REGION, birth_date, 1),
            phone=demo_phone(_FIRST_PHONE + number),
        )
    )


def _make_known(code: JoinCode, people: list[tuple[str, CheckedPerson]]) -> None:
    texts = current_consent_texts()
    group = WorkerGroup.objects.get(pk=GROUP)
    today = local_today()
    with transaction.atomic():
        for kind, person in people:
            if kind == WAITING:
                apply_to_join(
                    code,
                    person=person,
                    worker_group=group,
                    employer_name=EMPLOYER,
                    agreed_text_ids={text.pk for text in texts},
                    texts=texts,
                )
            elif kind == MEMBER:
                membership = Membership.objects.create(
                    member=Member.objects.create(home_union=code.union, **person.columns()),
                    union=code.union,
                    worker_group=group,
                    channel=JoinChannel.PAPER,
                    started_on=today,
                )
                record_event(
                    membership, EventType.JOINED, union=code.union, effective_on=today, actor=None
                )
