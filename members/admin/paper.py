"""Applications on paper: typed in with a scan, which is shown to reviewers only, and logged."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy as _, pgettext_lazy
from django.views.decorators.debug import sensitive_post_parameters

from accounts.models import User
from core.codes import format_receipt
from core.errors import RuleViolation
from members.admin.entry import PaperForm
from members.models import Application, ApplicationPaper
from members.services.paper import look_at_paper, record_paper_application
from unions.admin.base import ScopedModelAdmin

TYPES = {"pdf": "application/pdf", "jpg": "image/jpeg", "png": "image/png"}


@admin.register(ApplicationPaper)
class ApplicationPaperAdmin(ScopedModelAdmin):
    """Scans in the viewer's scope."""

    view_permission = "enrolment.change"
    change_permission = "enrolment.change"
    scope_path = "application__union__path"
    list_display = ("receipt", "applicant", "union", "uploaded_at", "scan")
    list_select_related = ("application__union",)
    ordering = ("-uploaded_at",)
    sortable_by = ()
    fields = ("receipt", "applicant", "union", "uploader", "uploaded_at", "scan")
    readonly_fields = fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A signed paper is not edited."""
        return False

    # -- typing in --------------------------------------------------------------------------------

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Person, consent and scan on one page."""
        return self._add(request)

    @method_decorator(sensitive_post_parameters())
    def _add(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        sent = request.method == "POST"
        form = (
            PaperForm(request.POST, request.FILES, request=request)
            if sent
            else PaperForm(request=request)
        )
        if sent and form.is_valid() and isinstance(request.user, User):
            try:
                application = record_paper_application(
                    file=form.cleaned_data["file"], actor=request.user, **form.values()
                )
            except RuleViolation as violation:
                form.add_violation(violation)
            else:
                self.message_user(
                    request,
                    gettext("Application %(receipt)s is recorded and waits for review.")
                    % {"receipt": format_receipt(application.receipt_number)},
                    messages.SUCCESS,
                )
                again = "again" in request.POST
                page = "add" if again else "changelist"
                return HttpResponseRedirect(reverse(f"admin:members_applicationpaper_{page}"))
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Application on paper"),
            "opts": self.opts,
            "form": form,
            "media": form.media,
            "hint": gettext("Type in what stands on the signed form. It then waits for review."),
            "list_url": reverse("admin:members_applicationpaper_changelist"),
        }
        return TemplateResponse(request, "admin/members/entry.html", context)

    # -- the scan ---------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """Also the scan itself."""
        return [*self.act_urls(scan=self.scan_view), *super().get_urls()]

    def scan_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The file, to whoever may review the application; each look is logged."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        paper = self.get_object(request, unquote(object_id))
        if paper is None or not isinstance(request.user, User):
            raise Http404
        seen = look_at_paper(paper.application, actor=request.user)
        if seen is None or not seen.file or not seen.file.storage.exists(str(seen.file.name)):
            raise Http404
        kind = str(seen.file.name).rpartition(".")[2]
        name = f"{seen.application.receipt_number}.{kind}"
        with seen.file.open("rb") as file:
            answer = HttpResponse(file.read(), TYPES.get(kind, "application/octet-stream"))
        answer.headers["Content-Disposition"] = f'inline; filename="{name}"'
        answer.headers["Cache-Control"] = "private, no-store"
        # A scan is a stranger's file: whatever hides in it may do nothing here.
        answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return answer

    # -- columns ----------------------------------------------------------------------------------

    @admin.display(description=_("receipt number"))
    def receipt(self, paper: ApplicationPaper) -> str:
        """With a link to the application."""
        return format_html(
            '<a class="portal-link" href="{}">{}</a>',
            reverse("admin:members_application_change", args=[paper.application_id]),
            format_receipt(paper.application.receipt_number),
        )

    @admin.display(description=pgettext_lazy("person", "name"))
    def applicant(self, paper: ApplicationPaper) -> str:
        """Masked: the list is for finding papers."""
        return paper.application.masked_name

    @admin.display(description=_("union"))
    def union(self, paper: ApplicationPaper) -> str:
        """Which union."""
        return paper.application.union.name

    @admin.display(description=_("uploaded by"))
    def uploader(self, paper: ApplicationPaper) -> str:
        """Who typed it in."""
        return str(paper.uploaded_by)

    @admin.display(description=_("scan"))
    def scan(self, paper: ApplicationPaper) -> str:
        """Opens the file."""
        return format_html(
            '<a class="portal-link" href="{}">{}</a>',
            reverse("admin:members_applicationpaper_scan", args=[paper.pk]),
            gettext("Open the scan"),
        )


def paper_address(application: Application) -> str:
    """Where the scan of an application is; "" without one."""
    paper = ApplicationPaper.objects.filter(application=application).values_list("pk", flat=True)
    key = paper.first()
    return reverse("admin:members_applicationpaper_scan", args=[key]) if key else ""
