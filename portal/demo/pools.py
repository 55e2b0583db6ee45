"""Ways in that a trial can look at: two holding pools, an open mobile window, a collective list."""

from __future__ import annotations

import datetime as dt

from django.conf import settings

from accounts.models import User
from core.identity import IdentityType
from core.phone import demo_phone
from members.collective_table import ListRow
from members.enums import JoinChannel
from members.models import CollectiveEntry, CollectiveRegistration
from members.services.collective import register_list
from members.services.enrolment import PersonInput, check_person
from members.services.join_codes import create_join_code
from members.services.pools import open_pool
from members.services.windows import open_window
from portal.demo.bulk import Tick
from portal.demo.federations import federation_of
from portal.demo.liaocheng_unions import DEMO_TOWNSHIP, FEDERATION_CODE
from portal.demo.people import identity_of
from reference.models import WorkerGroup
from unions.models import Union

# 东昌府区, where the trial begins, and 临清市.
COUNTIES = (DEMO_TOWNSHIP[:6], "371581")
PEOPLE = ("示范甲", "示范乙", "示范丙", "示范丁", "示范戊", "示范己")
FIRST_PERSON = 1_100_000  # numbers of demo identities that nobody else has
FIRST_PHONE = 97_000_000


def load_ways_in(_tick: Tick) -> dict[str, int]:
    """Open them through the services. Lists hold demo identities: none where those are refused."""
    for code in COUNTIES:
        open_pool(federation_of(code), actor=None, is_demo=True)
    # People without a code are led to the city's federation by the rules.
    create_join_code(
        Union.objects.select_related("kind").get(code=FEDERATION_CODE),
        actor=None,
        label="网上入会",
        channel=JoinChannel.ONLINE,
        is_demo=True,
    )
    official = User.objects.get(username="gulou-linghuo", is_demo=True)
    union = Union.objects.select_related("kind").get(
        kind="flexible_township", region=DEMO_TOWNSHIP, is_demo=True
    )
    open_window(union, place="古楼外卖骑手驿站门前（演示）", actor=official, is_demo=True)
    counts = {"pools": len(COUNTIES), "windows": 1}
    if settings.ALLOW_DEMO_IDENTITIES:
        registration = register_list(
            union, _rows(), file_name="某快递网点名单（演示）.xlsx", actor=official, is_demo=True
        )
        _some_have_answered(registration)
        counts["lists"] = 1
    return counts


def _rows() -> list[ListRow]:
    couriers = WorkerGroup.objects.get(pk="courier")
    return [
        ListRow(
            line,
            {},
            person=check_person(
                PersonInput(
                    name=name,
                    id_type=IdentityType.RESIDENT_ID,
                    id_number=identity_of("3715", FIRST_PERSON + line, male=True),
                    phone=demo_phone(FIRST_PHONE + line),
                )
            ),
            worker_group=couriers,
            employer_name="某快递网点（演示）",
        )
        for line, name in enumerate(PEOPLE, start=2)
    ]


def _some_have_answered(registration: CollectiveRegistration) -> None:
    """One said no, the link of another has run out; the others are still to answer."""
    entries = registration.entries.order_by("row_number")
    first, second = entries[:2]
    first.status = CollectiveEntry.Status.DECLINED
    first.save(update_fields=["status"])
    second.status = CollectiveEntry.Status.EXPIRED
    second.expires_at -= dt.timedelta(days=20)
    second.save(update_fields=["status", "expires_at"])
