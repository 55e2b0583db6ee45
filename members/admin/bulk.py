"""Approving many: choose by the filters of the list, see what would happen, confirm, see what did.

What is confirmed is the list that was shown, carried back signed: an application that came in
meanwhile is not among it.
"""

from __future__ import annotations

import logging
from typing import Any

from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext

from accounts.models import User
from core.errors import RuleViolation
from members.models import Application, BulkApproval
from members.review_tasks import run_bulk_approval_task
from members.services.bulk_approval import (
    AT_ONCE,
    LIMIT,
    Outcome,
    Preview,
    counts_of,
    preview_bulk_approval,
    run_bulk_approval,
    start_bulk_approval,
)
from unions.admin.base import ReadOnlyAdmin
from unions.admin.forms import actor_of
from unions.scope import can

TOKEN_SALT = "members.bulk_approval"  # noqa: S105 -- names the use, is no secret
TOKEN_SECONDS = 3600
SHOWN_LEFT_OUT = 100
SHOWN_REFUSED = 200
# Part of the address of the preview, not of the list.
CHOICES = ("twins", "unproven")

logger = logging.getLogger(__name__)


class BulkApprovalPages(ReadOnlyAdmin):
    """Preview and outcome of approving what a filter finds."""

    def get_urls(self) -> list[URLPattern]:
        """The preview, and the page of each approval of many."""
        view = self.admin_site.admin_view
        own = [
            path("bulk/", view(self.bulk_view), name="members_application_bulk"),
            path(
                "bulk/<int:pk>/",
                view(self.bulk_outcome_view),
                name="members_application_bulk_outcome",
            ),
        ]
        return [*own, *super().get_urls()]

    def bulk_view(self, request: HttpRequest) -> HttpResponse:
        """What approving everything of the filter would do; a POST does it."""
        actor = self._reviewer(request)
        if request.method == "POST":
            return self._start(request, actor)
        wishes = {name: name in request.GET for name in CHOICES}
        chosen = request.GET.copy()
        # A search may hold a phone or ID number: what was searched for is not what is approved.
        for name in (*CHOICES, "q", "p", "o", "e"):
            chosen.pop(name, None)
        request.GET = chosen  # type: ignore[assignment]
        rows = self.get_changelist_instance(request).get_queryset(request)
        reviewed = Application.objects.visible_to(actor, "applications.review").filter(
            pk__in=rows.order_by().values("pk")
        )
        preview = preview_bulk_approval(
            reviewed, actor=actor, with_twins=wishes["twins"], with_unproven=wishes["unproven"]
        )
        return self._preview_page(request, actor, preview, wishes)

    def bulk_outcome_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What became of each; while it runs, how far it is. A POST goes on with it here."""
        actor = self._reviewer(request)
        approval = BulkApproval.objects.filter(pk=pk, asked_by=actor).first()
        if approval is None:
            raise Http404
        here = reverse("admin:members_application_bulk_outcome", args=[pk])
        if request.method == "POST":
            run_bulk_approval(approval.pk, at_most=AT_ONCE)
            return HttpResponseRedirect(here)
        counts = counts_of(approval)
        total = sum(counts.values())
        left = counts[Outcome.WAITING]
        # Counted all, named those that are in scope today: what was passed on is another's.
        named = Application.objects.visible_to(actor, self.view_permission)
        refused = approval.items.filter(
            outcome=Outcome.REFUSED, application__in=named.order_by().values("pk")
        ).select_related("application__union")
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Approval of many applications"),
            "opts": self.opts,
            "approval": approval,
            "approved": counts[Outcome.APPROVED],
            "refused_count": counts[Outcome.REFUSED],
            "refused": refused[:SHOWN_REFUSED],
            "left": left,
            "dealt_with": total - left,
            "total": total,
        }
        return TemplateResponse(request, "admin/members/application_bulk_outcome.html", context)

    def _reviewer(self, request: HttpRequest) -> User:
        actor = actor_of(request)
        if not isinstance(actor, User) or not can(actor, "applications.review"):
            raise PermissionDenied
        return actor

    def _preview_page(
        self, request: HttpRequest, actor: User, preview: Preview, wishes: dict[str, bool]
    ) -> HttpResponse:
        content = {"ids": preview.ready, "actor": actor.pk}
        query = request.GET.urlencode()
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": gettext("Approve many applications"),
            "opts": self.opts,
            "preview": preview,
            "left_out": preview.left_out[:SHOWN_LEFT_OUT],
            "left_out_more": max(len(preview.left_out) - SHOWN_LEFT_OUT, 0),
            "limit": LIMIT,
            "wishes": wishes,
            "filters": [(key, value) for key, values in request.GET.lists() for value in values],
            "list_url": reverse("admin:members_application_changelist") + (query and f"?{query}"),
            "token": signing.dumps(content, salt=TOKEN_SALT, compress=True)
            if preview.ready
            else "",
        }
        return TemplateResponse(request, "admin/members/application_bulk.html", context)

    def _start(self, request: HttpRequest, actor: User) -> HttpResponse:
        try:
            content = signing.loads(
                request.POST.get("token", ""), salt=TOKEN_SALT, max_age=TOKEN_SECONDS
            )
            if content["actor"] != actor.pk:
                raise signing.BadSignature
            approval = start_bulk_approval(content["ids"], actor=actor)
        except signing.BadSignature:
            return self._again(request, gettext("This preview is too old. Look at it once more."))
        except RuleViolation as refusal:
            return self._again(request, str(refusal.message))
        if len(content["ids"]) <= AT_ONCE:
            run_bulk_approval(approval.pk)
            approved = counts_of(approval)[Outcome.APPROVED]
            self.message_user(
                request,
                ngettext("%d application approved.", "%d applications approved.", approved)
                % approved,
                messages.SUCCESS,
            )
        else:
            _hand_over(approval)
        return HttpResponseRedirect(
            reverse("admin:members_application_bulk_outcome", args=[approval.pk])
        )

    def _again(self, request: HttpRequest, why: str) -> HttpResponse:
        self.message_user(request, why, messages.ERROR)
        return HttpResponseRedirect(reverse("admin:members_application_bulk"))


def _hand_over(approval: BulkApproval) -> None:
    """To a worker. Silent when the queue is away: the next sweep finds it."""
    try:
        run_bulk_approval_task.delay(approval.pk)
    except Exception as error:  # noqa: BLE001 -- whatever the queue's driver raises
        logger.warning("The queue does not answer (%s).", type(error).__name__)
