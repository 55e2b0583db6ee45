"""What the tests of the public pages share: a form that is right, and changes to it."""

from __future__ import annotations

import datetime as dt

from core.identity import demo_identity_number
from members.models import ConsentText
from members.selectors import current_consent_texts

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
