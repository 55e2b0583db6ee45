"""Applications of many ages: a queue that is alive, some that were turned down, some approved."""

from __future__ import annotations

import datetime as dt
from random import Random

from django.conf import settings
from django.db.models import Count
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.models import User
from core.clock import CHINA
from core.codes import receipt_number
from core.encryption import decrypt
from core.identity import IdentityType
from core.phone import demo_phone
from members.enums import ApplicationStatus, JoinChannel
from members.models import Application, JoinCode, JoinCodeVisit, Member, Membership, RejectionReason
from members.models.application import ID_NUMBER_CONTEXT, PHONE_CONTEXT
from members.selectors import current_consent_texts
from members.services.enrolment import PersonInput, apply_to_join
from members.services.review import PERSONAL_COLUMNS, reject_application
from portal.demo.bulk import Tick
from portal.demo.datafiles import read_data
from portal.demo.liaocheng_plan import PUBLISHED_ON
from portal.demo.liaocheng_unions import FEDERATION_CODE, county_flexible_unions
from portal.demo.names import is_male, person_name
from portal.demo.people import identity_of
from reference.models import WorkerGroup

WAITING = 25
TURNED_DOWN = 4
APPROVED = 12
OPENED_FOR_EACH = 3
FIRST_PERSON = 1_000_000  # numbers of the prefecture's demo identities that no member has
FIRST_PHONE = 98_000_000
# Hours since they were sent in, from fresh to long overdue.
_AGES = (1, 3, 5, 8, 20, 27, 31, 44, 50, 70, 75, 96, 110, 120, 140, 168, 190, 215, 240, 262, 290,
         330, 380, 450, 610)  # fmt: skip
# The phone is proven some minutes after sending; of those who wait a few have not done it yet.
_PROVEN_AFTER = (2, 3, 5, 4, 11)  # minutes, one application after the other
_UNPROVEN_EVERY = 8
_EMPLOYERS = ("", "", "某配送站点（演示）", "某货运车队（演示）", "自营（演示）")


def load_applications(_tick: Tick) -> dict[str, int]:
    """Send in applications through the service and decide on some.

    Where demo identities are not accepted (production) nobody can apply with one: none are made.
    """
    if not settings.ALLOW_DEMO_IDENTITIES:
        return {"applications": 0}
    _Queue().fill()
    _approved_ones()
    _opened_forms()
    return {"applications": Application.objects.filter(is_demo=True).count()}


class _Queue:
    def __init__(self) -> None:
        self._random = Random("applications-1")  # noqa: S311 -- synthetic data
        self._groups = WorkerGroup.objects.in_bulk(
            [row["group"] for row in read_data("liaocheng_groups")]
        )
        unions = county_flexible_unions()
        codes = JoinCode.objects.select_related("union").filter(
            union__in=unions, station_link__isnull=True
        )
        by_union = {code.union_id: code for code in codes}
        # Half of the queue waits where the trial's accounts look first.
        first = by_union[unions[0].pk]
        federation = JoinCode.objects.select_related("union").get(union__code=FEDERATION_CODE)
        self._codes = [first] * 6 + [by_union[union.pk] for union in unions[1:]] + [federation]
        self._sent = 0

    def fill(self) -> None:
        """The waiting ones, one of them by somebody who is a member already; then refusals."""
        for age in _AGES[: WAITING - 1]:
            self._send(age)
        self._send(_AGES[WAITING - 1], person=_somebody_enrolled())
        reason = RejectionReason.objects.filter(is_active=True).order_by("sort_order").first()
        if reason is None:
            return
        for number in range(TURNED_DOWN):
            application = self._send(400 + 30 * number, is_proven=True)
            reject_application(application, reason=reason, note="演示：请核对后再申请", actor=None)
            decided_at = application.submitted_at + dt.timedelta(hours=26)
            Application.objects.filter(pk=application.pk).update(decided_at=decided_at)

    def _send(
        self, age: int, *, person: PersonInput | None = None, is_proven: bool = False
    ) -> Application:
        random = self._random
        group = random.choice(list(self._groups))
        if person is None:
            male = is_male(random, group)
            person = PersonInput(
                name=person_name(random, male=male),
                id_type=IdentityType.RESIDENT_ID,
                id_number=identity_of("3715", FIRST_PERSON + self._sent, male=male),
                phone=demo_phone(FIRST_PHONE + self._sent),
            )
        application = apply_to_join(
            self._codes[self._sent % len(self._codes)],
            person=person,
            worker_group=self._groups[group],
            employer_name=random.choice(_EMPLOYERS),
            agreed_text_ids={text.pk for text in current_consent_texts()},
        ).application
        self._sent += 1
        ago = dt.timedelta(hours=age, minutes=random.randint(0, 59))
        application.submitted_at = timezone.now() - ago
        if is_proven or self._sent % _UNPROVEN_EVERY:
            application.phone_proven_at = _proven_after(application.submitted_at, self._sent)
        application.is_demo = True
        application.save(update_fields=["submitted_at", "phone_proven_at", "is_demo"])
        return application


def _proven_after(sent_at: dt.datetime, number: int) -> dt.datetime:
    return sent_at + dt.timedelta(minutes=_PROVEN_AFTER[number % len(_PROVEN_AFTER)])


def _somebody_enrolled() -> PersonInput:
    """A member of the register who applies once more, elsewhere."""
    active = Member.objects.filter(is_demo=True, memberships__status="active")
    member = active.order_by("pk").first()
    if member is None:
        raise ValueError("the register is empty")
    return PersonInput(
        name=member.name,
        id_type=member.id_type,
        id_number=decrypt(member.id_number_encrypted, context=ID_NUMBER_CONTEXT),
        phone=decrypt(member.phone_encrypted, context=PHONE_CONTEXT),
    )


def _approved_ones() -> None:
    """Some members of the register joined by an application that an official approved."""
    decided_by = User.objects.filter(username="gulou-linghuo", is_demo=True).first()
    memberships = (
        Membership.objects.filter(
            channel=JoinChannel.QR,
            join_code__isnull=False,
            started_on__lte=PUBLISHED_ON,
            status="active",
            union__in=county_flexible_unions(),
        )
        .select_related("member")
        .order_by("-started_on", "pk")[:APPROVED]
    )
    for number, membership in enumerate(memberships):
        day = membership.started_on
        decided_at = dt.datetime(day.year, day.month, day.day, 10, tzinfo=CHINA)
        submitted_at = decided_at - dt.timedelta(hours=41)
        membership.application = Application.objects.create(
            receipt_number=receipt_number(),
            union_id=membership.union_id,
            worker_group_id=membership.worker_group_id,
            channel=membership.channel,
            join_code_id=membership.join_code_id,
            status=ApplicationStatus.APPROVED,
            submitted_at=submitted_at,
            phone_proven_at=_proven_after(submitted_at, number),
            decided_at=decided_at,
            decided_by=decided_by,
            is_demo=True,
            **{name: getattr(membership.member, name) for name in PERSONAL_COLUMNS},
        )
        membership.save(update_fields=["application"])


def _opened_forms() -> None:
    """On the day of each application its form was opened ``OPENED_FOR_EACH`` times."""
    sent = (
        Application.objects.filter(is_demo=True, join_code__isnull=False)
        .annotate(day=TruncDate("submitted_at", tzinfo=CHINA))
        .values_list("join_code_id", "day")
        .annotate(number=Count("pk"))
        .order_by("day", "join_code_id")
    )
    JoinCodeVisit.objects.bulk_create(
        JoinCodeVisit(code_id=code_id, day=day, count=OPENED_FOR_EACH * number)
        for code_id, day, number in sent
    )
