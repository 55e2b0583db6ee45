"""Members whom a federation brings in itself: one page, beside the queue of applications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters

from accounts.models import User
from core.codes import format_receipt
from core.errors import RuleViolation
from members.admin.entry import DirectForm
from members.services.direct import enrol_directly
from unions.admin.forms import actor_of
from unions.scope import can

if TYPE_CHECKING:
    from unions.admin.base import ScopedModelAdmin as Base
else:
    Base = object


class DirectEntryMixin(Base):
    """Adds the page to the admin of applications."""

    def get_urls(self) -> list[URLPattern]:
        """Also the page to enrol directly."""
        page = path(
            "direct/",
            self.admin_site.admin_view(self.direct_view),
            name="members_application_direct",
        )
        return [page, *super().get_urls()]

    def direct_view(self, request: HttpRequest) -> HttpResponse:
        """Type in a person; approve at once where the official may review."""
        return self._direct(request)

    @method_decorator(sensitive_post_parameters())
    def _direct(self, request: HttpRequest) -> HttpResponse:
        if not can(actor_of(request), "enrolment.change"):
            raise PermissionDenied
        sent = request.method == "POST"
        form = DirectForm(request.POST if sent else None, request=request)
        if sent and form.is_valid() and isinstance(request.user, User):
            try:
                application, membership = enrol_directly(
                    at_once=form.cleaned_data["at_once"], actor=request.user, **form.values()
                )
            except RuleViolation as violation:
                form.add_violation(violation)
            else:
                self._say(request, application, is_member=membership is not None)
                page = "direct" if "again" in request.POST else "changelist"
                return HttpResponseRedirect(reverse(f"admin:members_application_{page}"))
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": gettext("Enrol directly"),
            "opts": self.opts,
            "form": form,
            "media": form.media,
            "hint": gettext(
                "For somebody you have met and who wants to join. The application and its approval"
                " are recorded under your name."
            ),
            "list_url": reverse("admin:members_application_changelist"),
        }
        return TemplateResponse(request, "admin/members/entry.html", context)

    def _say(self, request: HttpRequest, application: Any, *, is_member: bool) -> None:
        text = (
            gettext("%(name)s is now a member of %(union)s.")
            % {"name": application.masked_name, "union": application.union}
            if is_member
            else gettext("Application %(receipt)s is recorded and waits for review.")
            % {"receipt": format_receipt(application.receipt_number)}
        )
        self.message_user(request, text, messages.SUCCESS)
