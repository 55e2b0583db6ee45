"""Entries of the trail in words."""

import pytest
from django.utils.translation import override

from audit.labels import detail_value
from audit.models import AuditEntry


@pytest.mark.parametrize(
    ("object_type", "name", "value", "words"),
    [
        ("members.application", "channel", "qr", "scanned code"),
        ("unions.union", "is_nef", True, "Yes"),
        ("unions.union", "is_nef", False, "No"),
        ("unions.union", "name", "", "—"),
        ("unions.union", "appointments", 7, "7"),
        ("unions.union", "no such field", 7, "7"),
        ("no.model", "channel", "qr", "qr"),
    ],
)
def test_values_are_shown_in_words(object_type, name, value, words):
    with override("en"):
        assert detail_value(object_type, name, value) == words


def test_an_entry_is_named_by_act_and_record():
    entry = AuditEntry(action="union.created", object_type="unions.union", object_id="7")
    with override("en"):
        assert str(entry) == "union registered · union 7"
