"""Extra questions of a union: kept by its officials, asked on its form alone, answered or not."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from audit.models import AuditEntry
from core.errors import RuleViolation
from members.forms import JoinForm
from members.models import Application, ExtraAnswer, ExtraQuestion, JoinCode
from members.selectors import answers_of, current_consent_texts, questions_of
from members.services.questions import change_question, create_question
from tests.builders import PASSWORD, make_join_code, make_official, make_union
from tests.members.joining import answers, code as code, send, union as union
from unions.enums import Role
from unions.models import Union

pytestmark = pytest.mark.django_db


def ask(union: Union, **values: Any) -> ExtraQuestion:
    return create_question(union, actor=None, **{"kind": "text", "text_zh": "站点", **values})


def errors_of(question: ExtraQuestion, typed: str | None) -> list[str]:
    """What the form says to an answer, in English."""
    name = f"question_{question.pk}"
    data = answers() if typed is None else answers(**{name: typed})
    with translation.override("en"):
        form = JoinForm(data, texts=current_consent_texts(), questions=[question])
        return [str(message) for message in form.errors.get(name, [])]


def answer_to(question: ExtraQuestion, typed: str) -> dict[int, str]:
    data = answers(**{f"question_{question.pk}": typed})
    form = JoinForm(data, texts=current_consent_texts(), questions=[question])
    assert form.is_valid(), form.errors
    return form.answers()


# -- keeping them ---------------------------------------------------------------------------------


def test_three_are_in_use_and_no_more(union: Union) -> None:
    first, *_others = [ask(union, text_zh=f"问题{n}") for n in range(3)]
    with pytest.raises(RuleViolation) as refusal:
        ask(union)
    assert (refusal.value.field, refusal.value.code) == ("is_active", "too_many")
    spare = ask(union, is_active=False)
    with pytest.raises(RuleViolation):
        change_question(spare, actor=None, is_active=True)
    change_question(first, actor=None, is_active=False)
    change_question(spare, actor=None, is_active=True)
    assert len(questions_of(union.pk)) == 3


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"text_zh": " \u200b"}, "text_zh"),
        ({"kind": "choice", "choices": "早班"}, "choices"),
        ({"kind": "choice", "choices": "\n".join(map(str, range(21)))}, "choices"),
        ({"kind": "choice", "choices": "早班\n" + "长" * 61}, "choices"),
        ({"kind": "number", "minimum": 5, "maximum": 4}, "maximum"),
        ({"kind": "number", "maximum": 10**9}, "maximum"),
        ({"kind": "text", "minimum": 0}, "minimum"),
        ({"kind": "text", "maximum": 201}, "maximum"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_beside_the_field(
    union: Union, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(RuleViolation) as refusal:
        ask(union, **values)
    assert refusal.value.field == field
    assert ExtraQuestion.objects.count() == 0


def test_what_the_kind_does_not_use_is_emptied(union: Union) -> None:
    choice = ask(union, kind="choice", choices=" 早班 \n\n晚班\n早班", minimum=1, maximum=2)
    assert (choice.choices, choice.minimum, choice.maximum) == ("早班\n晚班", None, None)
    day = ask(union, kind="date", choices="x\ny")
    assert day.choices == ""


def test_an_answered_question_keeps_its_meaning(
    client: Client, union: Union, code: JoinCode
) -> None:
    question = ask(union)
    change_question(question, actor=None, text_zh="常驻站点")
    send(client, code, **{f"question_{question.pk}": "南门"})
    for changes in ({"text_zh": "月收入"}, {"kind": "number"}, {"maximum": 3}):
        with pytest.raises(RuleViolation) as refusal:
            change_question(question, actor=None, **changes)
        assert (refusal.value.field, refusal.value.code) == (next(iter(changes)), "answered")
    change_question(question, actor=None, is_active=False, is_required=True, position=4)
    question.refresh_from_db()
    assert (question.text_zh, question.is_active, question.position) == ("常驻站点", False, 4)
    entry = AuditEntry.objects.filter(action="question.changed").order_by("-pk")[0]
    assert entry.data == {
        "is_active": [True, False], "is_required": [False, True], "position": [0, 4],
    }  # fmt: skip


def test_only_officials_in_charge_and_unions_that_enrol(union: Union) -> None:
    assert union.parent is not None
    stranger = make_official("stranger", make_union("邻镇", "township_union", union.parent))
    leader = make_official("leader", union, Role.LEADER)
    own = make_official("own", union, Role.GRASSROOTS_OFFICIAL)
    for actor in (stranger, leader):
        with pytest.raises(RuleViolation):
            create_question(union, kind="text", text_zh="站点", actor=actor)
    question = create_question(union, kind="text", text_zh="站点", actor=own)
    for actor in (stranger, leader):
        with pytest.raises(RuleViolation):
            change_question(question, actor=actor, text_zh="别的")
    assert union.parent.parent is not None
    with pytest.raises(RuleViolation) as refusal:
        ask(union.parent.parent)
    assert refusal.value.field == "union"
    assert ExtraQuestion.objects.get().text_zh == "站点"


def test_the_page_of_officials_says_why_not(client: Client, union: Union) -> None:
    make_official("own", union, Role.GRASSROOTS_OFFICIAL)
    client.login(username="own", password=PASSWORD)
    data = {
        "union": union.pk,
        "kind": "choice",
        "text_zh": "班次",
        "position": 0,
        "is_active": "on",
    }
    response = client.post("/admin/members/extraquestion/add/", data, HTTP_ACCEPT_LANGUAGE="en")
    assert "Enter 2 to 20 choices, one a line." in response.content.decode()
    assert ExtraQuestion.objects.count() == 0
    data["choices"] = "早班\r\n晚班"
    assert client.post("/admin/members/extraquestion/add/", data).status_code == 302
    question = ExtraQuestion.objects.get()
    assert (question.union, question.choices) == (union, "早班\n晚班")
    page = client.get("/admin/members/extraquestion/", HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert "班次" in page


# -- asking them ----------------------------------------------------------------------------------


def test_they_stand_on_that_unions_form_alone(client: Client, union: Union, code: JoinCode) -> None:
    ask(union, text_zh="站点", text_en="Usual gate", position=2, is_required=True)
    ask(union, kind="date", text_zh="入职日期", position=1)
    ask(union, text_zh="停用", is_active=False)
    other = make_join_code(make_union("邻镇", "township_union", union.parent))
    page = client.get(f"/join/{code.code}/", HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert page.index("入职日期") < page.index("Usual gate")
    assert "停用" not in page
    assert client.get(f"/join/{other.code}/").content.decode().count("question_") == 0
    stranger = answers(**{f"question_{ExtraQuestion.objects.order_by('pk')[0].pk}": "x"})
    assert client.post(f"/join/{other.code}/", stranger).status_code == 302
    assert ExtraAnswer.objects.count() == 0


def test_answers_are_kept_with_the_application(
    client: Client, union: Union, code: JoinCode
) -> None:
    text, empty = ask(union, position=1), ask(union, position=0, text_zh="备注")
    number = ask(union, kind="number", minimum=0, maximum=99, text_zh="年限", position=2)
    assert send(
        client, code, **{f"question_{text.pk}": " 南门\u200b 站 ", f"question_{number.pk}": "０７"}
    ).status_code == 302  # fmt: skip
    application = Application.objects.get()
    assert [(item.question, item.value) for item in answers_of(application)] == [
        (text, "南门 站"), (number, "7"),
    ]  # fmt: skip
    assert empty.answers.count() == 0
    assert "南门" not in str(list(AuditEntry.objects.values_list("data", flat=True)))


def test_sent_twice_the_first_answers_stay(client: Client, union: Union, code: JoinCode) -> None:
    question = ask(union)
    for typed in ("南门", "北门"):
        assert send(client, code, **{f"question_{question.pk}": typed}).status_code == 302
    assert ExtraAnswer.objects.values_list("value", flat=True).get() == "南门"


def test_a_missing_answer_stands_beside_its_box(
    client: Client, union: Union, code: JoinCode
) -> None:
    question = ask(union, is_required=True)
    page = send(client, code).content.decode()
    assert f'id="id_question_{question.pk}_error">Please answer this question.' in page
    assert Application.objects.count() == 0


NUMBER = {"kind": "number", "minimum": -5, "maximum": 12}
CHOICE = {"kind": "choice", "choices": "早班\n晚班"}
OUTSIDE = "Enter a whole number from -5 to 12."
NO_DATE = "Enter a date such as 2023-07-14."


@pytest.mark.parametrize(
    ("values", "typed", "expected"),
    [
        ({"minimum": 2}, "a", "Please write at least 2 characters."),
        ({"maximum": 2}, "abc", "Ensure this value has at most 2 characters (it has 3)."),
        ({"maximum": 2}, "\u0958\u0958", "This is too long."),
        (NUMBER, "13", OUTSIDE),
        (NUMBER, "-6", OUTSIDE),
        (NUMBER, "1.5", OUTSIDE),
        (NUMBER, "5-3", OUTSIDE),
        (NUMBER, "9" * 20, OUTSIDE),
        (NUMBER, "١٢", OUTSIDE),
        (CHOICE, "夜班", "Choose one of the list."),
        ({"kind": "date"}, "2023-02-30", NO_DATE),
        ({"kind": "date"}, "0000-00-00", NO_DATE),
        ({"kind": "date"}, "1899-12-31", NO_DATE),
        ({"kind": "date"}, "yesterday", NO_DATE),
        ({"is_required": True}, "\u200b", "Please answer this question."),
        ({"is_required": True, "kind": "number"}, "\u3000", "Please answer this question."),
        ({"is_required": True, "kind": "date"}, None, "Please answer this question."),
        ({"is_required": True, **CHOICE}, "", "Please answer this question."),
    ],
)
def test_answers_that_cannot_be(
    union: Union, values: dict[str, Any], typed: str | None, expected: str
) -> None:
    assert errors_of(ask(union, **values), typed) == [expected]


@pytest.mark.parametrize(
    ("values", "typed", "stored"),
    [
        (NUMBER, " －5", "-5"),
        (NUMBER, "\u22123", "-3"),
        (NUMBER, "012", "12"),
        (CHOICE, "晚班", "晚班"),
        ({"kind": "date"}, "2023-07-14", "2023-07-14"),
        ({"kind": "date"}, "２０２３年7月4日", "2023-07-04"),
        ({"kind": "date"}, "2023/7/14", "2023-07-14"),
        ({"kind": "date"}, "20230714", "2023-07-14"),
    ],
)
def test_answers_as_people_type_them(
    union: Union, values: dict[str, Any], typed: str, stored: str
) -> None:
    question = ask(union, **values)
    assert answer_to(question, typed) == {question.pk: stored}
