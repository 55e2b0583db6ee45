"""One-time codes."""

from __future__ import annotations

import datetime as dt
import re
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.encryption import decrypt
from members.models import Message, OneTimeCode
from members.models.message import BODY_CONTEXT
from members.services import codes, messages
from members.services.codes import CodeSent, Sending, check_code, code_to_show, send_code
from tests.builders import make_membership, make_union, person

pytestmark = pytest.mark.django_db

PHONE = "+8612900000021"
OTHER = "+8612900000022"
JOIN = OneTimeCode.Purpose.JOIN
LOG_IN = OneTimeCode.Purpose.LOG_IN


@pytest.fixture(autouse=True)
def _codes_are_shown(settings):
    settings.SMS_SHOW_CODES = True


def sent(phone: str = PHONE, purpose: str = JOIN) -> str:
    """Send a code and read it as the phone's holder would."""
    assert send_code(phone, purpose).outcome is Sending.SENT
    return code_to_show(phone)


def another_than(code: str) -> str:
    """A code of the same form that is wrong."""
    return f"{(int(code) + 1) % 1_000_000:06d}"


def age_codes(**age: float) -> None:
    """Let time pass for every code."""
    for code in OneTimeCode.objects.all():
        code.created_at -= dt.timedelta(**age)
        code.expires_at -= dt.timedelta(**age)
        code.save()


def test_a_code_is_right_once():
    code = sent()
    assert check_code(PHONE, JOIN, code) is True
    assert check_code(PHONE, JOIN, code) is False


@pytest.mark.parametrize("typed", ["{} ", "{:.3} {:.3}", "full width"])
def test_ways_of_typing_a_code_are_forgiven(typed):
    code = sent()
    if typed == "full width":
        shown = code.translate({ord(d): chr(ord(d) + 0xFEE0) for d in "0123456789"})
    else:
        shown = typed.format(code, code[3:])
    assert check_code(PHONE, JOIN, shown) is True


@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "abcdef", "\x00", "１２３", "٣" * 6, "😀"]
)
def test_what_is_no_code_is_wrong(typed):
    sent()
    assert check_code(PHONE, JOIN, typed) is False


def test_a_code_belongs_to_its_phone_and_purpose():
    code = sent()
    sent(OTHER)
    assert check_code(OTHER, JOIN, another_than(code_to_show(OTHER))) is False
    assert check_code(PHONE, LOG_IN, code) is False
    assert check_code(PHONE, JOIN, code) is True


def test_nothing_was_sent():
    assert check_code(PHONE, JOIN, "123456") is False


def test_five_wrong_tries_kill_a_code():
    code = sent()
    for _ in range(4):
        assert check_code(PHONE, JOIN, another_than(code)) is False
    assert OneTimeCode.objects.get().wrong_tries == 4
    assert check_code(PHONE, JOIN, another_than(code)) is False
    assert check_code(PHONE, JOIN, code) is False
    assert OneTimeCode.objects.get().used_at is None


def test_a_code_lives_ten_minutes():
    code = sent()
    age_codes(minutes=9, seconds=55)
    assert check_code(PHONE, JOIN, another_than(code)) is False
    age_codes(seconds=6)
    assert check_code(PHONE, JOIN, code) is False


def test_only_the_newest_code_counts():
    first = sent()
    age_codes(seconds=61)
    second = sent()
    assert check_code(PHONE, JOIN, first) is (first == second)
    assert check_code(PHONE, JOIN, second) is (first != second)


def test_another_code_after_a_minute():
    def ask(purpose: str = JOIN) -> CodeSent:
        return send_code(PHONE, purpose, asker="a browser")

    assert ask().outcome is Sending.SENT
    answer = ask()
    assert answer.outcome is Sending.TOO_SOON
    assert 58 <= answer.wait_seconds <= 60
    assert (OneTimeCode.objects.count(), Message.objects.count()) == (1, 1)
    assert ask(LOG_IN).outcome is Sending.SENT
    age_codes(seconds=60)
    assert ask().outcome is Sending.SENT
    assert Message.objects.count() == 3


# -- what others asked for ------------------------------------------------------------------------


def test_a_wish_a_moment_after_anothers_is_held_back_in_silence():
    code = sent()
    answer = send_code(PHONE, JOIN, asker="another")
    assert answer == send_code(OTHER, JOIN, asker="another") == CodeSent(Sending.SENT, 60)
    assert list(OneTimeCode.objects.order_by("pk").values_list("is_sent", flat=True)) == [
        True, False, True,
    ]  # fmt: skip
    assert Message.objects.count() == 2
    assert check_code(PHONE, JOIN, code) is True


