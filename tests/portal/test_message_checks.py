"""What `check --deploy` says about messages and codes."""

import pytest

from portal.checks import check_messages


def found() -> list[str]:
    return [message.id or "" for message in check_messages(None)]


def test_codes_on_pages_are_an_error(settings):
    assert found() == []
    settings.SMS_SHOW_CODES = True
    assert found() == ["portal.E004"]


@pytest.mark.parametrize(
    ("url", "ids"), [("https://sms.example.org/send", []), ("", ["portal.E005"])]
)
def test_a_gateway_must_make_sense(settings, url, ids):
    settings.SMS_PROVIDER = "http"
    settings.SMS_HTTP_URL = url
    assert found() == ids
