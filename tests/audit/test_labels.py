"""Entries of the trail in words."""

import pytest
from django.utils.translation import override

from audit.labels import detail_label, detail_value
from audit.models import AuditEntry
from audit.templatetags.audit_labels import audit_details
from reference.models import GroupSet
from tests.builders import make_union


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


def words_of(action: str, object_type: str, data: dict[str, object]) -> str:
    with override("en"):
        return audit_details(AuditEntry(action=action, object_type=object_type, data=data))


@pytest.mark.django_db
def test_what_hangs_on_a_campaign_is_told_in_its_own_words():
    campaign, target = "campaigns.campaign", "campaigns.target"
    group_set = GroupSet.objects.get(code="set4", version=1)
    union = make_union("东昌府区总工会", "county_federation")
    asked = words_of(
        "requirement.saved", campaign,
        {"kind": [None, "plan"], "required_of": [None, "with_target"], "due_on": [None, "x"]},
    )  # fmt: skip
    assert "— → plan" in asked
    assert "— → unions that have a target" in asked
    assert "due_on" not in asked
    saved = words_of(
        "indicator.saved", campaign,
        {"metric": [None, "grant_per_nef_union"], "group_set": [None, str(group_set.pk)]},
    )  # fmt: skip
    assert "— → funds per union of new-form workers" in saved
    assert f"— → {group_set.name_en}" in saved
    reminded = words_of("requirement.reminded", "campaigns.requirement", {"union": union.pk})
    assert "东昌府区总工会" in reminded
    assert str(words_of("target.cascaded", target, {"by": "last_year"})) == (
        '<div class="portal-detail"><b>shared out by</b> last year&#x27;s result</div>'
    )
    with override("en"):
        assert detail_label(target, "cascade") == "shared out from the target of"
        assert detail_value(target, "cascade", 7_000_000) == "7000000"
        assert detail_value(campaign, "kind", "plan") == "action plan"
    with override("zh-hans"):
        assert detail_value("campaigns.requirement", "kind", "plan") == "工作方案"
