"""Questions a union adds to its own sign-up form."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from audit.services import changes_between, log
from core.errors import RuleViolation
from core.locks import advisory_lock
from core.normalising import normalise_text
from members.models import ExtraQuestion
from members.models.question import QuestionKind
from unions.models import Union
from unions.scope import Actor, can

QUESTIONS_PER_UNION = 3
CHOICES_AT_MOST = 20
CHOICE_LENGTH = 60
ANSWER_LENGTH = 200
LARGEST_NUMBER = 999_999_999
FIRST_DAY, LAST_DAY = dt.date(1900, 1, 1), dt.date(2100, 12, 31)

FIELDS = (
    "kind", "text_zh", "text_en", "choices", "minimum", "maximum", "is_required", "position",
    "is_active",
)  # fmt: skip
# What an answer was given to: fixed once there is one.
MEANING = frozenset({"kind", "text_zh", "text_en", "choices", "minimum", "maximum"})


def create_question(union: Union, *, actor: Actor, **values: Any) -> ExtraQuestion:
    """Add a question (``FIELDS`` as in the model) to the form of ``union``.

    Raises RuleViolation beside the field: out of scope, a union that enrols nobody, more than
    ``QUESTIONS_PER_UNION`` in use, bounds or choices that cannot be. ``actor`` None: the system.
    """
    if actor is not None and not can(actor, "questions.change", union):
        raise RuleViolation(_("This union is not in your scope."), field="union")
    if not union.kind.enrols_members:
        raise RuleViolation(
            _("A “%(kind)s” does not enrol members itself.") % {"kind": union.kind.name},
            field="union",
        )
    question = ExtraQuestion(union=union, **values)
    _tidy(question)
    with transaction.atomic():
        _check_room(question)
        question.save(force_insert=True)
        data = {"union": union.pk, "kind": question.kind, "text": question.text_zh}
        log(actor, "question.created", question, data, union_path=union.path)
    return question


def change_question(question: ExtraQuestion, *, actor: Actor, **changes: Any) -> ExtraQuestion:
    """Change a question; one that was answered keeps its meaning and can only be taken off the
    form, moved, or made (not) required. Its union never changes.

    Raises RuleViolation beside the field.
    """
    union = question.union
    if actor is not None and not can(actor, "questions.change", union):
        raise RuleViolation(_("This union is not in your scope."), code="scope")
    if unknown := set(changes) - set(FIELDS):
        raise ValueError(f"not fields of a question: {sorted(unknown)}")
    with transaction.atomic():
        stored = ExtraQuestion.objects.select_for_update(of=("self",)).get(pk=question.pk)
        before = {name: getattr(stored, name) for name in FIELDS}
        for name, value in changes.items():
            setattr(stored, name, value)
        _tidy(stored)
        after = {name: getattr(stored, name) for name in FIELDS}
        changed = changes_between(before, after)
        if changed.keys() & MEANING and stored.answers.exists():
            raise RuleViolation(
                _("This question has been answered: take it off the form and ask a new one."),
                field=min(changed.keys() & MEANING, key=FIELDS.index),
                code="answered",
            )
        _check_room(stored)
        stored.save()
        log(actor, "question.changed", stored, changed, union_path=union.path)
    return stored


def _check_room(question: ExtraQuestion) -> None:
    """At most so many in use, also when two officials add one at once."""
    if not question.is_active:
        return
    advisory_lock(f"members.questions.{question.union_id}")
    in_use = ExtraQuestion.objects.filter(union=question.union_id, is_active=True)
    if in_use.exclude(pk=question.pk).count() >= QUESTIONS_PER_UNION:
        raise RuleViolation(
            _("A form has room for %(number)d extra questions.") % {"number": QUESTIONS_PER_UNION},
            field="is_active",
            code="too_many",
        )


def _tidy(question: ExtraQuestion) -> None:
    """Clean the texts and check the bounds; what the kind does not use is emptied."""
    question.text_zh = normalise_text(question.text_zh)
    question.text_en = normalise_text(question.text_en)
    if not question.text_zh:
        raise RuleViolation(_("Enter the question."), field="text_zh", code="required")
    question.choices = "\n".join(_choices(question)) if question.kind == "choice" else ""
    if question.kind not in (QuestionKind.TEXT, QuestionKind.NUMBER):
        question.minimum = question.maximum = None
    lowest, highest = question.minimum, question.maximum
    if lowest is not None and highest is not None and lowest > highest:
        raise RuleViolation(
            _("“At most” is smaller than “at least”."), field="maximum", code="bounds"
        )
    smallest, largest = (
        (1, ANSWER_LENGTH)
        if question.kind == QuestionKind.TEXT
        else (-LARGEST_NUMBER, LARGEST_NUMBER)
    )
    for name, bound in (("minimum", lowest), ("maximum", highest)):
        if bound is not None and not smallest <= bound <= largest:
            raise RuleViolation(
                _("Enter a number from %(first)d to %(last)d.")
                % {"first": smallest, "last": largest},
                field=name,
                code="bounds",
            )


def _choices(question: ExtraQuestion) -> list[str]:
    lines = [normalise_text(line) for line in question.choices.splitlines()]
    found = list(dict.fromkeys(filter(None, lines)))
    if not 2 <= len(found) <= CHOICES_AT_MOST:
        raise RuleViolation(
            _("Enter 2 to %(number)d choices, one a line.") % {"number": CHOICES_AT_MOST},
            field="choices",
            code="choices",
        )
    if any(len(line) > CHOICE_LENGTH for line in found):
        raise RuleViolation(
            _("A choice has at most %(number)d characters.") % {"number": CHOICE_LENGTH},
            field="choices",
            code="choices",
        )
    return found
