"""The sign-up form: every mistake has its message, beside its field, and nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from django.test import override_settings
from django.utils import translation

from core.clock import local_today
from core.codes import receipt_number
from core.identity import demo_identity_number
from members.forms import JoinForm, StatusForm
from members.models import ConsentText
from members.selectors import current_consent_texts
from tests.members.joining import ID_NUMBER, answers, consent_text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


def errors_of(**changes: str | None) -> dict[str, list[str]]:
    form = JoinForm(answers(**changes), texts=current_consent_texts())  # type: ignore[arg-type]
    return {field: [str(m) for m in messages] for field, messages in form.errors.items()}


def wrong_check_digit() -> str:
    return ID_NUMBER[:-1] + ("1" if ID_NUMBER[-1] != "1" else "2")


def born(years_ago: int, *, days: int = 0) -> str:
    today = local_today()
    return demo_identity_number(
        "371502", today.replace(year=today.year - years_ago, day=min(today.day, 28))
        + dt.timedelta(days=days), 21,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"name": None}, "name", "Please enter your name."),
        ({"name": " \u200b"}, "name", "Please enter your name as it stands in your document."),
        ({"name": "12900000021"}, "name", "Please enter your name as it stands in your document."),
        ({"id_type": "driving_licence"}, "id_type", "Choose a type of document."),
        ({"id_number": ""}, "id_number", "Enter the document number."),
        ({"id_number": "3715021990"}, "id_number", "The identity number must have 18 characters."),
        (
            {"id_number": "37150219900517A018"},
            "id_number",
            "The identity number has 17 digits, and a digit or X at the end.",
        ),
        (
            {"id_number": wrong_check_digit()},
            "id_number",
            "The identity number is mistyped: its check digit does not fit.",
        ),
        (
            {"id_type": "taiwan_permit", "id_number": "12"},
            "id_number",
            "The permit number has 8 digits.",
        ),
        ({"phone": ""}, "phone", "Enter a mobile number."),
        (
            {"phone": "0635-8200000"},
            "phone",
            "Enter a mobile number, such as 11 digits beginning with 1.",
        ),
        ({"worker_group": None}, "worker_group", "Choose the group that fits best."),
        ({"worker_group": "astronaut"}, "worker_group", "Choose the group that fits best."),
        (
            {"consent_joining": None},
            "consent_joining",
            "Please read this and tick the box to go on.",
        ),
        (
            {"consent_id_number": None},
            "consent_id_number",
            "Please read this and tick the box to go on.",
        ),
    ],
)
def test_one_mistake_gives_one_message(
    changes: dict[str, str | None], field: str, message: str
) -> None:
    assert errors_of(**changes) == {field: [message]}


def test_all_mistakes_are_shown_at_once() -> None:
    errors = errors_of(name="", id_number="1", phone="1", worker_group=None, consent_joining=None)
    assert list(errors) == ["name", "phone", "worker_group", "consent_joining", "id_number"]


def test_sixteen_is_old_enough_and_a_day_less_is_not() -> None:
    assert errors_of(id_number=born(16)) == {}
    assert errors_of(id_number=born(16, days=1)) == {
        "id_number": ["Members must be at least 16 years old."]
    }


def test_demo_numbers_are_refused_in_production() -> None:
    with override_settings(ALLOW_DEMO_IDENTITIES=False):
        assert set(errors_of()) == {"id_number", "phone"}


def test_consent_to_a_former_version_does_not_count() -> None:
    shown = consent_text("joining")
    ConsentText.objects.create(
        purpose="joining", version=2, title_zh="新", title_en="New", body_zh="新", body_en="New",
        published_on=local_today(),
    )  # fmt: skip
    assert errors_of(consent_joining=str(shown.pk)) == {
        "consent_joining": ["This text has changed. Please read the new version and tick the box."]
    }


WITH_X = next(
    number
    for sequence in range(100)
    if (number := demo_identity_number("371502", dt.date(1990, 3, 7), sequence)).endswith("X")
)
TYPED = {
    "full width": "".join(chr(ord(character) + 0xFEE0) for character in WITH_X.lower()),
    "blanks": f" {WITH_X[:6]} {WITH_X[6:14]}\u3000{WITH_X[14:].lower()} ",
    "hyphens": f"{WITH_X[:6]}-{WITH_X[6:14]}-{WITH_X[14:]}",
    "invisible": WITH_X.lower() + "\u200b",
}


@pytest.mark.parametrize("typed", TYPED.values(), ids=TYPED)
def test_full_width_blanks_and_lower_case_are_forgiven(typed: str) -> None:
    form = JoinForm(
        answers(id_number=typed, phone="＋８６ 129-0000 0021", name=" 买买提・艾山 "),
        texts=current_consent_texts(),
    )
    assert form.errors == {}
    person = form.person()
    assert (person.name, person.id_number, person.phone) == (
        "买买提·艾山", WITH_X, "+8612900000021",
    )  # fmt: skip


def test_names_that_grow_when_composed_are_measured_afterwards() -> None:
    # U+0958 becomes two characters in Unicode's normal form.
    assert errors_of(name="\u0958" * 40) == {"name": ["This is too long."]}


def test_the_form_asks_for_nothing_else() -> None:
    assert list(JoinForm(texts=current_consent_texts()).fields) == [
        "name", "id_type", "id_number", "phone", "worker_group", "employer_name",
        "consent_joining", "consent_id_number",
    ]  # fmt: skip


def test_boxes_carry_the_version_and_start_empty() -> None:
    form = JoinForm(texts=current_consent_texts())
    assert [(text.purpose, field.html_name, field.value()) for text, field in form.consents] == [
        ("joining", "consent_joining", None),
        ("id_number", "consent_id_number", None),
    ]


def test_status_form_reads_receipts_as_people_type_them() -> None:
    number = receipt_number()
    typed = f" {number[:4].lower()} {number[4:8]}-{number[8:]}"
    form = StatusForm({"receipt_number": typed, "phone": "12900000021"})
    assert form.is_valid()
    assert form.cleaned_data == {"receipt_number": number, "phone": "+8612900000021"}


def test_what_cannot_be_a_receipt_matches_nothing() -> None:
    form = StatusForm({"receipt_number": "K7MP-X3QR", "phone": "12900000021"})
    assert form.is_valid()
    assert form.cleaned_data["receipt_number"] == ""
