"""Retention periods, and the purges an operator reads and confirms."""

from __future__ import annotations

import datetime as dt

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, gettext_lazy as _

from accounts.models import User
from core.errors import RuleViolation
from members.models import PurgeRun, RetentionRule
from members.services.retention import (
    confirm_purge,
    drop_purge,
    must_be_typed,
    report_purge,
    total_of,
)
from members.tasks import run_purge_task
from unions.admin.base import OperatorAdmin
from unions.admin.forms import actor_of
from unions.admin.pages import LookedAtOnly, back_to_the_button


@admin.register(RetentionRule)
class RetentionRuleAdmin(OperatorAdmin):
    """How long each class of data is kept. Classes are in the code; periods are here."""

    list_display = ("label", "months", "action", "basis")
    fields = ("data_class", "name_zh", "name_en", "months", "action", "basis")
    readonly_fields = ("data_class", "name_zh", "name_en", "action")

    @admin.display(description=_("data class"))
    def label(self, rule: RetentionRule) -> str:
        """In the reader's language."""
        return str(rule)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never: a class without code that erases it would be a promise nobody keeps."""
        return False


@admin.register(PurgeRun)
class PurgeRunAdmin(LookedAtOnly, OperatorAdmin):
    """Reports, newest first; the page of one shows exactly what would go."""

    read_only = True
    list_display = ("day", "reported", "status", "rows", "confirmer", "finished")
    list_select_related = ("confirmed_by",)
    sortable_by = ()
    list_before_template = "admin/members/purge_report.html"

    @admin.display(description=_("report made"))
    def reported(self, run: PurgeRun) -> dt.datetime:
        """When the report was made."""
        return run.reported_at

    @admin.display(description=_("confirmed by"), empty_value="—")
    def confirmer(self, run: PurgeRun) -> str | None:
        """Who answers for it."""
        return str(run.confirmed_by) if run.confirmed_by else None

    @admin.display(description=_("finished"), empty_value="—")
    def finished(self, run: PurgeRun) -> dt.datetime | None:
        """When the last row was done."""
        return run.done_at

    @admin.display(description=_("rows"))
    def rows(self, run: PurgeRun) -> int:
        """All that were reported."""
        return total_of(run)

    def get_urls(self) -> list[URLPattern]:
        """With the acts."""
        own = [
            path(
                "report/",
                self.admin_site.admin_view(self.report_view),
                name="members_purgerun_report",
            ),
            *self.act_urls(confirm=self.confirm_view, drop=self.drop_view),
        ]
        return [*own, *super().get_urls()]

    def report_view(self, request: HttpRequest) -> HttpResponse:
        """Make a report now; nothing is erased by it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return back_to_the_button(request, reverse("admin:members_purgerun_changelist"))
        run = report_purge(actor=actor_of(request))
        return self._back(run)

    def confirm_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Confirm the report; the work is done in the background."""
        run = self._fetch(request, object_id)
        if request.method != "POST":
            return self.only_by_button(request, run.pk)
        actor = actor_of(request)
        assert isinstance(actor, User)
        try:
            with transaction.atomic():
                run = confirm_purge(run, typed=request.POST.get("typed", ""), actor=actor)
                # With the queue away it waits for `manage.py purge --run`.
                transaction.on_commit(lambda: run_purge_task.delay(run.pk), robust=True)
        except RuleViolation as refusal:
            return self._page(request, run, fault=str(refusal.message))
        self.message_user(
            request,
            gettext("Confirmed. What was reported is being erased; this page shows how far it is."),
            messages.SUCCESS,
        )
        return self._back(run)

    def drop_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Put the report aside."""
        run = self._fetch(request, object_id)
        if request.method != "POST":
            return self.only_by_button(request, run.pk)
        return self._back(drop_purge(run, actor=actor_of(request)))

    def _fetch(self, request: HttpRequest, object_id: str) -> PurgeRun:
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            return PurgeRun.objects.select_related("confirmed_by").get(pk=unquote(object_id))
        except (PurgeRun.DoesNotExist, ValueError) as error:
            raise Http404 from error

    def _back(self, run: PurgeRun) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:members_purgerun_change", args=[run.pk]))

    def _page(self, request: HttpRequest, run: PurgeRun, *, fault: str = "") -> HttpResponse:
        rules = RetentionRule.objects.in_bulk()
        classes = [
            {
                "name": rules.get(code, code),
                "action": RetentionRule.Action(item["action"]).label,
                "cutoff": dt.date.fromisoformat(item["cutoff"]),
                "oldest": item["oldest"] and dt.date.fromisoformat(item["oldest"]),
                "count": item["count"],
                "percent": item["percent"],
                "erased": run.erased.get(code, 0),
            }
            for code, item in run.found.items()
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Purge as of %(day)s") % {"day": run.day.isoformat()},
            "opts": self.opts,
            "original": run,
            "run": run,
            "classes": classes,
            "total": total_of(run),
            "erased_total": sum(run.erased.values()),
            "is_open": run.status == PurgeRun.Status.REPORTED,
            "must_be_typed": must_be_typed(run),
            "fault": fault,
        }
        return TemplateResponse(request, "admin/members/purge.html", context)
