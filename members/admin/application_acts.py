"""The page of one application, and what an official does there."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils.translation import gettext

from core.codes import format_receipt
from core.errors import RuleViolation
from members.admin.comparison import compare
from members.admin.paper import paper_address
from members.admin.queue import (
    WAITING,
    CorrectionRequestForm,
    RejectionForm,
    RevealForm,
    UndoForm,
)
from members.admin.sent_again import sent_again
from members.enums import ApplicationStatus, JoinChannel
from members.models import Application
from members.models.review import StepType
from members.selectors import answers_of
from members.services.resubmission import request_correction
from members.services.revealing import reveal_application
from members.services.review import (
    approve_application,
    can_review,
    may_still_undo,
    reject_application,
    undo_decision,
)
from members.services.viewing import log_view
from members.waiting import rules_of_review, working_days_waited
from unions.admin.base import ReadOnlyAdmin
from unions.admin.forms import actor_of
from unions.admin.pages import LookedAtOnly
from unions.scope import access, grants_of


class ApplicationActs(LookedAtOnly, ReadOnlyAdmin):
    """Acts on one application: approve, ask for a correction, turn down, undo, reveal."""

    view_permission = "applications.view"

    def get_urls(self) -> list[URLPattern]:
        """The acts on one application."""
        own = self.act_urls(
            approve=self.approve_view,
            correction=self.correction_view,
            reject=self.reject_view,
            undo=self.undo_view,
            reveal=self.reveal_view,
        )
        return [*own, *super().get_urls()]

    def approve_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Approve, and go on to the next if asked to."""
        application = self._fetch_for_act(request, object_id)
        if application is None:
            return self.only_by_button(request, object_id)
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

    def correction_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask the applicant to correct something."""
        application = self._fetch_for_act(request, object_id)
        if application is None:
            return self.only_by_button(request, object_id)
        form = CorrectionRequestForm(request.POST)
        if not form.is_valid():
            return self._page(request, application, correction_form=form)
        try:
            request_correction(
                application,
                fields=form.cleaned_data["fields_asked"],
                note=form.cleaned_data["note"],
                actor=actor_of(request),
            )
        except RuleViolation as refusal:
            return self._refused(request, application, refusal)
        self.message_user(
            request,
            gettext("%(name)s has been asked to correct the application.")
            % {"name": application.masked_name},
            messages.SUCCESS,
        )
        return self._onward(request)

    def reject_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Turn down with a reason."""
        application = self._fetch_for_act(request, object_id)
        if application is None:
            return self.only_by_button(request, object_id)
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

    def undo_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take the decision back, for a reason."""
        application = self._fetch_for_act(request, object_id)
        if application is None:
            return self.only_by_button(request, object_id)
        form = UndoForm(request.POST)
        if not form.is_valid():
            return self._page(request, application, undo_form=form)
        try:
            undo_decision(application, reason=form.cleaned_data["reason"], actor=actor_of(request))
        except RuleViolation as refusal:
            if refusal.field == "reason":
                form.add_error("reason", str(refusal.message))
                return self._page(request, application, undo_form=form)
            return self._refused(request, application, refusal)
        self.message_user(
            request,
            gettext("The decision was taken back; the application of %(name)s waits again.")
            % {"name": application.masked_name},
            messages.SUCCESS,
        )
        return self._to(application)

    def reveal_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the full numbers once, for a reason, logged."""
        application = self._fetch_for_act(request, object_id)
        if application is None:
            return self.only_by_button(request, object_id)
        form = RevealForm(request.POST, auto_id="reveal_%s")
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
        return self._to(application)

    def _to(self, application: Application) -> HttpResponse:
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
        rejection_form: Form | None = None,
        correction_form: Form | None = None,
        undo_form: Form | None = None,
        reveal_form: Form | None = None,
        revealed: dict[str, str] | None = None,
    ) -> HttpResponse:
        actor = actor_of(request)
        # Here and not with the address: a form that comes back shows the same page.
        log_view(application, "application.viewed", union=application.union, actor=actor)
        may_review = can_review(actor, application)
        steps = list(application.steps.select_related("actor").order_by("at", "id"))
        rules = rules_of_review()
        days = working_days_waited(application)
        is_waiting = application.status == WAITING
        asked = next((step for step in reversed(steps) if step.type == StepType.CORRECTION), None)
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
                "answers": answers_of(application),
                "consents": application.consents.select_related("text"),
                "steps": steps,
                "waiting_days": days,
                "is_overdue": is_waiting and days >= rules.remind_after_days,
                "is_waiting": is_waiting,
                "asked": asked if application.status == ApplicationStatus.CORRECTION else None,
                "may_review": may_review,
                # Whose rights end at one union has none to pass to.
                "may_pass": any(g.below for g in grants_of(actor, "applications.review")),
                "scan_url": scan_of(application) if may_review else "",
                "may_undo": may_still_undo(application),
                "undo_hours": rules.undo_hours,
                "comparison": compare(application, actor),
                "sent_again": sent_again(application),
                "rejection_form": rejection_form or RejectionForm(),
                "correction_form": correction_form or CorrectionRequestForm(),
                "undo_form": undo_form or UndoForm(),
                "reveal_form": reveal_form or RevealForm(auto_id="reveal_%s"),
                "revealed": revealed,
                "list_url": reverse("admin:members_application_changelist"),
            },
        )


def scan_of(application: Application) -> str:
    """Where the signed form of an application on paper is; "" for every other."""
    return paper_address(application) if application.channel == JoinChannel.PAPER else ""