def test_the_brake_of_a_phone_is_silent_and_holds_for_all_askers(settings):
    settings.CODE_LIMIT_PER_PHONE = 2
    for number in range(4):
        answer = send_code(PHONE, JOIN, address=f"192.0.2.{number}", asker=f"browser {number}")
        assert answer == CodeSent(Sending.SENT, 60)
        age_codes(seconds=61)
    assert Message.objects.count() == 2
    # The limit of the asker's own wishes is told, and counts what was held back.
    assert send_code(PHONE, JOIN, asker="browser 3").outcome is Sending.SENT
    age_codes(seconds=61)
    refused = send_code(PHONE, JOIN, asker="browser 3")
    assert (refused.outcome, refused.wait_seconds // 60) == (Sending.TOO_MANY, 24 * 60 - 3)
    age_codes(hours=24)
    assert send_code(PHONE, JOIN, asker="browser 3").outcome is Sending.SENT
    assert Message.objects.count() == 3


def test_what_was_held_back_counts_for_the_address(settings):
    """Else the wish after the last one allowed would tell whether one of them was held back."""
    settings.CODE_LIMIT_PER_IP = 2
    sent()
    answers = [
        send_code(PHONE, JOIN, address="192.0.2.1", asker=f"browser {number}").outcome
        for number in range(3)
    ]
    assert answers == [Sending.SENT, Sending.SENT, Sending.TOO_MANY]
    assert Message.objects.count() == 1


def test_a_code_that_was_held_back_is_never_right(monkeypatch):
    sent()
    monkeypatch.setattr(codes, "secrets", SimpleNamespace(randbelow=lambda most: 424_242))
    # The one that was sent may be the same by chance.
    OneTimeCode.objects.update(code_hash=bytes(32))
    assert send_code(PHONE, JOIN, asker="another").outcome is Sending.SENT
    assert check_code(PHONE, JOIN, "424242") is False
    assert list(OneTimeCode.objects.order_by("pk").values_list("wrong_tries", flat=True)) == [1, 0]


def test_a_wish_that_was_held_back_gives_no_new_tries():
    code = sent()
    for _ in range(5):
        assert check_code(PHONE, JOIN, another_than(code)) is False
    assert send_code(PHONE, JOIN, asker="another").outcome is Sending.SENT
    assert check_code(PHONE, JOIN, code) is False
    assert OneTimeCode.objects.get(is_sent=True).wrong_tries == 5


def test_sending_and_holding_back_are_the_same_work(
    monkeypatch, settings, django_capture_on_commit_callbacks
):
    """The same statements and as many calls of the queue; one is taken back at the end."""
    settings.SMS_PROVIDER = "console"
    queued: list[int] = []
    monkeypatch.setattr(messages, "_send_by_name", lambda task, pk: queued.append(pk))
    sent()
    found = []
    for phone in (PHONE, OTHER):
        with (
            django_capture_on_commit_callbacks(execute=True),
            CaptureQueriesContext(connection) as asked,
        ):
            assert send_code(phone, JOIN, asker="another").outcome is Sending.SENT
        statements = [
            re.sub(r"'[^']*'|s\d+_x\d+|\d+|\b(true|false)\b", "?", query["sql"])
            for query in asked.captured_queries
        ]
        found.append([one for one in statements if not one.startswith("ROLLBACK TO")])
    assert found[0] == found[1]
    assert any("members_message" in statement for statement in found[0])
    assert len(queued) == len(set(queued)) == 2
    assert Message.objects.count() == 2


def test_a_wrong_code_is_the_same_work_whether_a_code_lives_or_not():
    code = sent()
    found = []
    for _ in range(7):  # two of them after its death, and one where there was none
        with CaptureQueriesContext(connection) as asked:
            assert check_code(PHONE, JOIN, another_than(code)) is False
        found.append(len(asked))
    with CaptureQueriesContext(connection) as asked:
        assert check_code(OTHER, JOIN, code) is False
    assert set(found) == {len(asked)}
    assert OneTimeCode.objects.get().wrong_tries == 5


@pytest.mark.parametrize(
    ("setting", "phones"),
    [("CODE_LIMIT_PER_PHONE", 1), ("CODE_LIMIT_PER_IP", 9), ("CODE_LIMIT_PER_DAY", 9)],
)
def test_limits_hold_without_redis(settings, setting, phones):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    setattr(settings, setting, 3)
    for number in range(3):
        phone = f"+861290000{number % phones:04d}"
        assert send_code(phone, JOIN, address="192.0.2.1").outcome is Sending.SENT
        age_codes(seconds=61)
    phone = f"+861290000{3 % phones:04d}"
    refused = send_code(phone, JOIN, address="192.0.2.1")
    assert refused.outcome is Sending.TOO_MANY
    assert refused.wait_seconds > 60
    assert OneTimeCode.objects.count() == 3
    elsewhere = send_code("+8612900009999", JOIN, address="192.0.2.2").outcome
    assert (elsewhere is Sending.SENT) is (setting != "CODE_LIMIT_PER_DAY")
    age_codes(hours=24)
    assert send_code(phone, JOIN, address="192.0.2.1").outcome is Sending.SENT


def test_neither_code_nor_phone_nor_address_is_stored_readably():
    code = sent()
    send_code(OTHER, JOIN, address="192.0.2.1")
    row = OneTimeCode.objects.filter(address_hash__isnull=True).get()
    stored = b"".join([bytes(row.code_hash), bytes(row.phone_hash)])
    message = Message.objects.earliest("pk")
    stored += bytes(message.body_encrypted) + bytes(message.phone_encrypted)
    assert code.encode() not in stored
    assert b"12900000021" not in stored
    assert code in decrypt(message.body_encrypted, context=BODY_CONTEXT)
    address_hash = OneTimeCode.objects.get(address_hash__isnull=False).address_hash
    assert address_hash is not None
    assert b"192.0.2.1" not in bytes(address_hash)


def test_strangers_and_members_are_answered_alike():
    member = person(21)
    make_membership(make_union("总工会", "national_federation"), member)
    stranger = "+8612900008888"
    for answer in (CodeSent(Sending.SENT, 60), CodeSent(Sending.TOO_SOON, 60)):
        for phone in (member.phone, stranger):
            assert send_code(phone, LOG_IN, address="192.0.2.1") == answer


def test_codes_are_shown_only_where_the_setting_says_so(settings):
    sent()
    settings.SMS_SHOW_CODES = False
    assert code_to_show(PHONE) == ""
    settings.SMS_SHOW_CODES = True
    settings.PRODUCTION = True
    assert code_to_show(PHONE) == ""


def test_codes_expire_by_the_clock_of_the_database_rows():
    sent()
    row = OneTimeCode.objects.get()
    assert row.expires_at - row.created_at == dt.timedelta(minutes=10)
    assert abs(row.created_at - timezone.now()) < dt.timedelta(seconds=10)
