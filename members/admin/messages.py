"""The messages that were written to workers: for operators, masked until a reason is given."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy as _

from core.encryption import blind_index
from core.errors import RuleViolation
from core.phone import normalise_phone
from members.admin.queue import RevealForm
from members.models import Message
from members.models.application import PHONE_CONTEXT
from members.models.message import MessageStatus
from members.services.messages import reveal_message
from unions.admin.base import OperatorAdmin
from unions.admin.forms import actor_of
from unions.admin.pages import LookedAtOnly

CHIPS = {
    MessageStatus.SENT: "approved",
    MessageStatus.FAILED: "rejected",
    MessageStatus.QUEUED: "waiting",
    MessageStatus.SENDING: "waiting",
    MessageStatus.KEPT: "cancelled",
}


@admin.register(Message)
class MessageAdmin(LookedAtOnly, OperatorAdmin):
    """What was written to whom and what became of it; nothing is written here."""

    read_only = True
    list_display = (
        "created_at", "label_shown", "phone_shown", "status_chip", "attempts", "error", "sent_at",
    )  # fmt: skip
    list_filter = ("status",)
    search_fields = ("template",)
    search_help_text = _("Whole phone number")
    ordering = ("-id",)
    sortable_by = ()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Message], search_term: str
    ) -> tuple[QuerySet[Message], bool]:
        """By a whole phone, by its hash."""
        if not search_term.strip():
            return queryset, False
        try:
            phone = normalise_phone(search_term)
        except RuleViolation:
            return queryset.none(), False
        return queryset.filter(phone_hash=blind_index(phone, context=PHONE_CONTEXT)), False

    @admin.display(description=_("template"))
    def label_shown(self, message: Message) -> str:
        """In words."""
        return message.label

    @admin.display(description=_("phone"))
    def phone_shown(self, message: Message) -> str:
        """Masked."""
        return message.masked_phone

    @admin.display(description=_("status"))
    def status_chip(self, message: Message) -> str:
        """In words and colour."""
        return format_html(
            '<span class="portal-chip portal-chip-{}">{}</span>',
            CHIPS[MessageStatus(message.status)],
            message.get_status_display(),
        )

    def get_urls(self) -> list[URLPattern]:
        """The one act on a message."""
        return [*self.act_urls(reveal=self.reveal_view), *super().get_urls()]

    def reveal_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Phone and text, for a reason, logged."""
        message = self._fetch(request, object_id)
        if request.method != "POST":
            return self._page(request, message)
        form = RevealForm(request.POST)
        revealed = None
        if form.is_valid():
            try:
                revealed = reveal_message(
                    message, reason=form.cleaned_data["reason"], actor=actor_of(request)
                )
            except RuleViolation as refusal:
                form.add_error("reason", str(refusal.message))
        return self._page(request, message, form=form, revealed=revealed)

    def _fetch(self, request: HttpRequest, object_id: str) -> Message:
        if not self.has_view_permission(request):
            raise PermissionDenied
        message: Message | None = self.get_object(request, unquote(object_id))
        if message is None:
            raise Http404
        return message

    def _page(
        self,
        request: HttpRequest,
        message: Message,
        *,
        form: RevealForm | None = None,
        revealed: dict[str, str] | None = None,
    ) -> HttpResponse:
        return TemplateResponse(
            request,
            "admin/members/message.html",
            {
                **self.admin_site.each_context(request),
                "title": gettext("Message"),
                "opts": self.opts,
                "original": message,
                "sent_message": message,
                "status_chip": self.status_chip(message),
                "reveal_form": form or RevealForm(),
                "revealed": revealed,
                "list_url": reverse("admin:members_message_changelist"),
            },
        )
