"""Reads on joining and membership that more than one caller shares."""

from __future__ import annotations

from core.clock import local_today
from core.remembering import remembered
from members.models import (
    Application,
    ApplicationStep,
    ConsentText,
    ExtraAnswer,
    ExtraQuestion,
    JoinCode,
)
from members.models.review import StepType


@remembered
def current_consent_texts() -> list[ConsentText]:
    """The newest published version of each purpose, in the order they are asked."""
    texts = (
        ConsentText.objects.filter(published_on__lte=local_today())
        .order_by("purpose", "-version")
        .distinct("purpose")
    )
    return sorted(texts, key=lambda text: ConsentText.Purpose.values.index(text.purpose))


@remembered
def find_join_code(code: str) -> JoinCode | None:
    """The join code as typed or scanned (case and blanks do not matter), usable or not."""
    return (
        JoinCode.objects.select_related("union__kind", "union__region", "employer")
        .filter(code=code.strip().upper())
        .first()
    )


@remembered
def questions_of(union_id: int) -> list[ExtraQuestion]:
    """The extra questions on the form of a union, in the order they are asked."""
    return list(ExtraQuestion.objects.filter(union=union_id, is_active=True))


def answers_of(application: Application) -> list[ExtraAnswer]:
    """What the applicant answered to the union's extra questions, with the questions."""
    return list(
        application.extra_answers.select_related("question").order_by(
            "question__position", "question_id"
        )
    )


def steps_of(application: Application) -> list[ApplicationStep]:
    """What happened to an application since it was sent in, oldest first."""
    return list(application.steps.order_by("at", "id"))


def fields_to_correct(application: Application) -> list[str]:
    """What the union last asked to have corrected (``CorrectableField``)."""
    asked = application.steps.filter(type=StepType.CORRECTION).order_by("-at", "-id").first()
    return list(asked.fields) if asked else []
