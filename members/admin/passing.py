"""The page on which an application is passed to another union."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from core.codes import format_receipt
from core.errors import RuleViolation
from members.admin.application_acts import ApplicationActs
from members.admin.queue import NOTE_LENGTH, WAITING
from members.models import Application, MobileWindow
from members.services.passing import pass_application
from members.services.review import can_review
from unions.admin.forms import RecordSelect, actor_of
from unions.enums import UnionStatus
from unions.models import Union


class PassingForm(forms.Form):
    """Which union reviews it from now on."""

    to_union = forms.ModelChoiceField(Union.objects.none(), label=_("Pass to"))
    note = forms.CharField(
        label=_("Note to the applicant"),
        max_length=NOTE_LENGTH,
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text=_("Everybody who follows the application reads it: the applicant, both unions."),
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["to_union"]
        field.queryset = Union.objects.visible_to(actor_of(request), "applications.review").filter(
            kind__enrols_members=True, status=UnionStatus.ACTIVE
        )
        widget = RecordSelect(MobileWindow._meta.get_field("union"), admin.site)
        widget.choices = field.widget.choices
        field.widget = widget


class PassingPage(ApplicationActs):
    """Adds the page to the admin of applications."""

    def get_urls(self) -> list[URLPattern]:
        """Also the page to pass one on."""
        page = path(
            "<path:object_id>/pass/",
            self.admin_site.admin_view(self.pass_view),
            name="members_application_pass",
        )
        return [page, *super().get_urls()]

    def pass_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for the union; pass on when sent."""
        application = self._fetch(request, object_id)
        if not can_review(actor_of(request), application):
            raise PermissionDenied
        if application.status != WAITING:
            self.message_user(
                request, gettext("Only what waits for review can be passed on."), messages.ERROR
            )
            return self._to(application)
        sent = request.method == "POST"
        form = PassingForm(request.POST if sent else None, request=request)
        if sent and form.is_valid() and self._pass(request, application, form):
            return self._onward(request)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Pass to another union"),
            "opts": self.opts,
            "form": form,
            "media": form.media,
            "hint": gettext(
                "%(name)s applied to %(union)s. The other union goes on with the review; the "
                "applicant need not send anything again and is told by text message."
            )
            % {"name": application.masked_name, "union": application.union},
            "act": gettext("Pass on"),
            "list_url": reverse("admin:members_application_change", args=[application.pk]),
            "back": gettext("Back to the application"),
        }
        return TemplateResponse(request, "admin/members/entry.html", context)

    def _pass(self, request: HttpRequest, application: Application, form: PassingForm) -> bool:
        try:
            passed = pass_application(application, actor=actor_of(request), **form.cleaned_data)
        except RuleViolation as refusal:
            field = refusal.field if refusal.field in form.fields else None
            form.add_error(field, str(refusal.message))
            return False
        self.message_user(
            request,
            gettext("Application %(receipt)s is now with %(union)s.")
            % {"receipt": format_receipt(passed.receipt_number), "union": passed.union},
            messages.SUCCESS,
        )
        return True
