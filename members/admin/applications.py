"""The queue of applications: what has waited longest first, decided one by one or together."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import BooleanField, Case, Q, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy as _, ngettext, pgettext_lazy

from core.codes import format_receipt, is_receipt_number
from core.normalising import normalise_identifier, normalise_text
from members.admin.bulk import BulkApprovalPages
from members.admin.direct import DirectEntryMixin
from members.admin.members import person_condition
from members.admin.passing import PassingPage
from members.admin.queue import (
    WAITING,
    ProvenFilter,
    QueueFilter,
    RejectionForm,
    WaitingFilter,
)
from members.models import Application, RepeatedSending
from members.models.application import WAITING_SINCE
from members.services.review import BulkOutcome, approve_many, reject_many
from members.waiting import begun_before, is_escalated, rules_of_review, working_days_waited
from unions.admin.forms import actor_of
from unions.scope import can

BULK_LIMIT = 200


@admin.register(Application)
class ApplicationAdmin(DirectEntryMixin, BulkApprovalPages, PassingPage):
    """Applications to unions of the viewer's scope."""

    list_display = (
        "applicant", "id_shown", "phone_shown", "worker_group", "union", "channel_label",
        "waiting_days", "status_chip",
    )  # fmt: skip
    list_filter = (QueueFilter, WaitingFilter, ProvenFilter, "worker_group", "channel")
    list_select_related = ("union", "worker_group", "decided_by", "rejection_reason")
    list_before_template = "admin/members/application_list_before.html"
    search_fields = ("receipt_number",)
    search_help_text = _("Receipt number, whole phone or ID number, or beginning of the name")
    ordering = (WAITING_SINCE, "id")
    sortable_by = ("waiting_days",)
    actions = ("approve_selected", "reject_selected")

    # -- list ---------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Application]:
        """With what the list says about deadlines: one look at the rules for all rows."""
        rows = super().get_queryset(request).alias(begun=WAITING_SINCE)
        late = Q(status=WAITING, begun__lt=begun_before(rules_of_review().remind_after_days))
        return rows.annotate(
            is_overdue=Case(
                When(late, then=Value(True)),
                default=Value(False),
                output_field=BooleanField(),
            ),
            is_escalated=is_escalated(),
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Application], search_term: str
    ) -> tuple[QuerySet[Application], bool]:
        """Numbers only as a whole, by their hash: parts of a number find nobody."""
        term = normalise_text(search_term)
        if not term:
            return queryset, False
        found = person_condition(term)
        if is_receipt_number(term):
            number = normalise_identifier(term)
            sent_again = RepeatedSending.objects.filter(receipt_number=number)
            found |= Q(receipt_number=number) | Q(pk__in=sent_again.values("application"))
        return queryset.filter(found), False

    @admin.display(description=pgettext_lazy("person", "name"), ordering="name")
    def applicant(self, application: Application) -> str:
        """The official who decides sees the name."""
        return application.name

    @admin.display(description=_("ID number"))
    def id_shown(self, application: Application) -> str:
        """Masked."""
        return application.masked_id_number

    @admin.display(description=_("phone"))
    def phone_shown(self, application: Application) -> str:
        """Masked, and whether it is proven."""
        if application.phone_proven_at is None:
            return application.masked_phone
        return format_html(
            '<span class="portal-nowrap">{} <span class="portal-chip portal-chip-approved" '
            'title="{}">✓</span></span>',
            application.masked_phone,
            gettext("phone proven"),
        )

    @admin.display(description=_("way of joining"), ordering="channel")
    def channel_label(self, application: Application) -> str:
        """In words."""
        return application.get_channel_display()

    @admin.display(description=_("waiting"), ordering=WAITING_SINCE)
    def waiting_days(self, application: Any) -> str:
        """Working days since it was sent in, until it was decided."""
        days = working_days_waited(application)
        text = (
            gettext("today")
            if days == 0
            else ngettext("%d working day", "%d working days", days) % days
        )
        if application.status != WAITING:
            return text
        if application.is_escalated:
            return format_html(
                '<strong class="portal-figure-alarm">{}</strong> '
                '<span class="portal-chip portal-chip-rejected">{}</span>',
                text,
                gettext("escalated"),
            )
        if application.is_overdue:
            return format_html('<strong class="portal-figure-alarm">{}</strong>', text)
        return text

    @admin.display(description=_("status"), ordering="status")
    def status_chip(self, application: Application) -> str:
        """In words and colour."""
        return format_html(
            '<span class="portal-chip portal-chip-{}">{}</span>',
            "waiting" if application.status == WAITING else application.status,
            application.get_status_display(),
        )

    # -- together -----------------------------------------------------------------------------

    def has_review_permission(self, request: HttpRequest) -> bool:
        """May the viewer decide anywhere?"""
        return can(actor_of(request), "applications.review")

    @admin.action(description=_("Approve…"), permissions=["review"])
    def approve_selected(
        self, request: HttpRequest, queryset: QuerySet[Application]
    ) -> HttpResponse | None:
        """Say what will happen; approve when confirmed."""
        return self._decide_together(request, queryset, verb="approve")

    @admin.action(description=_("Do not approve…"), permissions=["review"])
    def reject_selected(
        self, request: HttpRequest, queryset: QuerySet[Application]
    ) -> HttpResponse | None:
        """Ask for the reason and say what will happen; turn down when confirmed."""
        return self._decide_together(request, queryset, verb="reject")

    def _decide_together(
        self, request: HttpRequest, queryset: QuerySet[Application], *, verb: str
    ) -> HttpResponse | None:
        confirmed = "confirmed" in request.POST
        if confirmed:
            # Not the filtered list: who was decided on meanwhile is to be named, not left out.
            keys = request.POST.getlist(ACTION_CHECKBOX_NAME)
            queryset = Application.objects.visible_to(
                actor_of(request), self.view_permission
            ).filter(pk__in=keys)
        chosen = list(queryset.select_related("union", "worker_group")[: BULK_LIMIT + 1])
        if len(chosen) > BULK_LIMIT:
            self.message_user(
                request,
                gettext("At most %(limit)d applications can be decided together.")
                % {"limit": BULK_LIMIT},
                messages.ERROR,
            )
            return None
        form = RejectionForm(request.POST if confirmed and verb == "reject" else None)
        if confirmed and verb == "approve":
            self._tell(request, approve_many(chosen, actor=actor_of(request)), verb)
            return None
        if confirmed and form.is_valid():
            outcome = reject_many(chosen, actor=actor_of(request), **form.cleaned_data)
            self._tell(request, outcome, verb)
            return None
        return TemplateResponse(
            request,
            "admin/members/decide_together.html",
            {
                **self.admin_site.each_context(request),
                "title": gettext("Approve applications")
                if verb == "approve"
                else gettext("Do not approve applications"),
                "opts": self.opts,
                "verb": verb,
                "form": form,
                "chosen": chosen,
                "still_waiting": sum(item.status == WAITING for item in chosen),
                "checkbox_name": ACTION_CHECKBOX_NAME,
            },
        )

    def _tell(self, request: HttpRequest, outcome: BulkOutcome, verb: str) -> None:
        if outcome.done:
            n = len(outcome.done)
            text = (
                ngettext("%d application approved.", "%d applications approved.", n)
                if verb == "approve"
                else ngettext("%d application not approved.", "%d applications not approved.", n)
            )
            self.message_user(request, text % n, messages.SUCCESS)
        for application, why in outcome.refused:
            self.message_user(
                request,
                f"{format_receipt(application.receipt_number)} {application.masked_name}: {why}",
                messages.ERROR,
            )
