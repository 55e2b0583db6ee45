"""The demo's log-ins. ``manage.py up`` prints them; in production the passwords are random."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from django.contrib.auth.hashers import make_password

from accounts.models import User
from core.codes import random_code
from core.identity import demo_identity_number
from core.phone import demo_phone
from portal.demo.bulk import Tick
from portal.demo.federations import union_code
from portal.demo.liaocheng_unions import DEMO_TOWNSHIP
from unions.enums import Role
from unions.models import Union
from unions.services import appoint

DEMO_PASSWORD = "demo-gonghui"  # noqa: S105 -- published on purpose, refused in production

APPOINTED_ON = dt.date(2023, 1, 1)


class _Account(NamedTuple):
    username: str
    who_zh: str
    who_en: str
    region_code: str | None  # None: no appointment
    role: Role | None = None
    kind: str = ""  # of the union, where it is not the region's federation


_ACCOUNTS = (
    _Account("admin", "系统运维", "Operator of the system", None),
    _Account("national", "全国总工会 领导", "Leader, national federation", "", Role.LEADER),
    _Account("shandong", "山东省总工会 领导", "Leader, Shandong", "37", Role.LEADER),
    _Account("gansu", "甘肃省总工会 领导", "Leader, Gansu", "62", Role.LEADER),
    _Account("liaocheng-leader", "聊城市总工会 领导", "Leader, Liaocheng", "3715", Role.LEADER),
    _Account("liaocheng", "聊城市总工会 干部", "Official, Liaocheng",
             "3715", Role.FEDERATION_OFFICIAL),
    _Account("luoyang", "洛阳市总工会 干部", "Official, Luoyang",
             "4103", Role.FEDERATION_OFFICIAL),
    _Account("dongchangfu", "东昌府区总工会 干部", "Official, Dongchangfu district",
             DEMO_TOWNSHIP[:6], Role.FEDERATION_OFFICIAL),
    _Account("gulou", "古楼街道总工会 干部", "Official, Gulou street",
             DEMO_TOWNSHIP, Role.FEDERATION_OFFICIAL),
    _Account("gulou-linghuo", "古楼街道灵活就业人员联合工会 干部",
             "Grassroots official, Gulou flexible joint union",
             DEMO_TOWNSHIP, Role.GRASSROOTS_OFFICIAL, "flexible_township"),
)  # fmt: skip

# (user name, password, who in Chinese, who in English)
DEMO_ACCOUNTS: list[tuple[str, str, str, str]] = [
    (account.username, DEMO_PASSWORD, account.who_zh, account.who_en) for account in _ACCOUNTS
]

# Somebody to try the sign-up with: (name, identity number, phone). Not in the register.
SAMPLE_APPLICANT = (
    "张试用",
    demo_identity_number("371500", dt.date(1990, 5, 17), 999),
    demo_phone(99_000_001).removeprefix("+86"),
)


def load_accounts(_tick: Tick) -> dict[str, int]:
    """Create the users with the published password, and appoint them."""
    # Hashing is slow on purpose; the password is the same for all and no secret.
    encoded = make_password(DEMO_PASSWORD)
    for account in _ACCOUNTS:
        user = User.objects.create(
            username=account.username,
            password=encoded,
            display_name=account.who_zh,
            is_staff=True,
            is_superuser=account.region_code is None,
            is_demo=True,
        )
        if account.role is not None and account.region_code is not None:
            appoint(
                user,
                union=_union_of(account),
                role=account.role,
                starts_on=APPOINTED_ON,
                actor=None,
            )
    return {"accounts": len(_ACCOUNTS)}


def set_random_passwords() -> list[tuple[str, str]]:
    """Give every demo account a password of its own; (user name, password), to be shown once."""
    given = []
    for user in User.objects.filter(is_demo=True).order_by("username"):
        password = random_code(16)
        user.set_password(password)
        user.save(update_fields=["password"])
        given.append((user.username, password))
    return given


def _union_of(account: _Account) -> Union:
    region_code = account.region_code or ""
    if account.kind:
        return Union.objects.get(kind=account.kind, region=region_code, is_demo=True)
    return Union.objects.get(code=union_code(region_code))
