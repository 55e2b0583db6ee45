"""Questions a union adds to its own sign-up form."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language, gettext_lazy as _

from members.models.application import Application
from unions.models import Union
from unions.scope import ScopedQuerySet


class QuestionKind(models.TextChoices):
    """What kind of answer a question takes."""

    TEXT = "text", _("short text")
    CHOICE = "choice", _("one of a list")
    NUMBER = "number", _("number")
    DATE = "date", _("date")


class ExtraQuestion(models.Model):
    """At most three in use per union; asked on forms of that union alone.

    ``choices`` holds one choice a line; ``minimum`` and ``maximum`` bound a number or the length of
    a text.
    """

    union = models.ForeignKey(
        Union, on_delete=models.PROTECT, related_name="extra_questions", verbose_name=_("union")
    )
    kind = models.CharField(_("kind of answer"), max_length=8, choices=QuestionKind)
    text_zh = models.CharField(_("question in Chinese"), max_length=80)
    text_en = models.CharField(_("question in English"), max_length=120, blank=True)
    choices = models.TextField(_("choices, one a line"), max_length=1000, blank=True)
    minimum = models.IntegerField(_("at least"), null=True, blank=True)
    maximum = models.IntegerField(_("at most"), null=True, blank=True)
    is_required = models.BooleanField(_("must be answered"), default=False)
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    is_active = models.BooleanField(_("in use"), default=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("extra question")
        verbose_name_plural = _("extra questions")
        ordering = ("position", "id")
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind="choice") | ~Q(choices=""), name="members_question_has_choices"
            )
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        """The question in the active language; Chinese where there is no English."""
        in_english = (get_language() or "").startswith("en")
        return self.text_en if in_english and self.text_en else self.text_zh


class ExtraAnswer(models.Model):
    """An applicant's answer, as plain text (dates in ISO form)."""

    application = models.ForeignKey(
        Application, on_delete=models.PROTECT, related_name="extra_answers", db_index=False
    )
    question = models.ForeignKey(ExtraQuestion, on_delete=models.PROTECT, related_name="answers")
    value = models.CharField(_("answer"), max_length=200)

    class Meta:
        verbose_name = _("extra answer")
        verbose_name_plural = _("extra answers")
        constraints = [
            models.UniqueConstraint(
                fields=["application", "question"], name="members_extra_answer_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.application_id} · {self.question_id}"
