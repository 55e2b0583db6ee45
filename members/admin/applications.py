"""The queue of applications: oldest first, decided one by one or together."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy as _, ngettext, pgettext_lazy

from core.codes import format_receipt, is_receipt_number
from core.errors import RuleViolation
from core.normalising import normalise_identifier, normalise_text
from members.admin.members import person_condition
from members.admin.queue import WAITING, QueueFilter, RejectionForm, RevealForm, days_waiting
from members.models import Application, Member
from members.selectors import other_traces_of
from members.services.revealing import reveal_application
from members.services.review import (
    BulkOutcome,
    approve_application,
    approve_many,
    can_review,
    reject_application,
    reject_many,
)
from unions.admin.base import ReadOnlyAdmin
from unions.admin.forms import actor_of
from unions.scope import access, can

BULK_LIMIT = 200
LATE_DAYS = 5  # waiting longer is shown in warning colours


@admin.register(Application)
class ApplicationAdmin(ReadOnlyAdmin):
    """Applications to unions of the viewer's scope."""

    view_permission = "applications.view"
    list_display = (
        "applicant", "id_shown", "phone_shown", "worker_group", "union", "channel_label",
        "waiting_days", "status_chip",
    )  # fmt: skip
    list_filter = (QueueFilter, "worker_group", "channel")
    list_select_related = ("union", "worker_group", "decided_by", "rejection_reason")
    search_fields = ("receipt_number",)
    search_help_text = _("Receipt number, whole phone or ID number, or beginning of the name")
    ordering = ("submitted_at", "id")
    sortable_by = ("waiting_days",)
    actions = ("approve_selected", "reject_selected")

    # -- list ---------------------------------------------------------------------------------

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Application], search_term: str
    ) -> tuple[QuerySet[Application], bool]:
        """Numbers only as a whole, by their hash: parts of a number find nobody."""
        term = normalise_text(search_term)
        if not term:
            return queryset, False
        found = person_condition(term)
        if is_receipt_number(term):
            found |= Q(receipt_number=normalise_identifier(term))
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
        """Masked."""
        return application.masked_phone

    @admin.display(description=_("way of joining"), ordering="channel")
    def channel_label(self, application: Application) -> str:
        """In words."""
        return application.get_channel_display()

    @admin.display(description=_("waiting"), ordering="submitted_at")
    def waiting_days(self, application: Application) -> str:
        """Days since it was sent in, until it was decided."""
        days = days_waiting(application)
        text = gettext("today") if days == 0 else ngettext("%d day", "%d days", days) % days
        if application.status == WAITING and days >= LATE_DAYS:
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

    # -- one ----------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """The three acts on one application."""
        acts = [
            ("approve", self.approve_view),
            ("reject", self.reject_view),
            ("reveal", self.reveal_view),
        ]
        own = [
            path(
                f"<path:object_id>/{name}/",
                self.admin_site.admin_view(view),
                name=f"members_application_{name}",
            )
            for name, view in acts
        ]
        return [*own, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """One application with all that helps to decide. It is not edited."""
        application = self._fetch(request, object_id)
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        return self._page(request, application)

    def approve_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Approve, and go on to the next if asked to."""
        application = self._fetch_for_act(request, object_id)
        if application is None:
            return HttpResponseNotAllowed(["POST"])
        try:
            approve_application(application, actor=actor_of(request))
        except RuleViolation as refusal:
            return self._refused(request, application, refusal)
        self.message_user(
            request,
            gettext("%(name)s is now a member of %(union)s.")
            % {"name": application.masked_name, "union": application.union},
            messages.SUCCESS,
        )
        return self._onward(request)

    def reject_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Turn down with a reason."""
        application = self._fetch_for_act(request, object_id)
        if application is None:
            return HttpResponseNotAllowed(["POST"])
        form = RejectionForm(request.POST)
        if not form.is_valid():
            return self._page(request, application, rejection_form=form)
        try:
            reject_application(application, actor=actor_of(request), **form.cleaned_data)
        except RuleViolation as refusal:
            return self._refused(request, application, refusal)
        self.message_user(
            request,
            gettext("The application of %(name)s was not approved.")
            % {"name": application.masked_name},
            messages.SUCCESS,
        )
        return self._onward(request)

    def reveal_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the full numbers once, for a reason, logged."""
        application = self._fetch_for_act(request, object_id)
        if application is None:
            return HttpResponseNotAllowed(["POST"])
        form = RevealForm(request.POST)
        revealed = None
        if form.is_valid():
            try:
                revealed = reveal_application(
                    application, reason=form.cleaned_data["reason"], actor=actor_of(request)
                )
            except RuleViolation as refusal:
                form.add_error("reason", str(refusal.message))
        return self._page(request, application, reveal_form=form, revealed=revealed)

    def _fetch(self, request: HttpRequest, object_id: str) -> Application:
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = Application.objects.select_related(
            "union__kind", "worker_group", "employer", "decided_by", "rejection_reason", "join_code"
        )
        return access(
            rows, unquote(object_id), actor=actor_of(request), permission="applications.view"
        )

    def _fetch_for_act(self, request: HttpRequest, object_id: str) -> Application | None:
        """The application to act on; None for a method that may not act."""
        application = self._fetch(request, object_id)
        if not can_review(actor_of(request), application):
            raise PermissionDenied
        return application if request.method == "POST" else None

    def _refused(
        self, request: HttpRequest, application: Application, refusal: RuleViolation
    ) -> HttpResponse:
        self.message_user(request, str(refusal.message), messages.ERROR)
        return HttpResponseRedirect(
            reverse("admin:members_application_change", args=[application.pk])
        )

    def _onward(self, request: HttpRequest) -> HttpResponse:
        if "next" in request.POST:
            rows = Application.objects.visible_to(actor_of(request), "applications.review")
            following = rows.waiting().values_list("pk", flat=True).first()
            if following is not None:
                return HttpResponseRedirect(
                    reverse("admin:members_application_change", args=[following])
                )
        return HttpResponseRedirect(reverse("admin:members_application_changelist"))

    def _page(
        self,
        request: HttpRequest,
        application: Application,
        *,
        rejection_form: RejectionForm | None = None,
        reveal_form: RevealForm | None = None,
        revealed: dict[str, str] | None = None,
    ) -> HttpResponse:
        member, others = self._traces_in_scope(request, application)
        return TemplateResponse(
            request,
            "admin/members/application.html",
            {
                **self.admin_site.each_context(request),
                "title": gettext("Application %(receipt)s")
                % {"receipt": format_receipt(application.receipt_number)},
                "opts": self.opts,
                "original": application,
                "application": application,
                "waiting_days": days_waiting(application),
                "is_waiting": application.status == WAITING,
                "may_review": can_review(actor_of(request), application),
                "consents": application.consents.select_related("text"),
                **member,
                "others": others,
                "rejection_form": rejection_form or RejectionForm(),
                "reveal_form": reveal_form or RevealForm(),
                "revealed": revealed,
                "list_url": reverse("admin:members_application_changelist"),
            },
        )

    def _traces_in_scope(
        self, request: HttpRequest, application: Application
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Who else this may be. Of what lies out of scope only that it exists is said.

        That much the reviewer must know: approval of somebody who is a member elsewhere is refused.
        """
        actor = actor_of(request)
        member, others = other_traces_of(application)
        spell = (
            member.memberships.select_related("union", "worker_group")
            .order_by("-started_on")
            .first()
            if member
            else None
        )
        known = {
            "member": member,
            "member_spell": spell,
            "member_in_scope": bool(member) and can(actor, "members.view", _home_of(member)),
        }
        shown = [
            {
                "application": other,
                "in_scope": can(actor, "applications.view", other.union),
                "same_id": bytes(other.id_number_hash) == bytes(application.id_number_hash),
                "same_phone": bytes(other.phone_hash) == bytes(application.phone_hash),
            }
            for other in others
        ]
        return known, shown


def _home_of(member: Member | None) -> Any:
    if member is None:
        raise Http404
    return member.home_union
