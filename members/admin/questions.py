"""Extra questions: what a union asks on its own sign-up form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _, pgettext
from unfold.widgets import UnfoldAdminTextareaWidget

from members.models import ExtraQuestion
from members.services.questions import change_question, create_question
from unions.admin.base import ScopedModelAdmin
from unions.admin.forms import ServiceForm, actor_of
from unions.enums import UnionStatus


class ExtraQuestionForm(ServiceForm):
    """The question and what may be answered."""

    class Meta:
        model = ExtraQuestion
        fields = (
            "union", "text_zh", "text_en", "kind", "choices", "minimum", "maximum", "is_required",
            "position", "is_active",
        )  # fmt: skip
        widgets = {"choices": UnfoldAdminTextareaWidget(attrs={"rows": 5})}
        help_texts = {
            "text_zh": _(
                "Ask only what the union needs to decide. Never ask for religion, health, bank "
                "accounts or numbers of documents."
            ),
            "choices": _("For “one of a list” only: 2 to 20, one a line."),
            "minimum": _("Of a number, or of the length of a text."),
            "maximum": _("Of a number, or of the length of a text."),
            "is_active": _("A form has room for 3 extra questions."),
        }


@admin.register(ExtraQuestion)
class ExtraQuestionAdmin(ScopedModelAdmin):
    """Questions of unions in the viewer's scope."""

    form = ExtraQuestionForm
    view_permission = "questions.change"
    change_permission = "questions.change"
    own_union_fields = ("union",)
    list_display = ("text_zh", "union", "kind_label", "is_required", "state", "position")
    list_filter = ("is_active", "kind")
    list_select_related = ("union",)
    search_fields = ("text_zh", "text_en", "union__name")
    search_help_text = _("Question or name of the union")
    ordering = ("union__name", "position", "id")
    autocomplete_fields = ("union",)
    fields = (
        "union", "text_zh", "text_en", "kind", "choices", ("minimum", "maximum"),
        ("is_required", "is_active"), "position",
    )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        """A question stays with its union."""
        given = super().get_readonly_fields(request, obj)
        return given if obj is None else tuple(dict.fromkeys((*given, "union")))

    def choice_queryset(self, request: HttpRequest, field: Any) -> QuerySet[Any] | None:
        """Unions that stand and enrol members."""
        rows = super().choice_queryset(request, field)
        if rows is None or field.name != "union":
            return rows
        return rows.filter(kind__enrols_members=True, status=UnionStatus.ACTIVE)

    def create_record(self, request: HttpRequest, values: dict[str, Any]) -> ExtraQuestion:
        """Add a question."""
        return create_question(actor=actor_of(request), **values)

    def update_record(
        self, request: HttpRequest, record: ExtraQuestion, changes: dict[str, Any]
    ) -> None:
        """Change a question."""
        change_question(record, actor=actor_of(request), **changes)

    @admin.display(description=_("kind of answer"), ordering="kind")
    def kind_label(self, question: ExtraQuestion) -> str:
        """In words."""
        return question.get_kind_display()

    @admin.display(description=_("state"), ordering="is_active")
    def state(self, question: ExtraQuestion) -> str:
        """Whether it is asked today."""
        return format_html(
            '<span class="portal-chip portal-chip-{}">{}</span>',
            "approved" if question.is_active else "rejected",
            pgettext("question", "asked") if question.is_active else pgettext("question", "off"),
        )
