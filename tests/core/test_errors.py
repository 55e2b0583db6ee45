"""RuleViolation carries its field and code into Django's forms."""

from core.errors import RuleViolation


def test_violation_of_a_field_becomes_an_error_of_that_field():
    error = RuleViolation("Too long.", field="name", code="length").as_validation_error()
    assert error.message_dict == {"name": ["Too long."]}
    assert [e.code for e in error.error_dict["name"]] == ["length"]


def test_violation_without_field_concerns_the_whole_input():
    violation = RuleViolation("Not now.")
    error = violation.as_validation_error()
    assert error.messages == ["Not now."]
    assert error.code == "invalid"
    assert str(violation) == "Not now."
