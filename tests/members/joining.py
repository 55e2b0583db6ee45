"""What the tests of the public pages share: a form that is right, and changes to it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from core.identity import demo_identity_number
from members.models import ConsentText, JoinCode
from members.selectors import current_consent_texts
from tests.builders import make_join_code, make_region, make_union
from unions.models import Union

ID_NUMBER = demo_identity_number("371502", dt.date(1990, 5, 17), 21)
PHONE = "12900000021"


def answers(**changes: str) -> dict[str, str]:
    """The fields of a form without mistakes; a value None leaves the field out."""
    values = {
        "name": "王小明",
        "id_type": "resident_id",
        "id_number": ID_NUMBER,
        "phone": PHONE,
        "worker_group": "courier",
        "employer_name": "美团",
        **{f"consent_{text.purpose}": str(text.pk) for text in current_consent_texts()},
        **changes,
    }
    return {key: value for key, value in values.items() if value is not None}


def consent_text(purpose: str) -> ConsentText:
    """The current text of a purpose."""
    return next(text for text in current_consent_texts() if text.purpose == purpose)


@pytest.fixture
def union() -> Union:
    """A union that enrols members, in 东昌府区."""
    province = make_region("37", "山东省")
    city = make_region("3715", "聊城市", province)
    district = make_region("371502", "东昌府区", city)
    federation = make_union("聊城市总工会", "city_federation", region=city)
    county = make_union("东昌府区总工会", "county_federation", federation, region=district)
    return make_union(
        "柳园街道工会", "township_union", county, region=district, contact_phone="0635-1"
    )


@pytest.fixture
def code(union: Union) -> JoinCode:
    """A code of the union."""
    return make_join_code(union)


def send(client: Client, code: JoinCode, **changes: Any) -> Any:
    """Post the form."""
    return client.post(f"/join/{code.code}/", answers(**changes), HTTP_ACCEPT_LANGUAGE="en")
